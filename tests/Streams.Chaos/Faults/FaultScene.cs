using System.Collections.Concurrent;
using System.Diagnostics;
using Streams.Chaos.Cluster;
using Streams.Chaos.Load;
using Streams.Runtime;

namespace Streams.Chaos.Faults;

/// <summary>What a fault has to work with, and where it notes what it did. Thread-safe but for <see cref="Random"/>, which each fault has of its own.</summary>
internal sealed class FaultScene(ChaosCluster cluster, CityLoad load, ChaosOptions options, Action<string> tell)
{
    private readonly Lock _taking = new();
    private readonly Queue<string> _crashPoints = new();

    public ChaosCluster Cluster { get; } = cluster;

    public CityLoad Load { get; } = load;

    public ConcurrentDictionary<string, int> Injected { get; } = new();

    public ConcurrentDictionary<string, int> CrashesHit { get; } = new();

    public ConcurrentDictionary<string, int> CrashesMissed { get; } = new();

    /// <summary>By fault: from when it was over, or for a death from the death on, until all shards were applied again what was in the log by then.</summary>
    public ConcurrentDictionary<string, List<TimeSpan>> Recoveries { get; } = new();

    /// <summary>Rolling restarts without any other fault, from and to.</summary>
    public ConcurrentBag<(long FromInMs, long ToInMs)> Rolls { get; } = [];

    public static long NowInMs => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    public void Tell(string what) => tell(what);

    public void Note(string fault, string what)
    {
        Injected.AddOrUpdate(fault, 1, (_, count) => count + 1);
        Tell($"{fault}: {what}");
    }

    /// <summary>A node of one's own for a while; null where no more than one other would be left.</summary>
    public ClusterNode? Take(Random random)
    {
        lock (_taking)
        {
            ClusterNode[] free = [.. Cluster.Nodes.Where(node => !node.IsTaken)];
            if (free.Length < 2)
            {
                return null;
            }

            ClusterNode taken = free[random.Next(free.Length)];
            taken.IsTaken = true;
            return taken;
        }
    }

    /// <summary>The next crash point in turn.</summary>
    public string NextCrashPoint(Random random)
    {
        lock (_taking)
        {
            if (_crashPoints.Count == 0)
            {
                string[] all = [.. options.CrashPoints.Count > 0 ? options.CrashPoints : CrashPoint.All];
                random.Shuffle(all);
                Array.ForEach(all, _crashPoints.Enqueue);
            }

            return _crashPoints.Dequeue();
        }
    }

    /// <summary>Waits until every shard has applied what is in the log now, and notes how long that took from <paramref name="since"/> on.</summary>
    public async Task RecoverAsync(string fault, long since, TimeSpan deadline)
    {
        Dictionary<ShardId, long> ends = await Cluster.EndsAsync();
        bool recovered = await Eventually.Happens(deadline, () => Cluster.HaveAppliedAsync(ends));
        TimeSpan took = Stopwatch.GetElapsedTime(since);
        if (!recovered)
        {
            Cluster.Violations.Add("I10", fault, $"not every shard applies again {took.TotalSeconds:0} s after it was over", $"within {deadline.TotalSeconds:0} s", string.Join(", ", await Cluster.BehindAsync(ends)));
            return;
        }

        List<TimeSpan> times = Recoveries.GetOrAdd(fault, _ => []);
        lock (times)
        {
            times.Add(took);
        }

        Tell($"{fault}: recovered after {took.TotalSeconds:0.0} s");
    }
}
