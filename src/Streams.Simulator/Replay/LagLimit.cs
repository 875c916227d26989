namespace Streams.Simulator.Replay;

/// <summary>
/// Keeps a replay from running away from the node that takes it. The embedded broker forgets a partition's oldest records
/// beyond 5 MB, read or not, so no partition may hold more than <see cref="MaxAheadInBytes"/> that the node has not consumed.
/// <para>What is ahead is reckoned from two figures that are both known here: the lag in records that the node last reported,
/// at this replay's own mean record size, and the bytes sent since the report before it was asked for (what was sent just
/// before a report may still have been on its way to the broker, and not in the node's lag).</para>
/// </summary>
/// <param name="lagOf">Asks the node for the lag of each partition in records; null when it can not be had now.</param>
public sealed class LagLimit(Func<CancellationToken, Task<IReadOnlyDictionary<int, long>?>> lagOf, TimeProvider time)
{
    /// <summary>2 MB: well under the 5 MB kept, as message sets and their headers count too.</summary>
    public const long MaxAheadInBytes = 2_000_000;

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SilentLimit = TimeSpan.FromSeconds(30);

    private long[] _lagInBytes = [];
    private long[] _sentBetween = [];
    private long[] _sentSince = [];
    private long[] _sentBeforeAsking = [];
    private Task<IReadOnlyDictionary<int, long>?>? _asking;
    private long _askedAt;
    private long _answeredAt;
    private long _records;
    private long _bytes;

    /// <summary>Sends may go on while every partition has room; called before each send.</summary>
    /// <exception cref="TimeoutException">The node has not said for 30 s how far it is, and the room is used up.</exception>
    internal async ValueTask WaitForRoomAsync(int partition, int partitions, CancellationToken stop)
    {
        if (_sentSince.Length != partitions)
        {
            _lagInBytes = new long[partitions];
            _sentBetween = new long[partitions];
            _sentSince = new long[partitions];
            _sentBeforeAsking = new long[partitions];
            _answeredAt = time.GetTimestamp();
            _askedAt = 0;
        }

        // Asked in the background while there is room, so that an answer is at hand when it is needed.
        if (_asking is { IsCompleted: true } || (_asking is null && (_askedAt == 0 || time.GetElapsedTime(_askedAt) >= AskEvery)))
        {
            await AskAsync(wait: false, stop).ConfigureAwait(false);
        }

        while (_lagInBytes[partition] + _sentBetween[partition] + _sentSince[partition] > MaxAheadInBytes)
        {
            if (time.GetElapsedTime(_answeredAt) > SilentLimit)
            {
                throw new TimeoutException(
                    "The node has not reported its lag for 30 s, and sending on could lose readings: the embedded broker keeps only 5 MB a partition. Is the node running?");
            }

            await AskAsync(wait: true, stop).ConfigureAwait(false);
        }
    }

    internal void Sent(int partition, int bytes)
    {
        _sentSince[partition] += bytes;
        _bytes += bytes;
        _records++;
    }

    private async ValueTask AskAsync(bool wait, CancellationToken stop)
    {
        if (_asking is null)
        {
            TimeSpan since = _askedAt == 0 ? AskEvery : time.GetElapsedTime(_askedAt);
            if (wait && since < AskEvery)
            {
                await Task.Delay(AskEvery - since, time, stop).ConfigureAwait(false);
            }

            _askedAt = time.GetTimestamp();
            _sentSince.CopyTo(_sentBeforeAsking, 0);
            _asking = lagOf(stop);
        }

        if (!wait && !_asking.IsCompleted)
        {
            return;
        }

        IReadOnlyDictionary<int, long>? lags = await _asking.ConfigureAwait(false);
        _asking = null;
        if (lags is null)
        {
            return;
        }

        _answeredAt = time.GetTimestamp();
        double meanInBytes = _records == 0 ? 0 : (double)_bytes / _records;
        for (int i = 0; i < _sentSince.Length; i++)
        {
            // A partition that is not reported has no owner at the moment: nothing of it was consumed since the report before.
            if (lags.TryGetValue(i, out long lag))
            {
                _lagInBytes[i] = (long)(lag * meanInBytes);
            }
            else
            {
                _lagInBytes[i] += _sentBetween[i];
            }

            _sentBetween[i] = _sentBeforeAsking[i];
            _sentSince[i] -= _sentBeforeAsking[i];
        }
    }
}
