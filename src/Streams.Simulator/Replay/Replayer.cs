using Streams.Runtime.Log;

namespace Streams.Simulator.Replay;

/// <summary>How far a replay is.</summary>
/// <param name="Sent">Readings handed to Kafka's client.</param>
/// <param name="EventTimeInMs">Time of the newest reading sent, as sent; Unix milliseconds, null before the first.</param>
/// <param name="Fraction">Share of the source that was read, 0 to 1.</param>
/// <param name="Left">Estimated time to the end; null while it can not be told.</param>
public readonly record struct ReplayProgress(long Sent, long UnusableRows, double PerSecond, long? EventTimeInMs, double Fraction, TimeSpan Elapsed, TimeSpan? Left);

/// <summary>How a replay ended.</summary>
/// <param name="Delivered">Readings that Kafka acknowledged.</param>
/// <param name="ShiftInMs">What was added to the recorded times.</param>
public sealed record ReplayResult(long Sent, long Delivered, long? FirstTimeInMs, long? LastTimeInMs, long ShiftInMs, TimeSpan Elapsed);

/// <summary>
/// Sends readings to <c>city.readings</c>, each keyed by its device and in the partition that its key belongs to, at a
/// <see cref="Pace"/>, no faster than the client's queue and (where given) a <see cref="LagLimit"/> allow.
/// </summary>
/// <param name="partitions">Number of partitions of <paramref name="topic"/>.</param>
public sealed class Replayer(ILogWriter writer, string topic, int partitions, Pace pace, LagLimit? limit, TimeProvider time)
{
    private static readonly TimeSpan ReportEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromSeconds(60);

    private readonly Deliveries _deliveries = new();
    private long _sent;
    private long? _firstInMs;
    private long? _lastInMs;
    private long _shiftInMs;

    /// <summary>Sends everything, then waits until Kafka has it.</summary>
    /// <exception cref="LogFailedException">A reading could not be delivered. Those before it were; the rest were not sent.</exception>
    /// <exception cref="TimeoutException">The node stopped consuming (see <see cref="LagLimit"/>), or Kafka did not acknowledge within 60 s.</exception>
    public async Task<ReplayResult> RunAsync(ReadingSource readings, IProgress<ReplayProgress>? progress, CancellationToken stop)
    {
        long startedAt = time.GetTimestamp();
        long reportedAt = startedAt;
        while (!stop.IsCancellationRequested && readings.Next())
        {
            long dueInMs = readings.DueInMs;
            if (_firstInMs is null)
            {
                _firstInMs = dueInMs;
                _shiftInMs = pace.FirstTimeInMs - dueInMs ?? 0;
            }

            TimeSpan early = pace.DueAfter(dueInMs - _firstInMs.Value) - time.GetElapsedTime(startedAt);
            if (pace.NotBeforeEventTime)
            {
                var future = TimeSpan.FromMilliseconds(dueInMs + _shiftInMs - time.GetUtcNow().ToUnixTimeMilliseconds());
                early = future > early ? future : early;
            }

            if (early > TimeSpan.FromMilliseconds(1) && !await WaitAsync(early, readings, progress, startedAt, stop).ConfigureAwait(false))
            {
                break;
            }

            int partition = Partitioner.PartitionOf(readings.Key, partitions);
            if (limit is not null)
            {
                try
                {
                    await limit.WaitForRoomAsync(partition, partitions, stop).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (stop.IsCancellationRequested)
                {
                    break;
                }
            }

            _lastInMs = Send(readings, partition);
            _deliveries.ThrowIfFailed();
            if ((_sent & 255) == 0 && time.GetElapsedTime(reportedAt) >= ReportEvery)
            {
                reportedAt = time.GetTimestamp();
                Report(readings, progress, startedAt);
            }
        }

        bool flushed = writer.Flush(FlushLimit);
        _deliveries.ThrowIfFailed();
        if (!flushed)
        {
            throw new TimeoutException($"Kafka acknowledged {_deliveries.Delivered} of {_sent} readings and nothing more for {FlushLimit.TotalSeconds:0} s.");
        }

        Report(readings, progress, startedAt);
        return new ReplayResult(_sent, _deliveries.Delivered, _firstInMs + _shiftInMs, _lastInMs + _shiftInMs, _shiftInMs, time.GetElapsedTime(startedAt));
    }

    /// <summary>Answers the reading's recorded time.</summary>
    private long Send(ReadingSource readings, int partition)
    {
        ReadOnlySpan<byte> body = readings.Body(_shiftInMs);
        writer.Send(new OutgoingRecord { Topic = topic, Partition = partition, Key = readings.Key, Value = body }, _deliveries);
        limit?.Sent(partition, readings.Key.Length + body.Length);
        _sent++;
        return readings.TimeInMs;
    }

    /// <summary>Waits for a reading's time, with progress going on meanwhile; false when told to stop.</summary>
    private async Task<bool> WaitAsync(TimeSpan wait, ReadingSource readings, IProgress<ReplayProgress>? progress, long startedAt, CancellationToken stop)
    {
        try
        {
            for (TimeSpan step; wait > TimeSpan.Zero; wait -= step)
            {
                step = wait < ReportEvery ? wait : ReportEvery;
                await Task.Delay(step, time, stop).ConfigureAwait(false);
                Report(readings, progress, startedAt);
            }

            return true;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return false;
        }
    }

    private void Report(ReadingSource readings, IProgress<ReplayProgress>? progress, long startedAt)
    {
        if (progress is null)
        {
            return;
        }

        TimeSpan elapsed = time.GetElapsedTime(startedAt);
        double fraction = readings.Fraction;
        TimeSpan? left = fraction is > 0.001 and < 1 && elapsed > TimeSpan.Zero ? elapsed * ((1 - fraction) / fraction) : null;
        progress.Report(new ReplayProgress(
            _sent,
            readings.Unusable.Count,
            elapsed > TimeSpan.Zero ? _sent / elapsed.TotalSeconds : 0,
            _lastInMs + _shiftInMs,
            fraction,
            elapsed,
            left));
    }

    private sealed class Deliveries : IDelivery
    {
        private long _delivered;
        private volatile string? _failure;

        public long Delivered => Interlocked.Read(ref _delivered);

        void IDelivery.Delivered() => Interlocked.Increment(ref _delivered);

        public void Failed(string reason, bool fatal) => _failure ??= reason;

        public void ThrowIfFailed()
        {
            if (_failure is { } reason)
            {
                throw new LogFailedException($"Kafka did not take a reading: {reason}");
            }
        }
    }
}
