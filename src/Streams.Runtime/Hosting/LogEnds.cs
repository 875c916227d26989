using Streams.Runtime.Log;

namespace Streams.Runtime.Hosting;

/// <summary>
/// Four times a second: how far the log goes in the partitions of this node's shards. Asked, and counted from the moment of asking: what a client heard with its last
/// fetch is as old as that fetch, and a device whose reading has been in the log since would be called silent.
/// </summary>
internal sealed class LogEnds : IDisposable
{
    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(250);

    /// <summary>Of the machine's time, for the other may stand still.</summary>
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromMilliseconds(50);

    private readonly ILog _log;
    private readonly string _group;
    private readonly IReadOnlyList<Ownership> _ownerships;
    private readonly TimeProvider _time;
    private readonly ManualResetEventSlim _stop = new(false);
    private readonly Thread _thread;

    public LogEnds(ILog log, string group, IReadOnlyList<Ownership> ownerships, TimeProvider time)
    {
        _log = log;
        _group = group;
        _ownerships = ownerships;
        _time = time;
        _thread = new Thread(Run) { Name = "streams-ends", IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stop.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _stop.Dispose();
    }

    private void Run()
    {
        using IGroupGauge gauge = _log.CreateGauge(_group);
        long askedAt = 0;
        while (!_stop.Wait(s_lookEvery))
        {
            if (askedAt != 0 && _time.GetElapsedTime(askedAt) < s_askEvery)
            {
                continue;
            }

            askedAt = _time.GetTimestamp();
            long nowInMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
            (InboxPartition Partition, Owned Owned)[] owned = [.. _ownerships.SelectMany(ownership => ownership.Owned).Select(pair => (pair.Key, pair.Value))];
            if (owned.Length == 0)
            {
                continue;
            }

            try
            {
                IReadOnlyList<long> ends = gauge.EndsOf([.. owned.Select(each => each.Partition)]);
                for (int i = 0; i < owned.Length; i++)
                {
                    owned[i].Owned.Shard.NoteLogEnd(ends[i], nowInMs);
                }
            }
            catch (LogFailedException)
            {
                // The brokers are away, which others tell. Until they are back nobody is known to be silent.
            }
        }
    }
}
