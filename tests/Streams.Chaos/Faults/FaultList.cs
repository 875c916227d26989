using System.Diagnostics;
using Npgsql;
using Streams.Chaos.Cluster;
using Streams.Chaos.Load;
using Streams.Runtime;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Chaos.Faults;

/// <summary>What a fault is done to; two at a time never share one.</summary>
internal enum FaultTarget
{
    Nodes,
    Database,
    Broker,

    /// <summary>Takes turns alone.</summary>
    All,
}

/// <param name="TakesMinutes">Not for a run that is to be short.</param>
/// <param name="Run">Injects it and ends it again. Answers the time stamp from which on the cluster is to recover.</param>
internal sealed record Fault(string Name, FaultTarget Target, string What, Func<FaultScene, Random, Task<long>> Run, bool TakesMinutes = false);

/// <summary>Every fault there is.</summary>
internal static class FaultList
{
    /// <summary>A node may take 15 s to give back its shards, and some more where what it gives them back to is away.</summary>
    private static readonly TimeSpan s_endsWithin = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan s_crashesWithin = TimeSpan.FromSeconds(40);

    public static IReadOnlyList<Fault> All { get; } =
    [
        new("kill", FaultTarget.Nodes, "SIGKILL; the others take over, then it starts again", KillAsync),
        new("crash", FaultTarget.Nodes, "a node dies at a named crash point", CrashAsync),
        new("freeze", FaultTarget.Nodes, "SIGSTOP beyond the session timeout, then SIGCONT", FreezeAsync),
        new("terminate", FaultTarget.Nodes, "SIGTERM, whatever else is away; then it starts again", TerminateAsync),
        new("rolling", FaultTarget.All, "SIGTERM one node after the other, each started again", RollAsync),
        new("poison", FaultTarget.All, "a reading that ends every process that reads it", PoisonAsync, TakesMinutes: true),
        new("db-stop", FaultTarget.Database, "the database stops, in order or as in a crash", DatabaseStopAsync),
        new("db-cut", FaultTarget.Database, "the server ends all connections of nodes", DatabaseCutAsync),
        new("db-lock", FaultTarget.Database, "somebody else locks the shards", DatabaseLockAsync),
        new("db-full", FaultTarget.Database, "the database's disk is full", DatabaseFullAsync),
        new("db-stall", FaultTarget.Database, "the network to the database stands still", DatabaseStallAsync),
        new("db-commit", FaultTarget.Database, "connections are cut at a COMMIT, before or after it is done", DatabaseCommitAsync),
        new("broker-down", FaultTarget.Broker, "the broker is away", BrokerDownAsync),
        new("broker-slow", FaultTarget.Broker, "every answer of the broker takes long", BrokerSlowAsync),
        new("broker-errors", FaultTarget.Broker, "requests to the broker fail", BrokerErrorsAsync),
        new("broker-acks", FaultTarget.Broker, "records are taken and the acknowledgements are lost", BrokerAcksAsync),
    ];

    private static Task Seconds(Random random, double least, double most) => Task.Delay(TimeSpan.FromSeconds(least + (random.NextDouble() * (most - least))));

    private static async Task<long> KillAsync(FaultScene scene, Random random)
    {
        if (scene.Take(random) is not { } node)
        {
            return Stopwatch.GetTimestamp();
        }

        scene.Note("kill", node.Life);
        node.Kill();
        long since = Stopwatch.GetTimestamp();
        await scene.RecoverAsync("kill, for the others", since, TimeSpan.FromSeconds(60));
        await ReturnAsync(node);
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Starts it, and waits until it takes part again.</summary>
    private static async Task ReturnAsync(ClusterNode node)
    {
        node.Start();
        node.IsTaken = false;
        try
        {
            await node.BecomesReadyAsync();
        }
        catch (TimeoutException)
        {
            // With another fault at the same time it may take its time; whether it ever does is looked at when that is over.
        }
    }

    private static async Task<long> CrashAsync(FaultScene scene, Random random)
    {
        if (scene.Take(random) is not { } node)
        {
            return Stopwatch.GetTimestamp();
        }

        string point = scene.NextCrashPoint(random);
        bool isAtEnd = point is CrashPoint.InRevoke or CrashPoint.BeforeRelease or CrashPoint.InClose;
        int times = isAtEnd ? 1 : point is CrashPoint.AfterClaim or CrashPoint.AfterTimer or CrashPoint.MidLoad ? 1 + random.Next(2) : 1 + random.Next(12);
        scene.Note("crash", $"{node.Name} is to die at {point}:{times}");
        node.Kill();
        node.Start($"{point}:{times}");
        if (isAtEnd)
        {
            await Eventually.Happens(s_crashesWithin, async () => !node.Runs || (await node.IsReadyAsync() && await node.PositionsAsync() is { Count: > 0 }));
            node.Terminate();
        }

        int? status = await node.EndsAsync(s_crashesWithin);
        if (status is null or 0)
        {
            scene.CrashesMissed.AddOrUpdate(point, 1, (_, count) => count + 1);
            scene.Tell($"crash: {node.Life} never came to {point}:{times}");
        }
        else
        {
            scene.CrashesHit.AddOrUpdate(point, 1, (_, count) => count + 1);
            scene.Tell($"crash: {node.Life} died at {point}:{times}");
        }

        node.Kill();
        await ReturnAsync(node);
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> FreezeAsync(FaultScene scene, Random random)
    {
        if (scene.Take(random) is not { } node)
        {
            return Stopwatch.GetTimestamp();
        }

        scene.Note("freeze", node.Life);
        node.Freeze();
        await Seconds(random, 8, 14);
        node.Thaw();
        long since = Stopwatch.GetTimestamp();
        node.IsTaken = false;
        return since;
    }

    private static async Task<long> TerminateAsync(FaultScene scene, Random random)
    {
        if (scene.Take(random) is not { } node)
        {
            return Stopwatch.GetTimestamp();
        }

        scene.Note("terminate", node.Life);
        await EndInOrderAsync(scene, node);
        await ReturnAsync(node);
        return Stopwatch.GetTimestamp();
    }

    private static async Task EndInOrderAsync(FaultScene scene, ClusterNode node)
    {
        node.Terminate();
        int? status = await node.EndsAsync(s_endsWithin);
        if (status != 0)
        {
            scene.Cluster.Violations.Add(
                "I10", node.Life, $"ended with status {status?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"} after SIGTERM", $"0 within {s_endsWithin.TotalSeconds:0} s", node.LastSaid);
        }
    }

    private static async Task<long> RollAsync(FaultScene scene, Random random)
    {
        long from = FaultScene.NowInMs;
        scene.Note("rolling", "all nodes");
        foreach (ClusterNode node in scene.Cluster.Nodes)
        {
            node.IsTaken = true;
            await EndInOrderAsync(scene, node);
            await ReturnAsync(node);
            await scene.RecoverAsync("rolling, each node", Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(60));
        }

        scene.Rolls.Add((from, FaultScene.NowInMs));
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> PoisonAsync(FaultScene scene, Random random)
    {
        scene.Note("poison", "a reading of " + TestCity.Deadly);
        SetPoison(true);
        int before = Poisonings();
        scene.Load.SendDeadly();
        await Eventually.Happens(s_crashesWithin, () => Task.FromResult(Poisonings() > before));

        // From death to death its shard moves, until one that fears for its life leaves the reading alone.
        await scene.RecoverAsync("poison", Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(180));
        scene.Tell($"poison: {Poisonings() - before} processes died of it");
        SetPoison(false);
        return Stopwatch.GetTimestamp();

        int Poisonings() => scene.Cluster.Nodes.Sum(node => node.Poisonings);

        void SetPoison(bool isThere)
        {
            foreach (ClusterNode node in scene.Cluster.Nodes)
            {
                node.MeetsPoison = isThere;
            }
        }
    }

    private static async Task<long> DatabaseStopAsync(FaultScene scene, Random random)
    {
        bool abruptly = random.Next(2) == 0;
        scene.Note("db-stop", abruptly ? "as in a crash" : "in order");
        scene.Cluster.Postgres.Stop(abruptly);
        await Seconds(random, 1, 6);
        scene.Cluster.Postgres.Start();
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> DatabaseCutAsync(FaultScene scene, Random random)
    {
        for (int i = 1 + random.Next(4); i > 0; i--)
        {
            long cut = scene.Cluster.TryAsk("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'node-%'") ?? 0;
            scene.Note("db-cut", $"{cut} connections");
            await Seconds(random, 0, 0.7);
        }

        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> DatabaseLockAsync(FaultScene scene, Random random)
    {
        bool table = random.Next(2) == 0;
        scene.Note("db-lock", table ? "the table of shards" : "some shards' rows");
        try
        {
            using NpgsqlConnection connection = scene.Cluster.Connect();
            using NpgsqlCommand hold = new(table ? "BEGIN; LOCK TABLE shards IN ACCESS EXCLUSIVE MODE" : "BEGIN; SELECT 1 FROM shards WHERE number % 3 = 0 FOR UPDATE", connection);
            hold.ExecuteNonQuery();
            await Seconds(random, 2, 9);
            using NpgsqlCommand release = new("ROLLBACK", connection);
            release.ExecuteNonQuery();
        }
        catch (NpgsqlException)
        {
            // Another held them for too long; then they were locked all the same.
        }

        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> DatabaseFullAsync(FaultScene scene, Random random)
    {
        if (!scene.Cluster.Postgres.HasOwnDisk)
        {
            scene.Tell("db-full: left out, for this process may not mount a disk");
            return Stopwatch.GetTimestamp();
        }

        scene.Note("db-full", "not a byte is free");
        scene.Cluster.Postgres.FillDisk();
        await Seconds(random, 3, 7);
        scene.Cluster.Postgres.FreeDisk();
        scene.Cluster.Postgres.Start();
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> DatabaseStallAsync(FaultScene scene, Random random)
    {
        scene.Note("db-stall", "nothing passes");
        scene.Cluster.Proxy.Stall();
        await Seconds(random, 2, 9);
        scene.Cluster.Proxy.Resume();
        if (random.Next(2) == 0)
        {
            scene.Cluster.Proxy.CutAll();
        }

        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> DatabaseCommitAsync(FaultScene scene, Random random)
    {
        for (int i = 2 + random.Next(5); i > 0; i--)
        {
            bool after = random.Next(2) == 0;
            int before = scene.Cluster.Proxy.Cuts;
            scene.Cluster.Proxy.CutAtNextCommit(after);
            if (!after)
            {
                // A client says COMMIT in full only the first times it uses a connection.
                scene.Cluster.Proxy.CutAll();
            }

            if (await Eventually.Happens(TimeSpan.FromSeconds(5), () => Task.FromResult(scene.Cluster.Proxy.Cuts > before)))
            {
                scene.Note("db-commit", after ? "cut after it was done" : "cut before it was done");
            }

            await Seconds(random, 0, 0.5);
        }

        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> BrokerDownAsync(FaultScene scene, Random random)
    {
        scene.Note("broker-down", "all connections closed");
        scene.Cluster.Broker.GoDown();
        await Seconds(random, 1, 8);
        scene.Cluster.Broker.ComeUp();
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> BrokerSlowAsync(FaultScene scene, Random random)
    {
        TimeSpan delay = TimeSpan.FromMilliseconds(100 + random.Next(700));
        scene.Note("broker-slow", $"{delay.TotalMilliseconds:0} ms an answer");
        scene.Cluster.Broker.Delay(delay);
        await Seconds(random, 3, 8);
        scene.Cluster.Broker.Delay(TimeSpan.Zero);
        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> BrokerErrorsAsync(FaultScene scene, Random random)
    {
        const int DropConnection = -195;
        const int RequestTimedOut = 7;
        const int NotLeader = 6;
        const int NotCoordinator = 16;
        const int NotAllowed = 29;
        (KafkaRequest Request, int Error, int Times)[] errors =
        [
            (KafkaRequest.Produce, RequestTimedOut, 6), (KafkaRequest.Produce, NotLeader, 4), (KafkaRequest.Produce, DropConnection, 3), (KafkaRequest.Fetch, NotLeader, 6),
            (KafkaRequest.Fetch, DropConnection, 4), (KafkaRequest.Heartbeat, NotCoordinator, 2), (KafkaRequest.OffsetCommit, NotCoordinator, 3), (KafkaRequest.Metadata, DropConnection, 2),
            (KafkaRequest.ListOffsets, NotLeader, 2),
        ];
        for (int i = 2 + random.Next(3); i >= 0; i--)
        {
            // Once in any case one that ends producers for good: what they had not delivered is for new ones to send.
            (KafkaRequest request, int error, int times) = i == 0 ? (KafkaRequest.Produce, NotAllowed, 8) : errors[random.Next(errors.Length)];
            scene.Note("broker-errors", $"{times} of {request} answered with {error}");
            scene.Cluster.Broker.FailNext(request, error, times);
            await Seconds(random, 0.3, 2);
            scene.Cluster.Broker.StopFailing(request);
        }

        return Stopwatch.GetTimestamp();
    }

    private static async Task<long> BrokerAcksAsync(FaultScene scene, Random random)
    {
        for (int i = 1 + random.Next(3); i > 0; i--)
        {
            // What comes is taken at once and would be acknowledged in a while: by then there is no connection.
            scene.Note("broker-acks", "a second of them");
            scene.Cluster.Broker.Delay(TimeSpan.FromSeconds(2));
            await Seconds(random, 0.5, 1);
            scene.Cluster.Broker.GoDown();
            scene.Cluster.Broker.Delay(TimeSpan.Zero);
            await Seconds(random, 0.1, 0.4);
            scene.Cluster.Broker.ComeUp();
            await Seconds(random, 0.5, 1.5);
        }

        return Stopwatch.GetTimestamp();
    }
}
