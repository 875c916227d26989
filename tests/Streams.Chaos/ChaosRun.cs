using System.Diagnostics;
using System.Globalization;
using Streams.Chaos.Checks;
using Streams.Chaos.Cluster;
using Streams.Chaos.Faults;
using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Devices;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Tests;

namespace Streams.Chaos;

/// <summary>One run: a cluster under load and faults, then healed, then compared with what it should be.</summary>
public static class ChaosRun
{
    private static readonly TimeSpan s_quietWithin = TimeSpan.FromSeconds(120);

    /// <summary>What a decision may take in a rolling restart that nothing else goes wrong in.</summary>
    private static readonly TimeSpan s_decidesWithin = TimeSpan.FromSeconds(10);

    /// <summary>A node has 16 MB for actors here; the rest is .NET, Kafka's client and what is on its way.</summary>
    private const long MostNodeMemoryInBytes = 1L << 30;

    /// <summary>Chunks. Each node has some megabytes of them on their way to the broker, and nothing more while that is away.</summary>
    private const long MostOutboxRows = 100_000;

    private const long MostWalInBytes = 400L << 20;

    public static bool CanRun => PostgresServer.CanStart;

    /// <param name="tell">Told what happens, line by line.</param>
    /// <exception cref="ArgumentException">An unknown fault.</exception>
    public static async Task<ChaosReport> RunAsync(ChaosOptions options, Action<string> tell)
    {
        Schedule.Chosen(options.Faults);
        long started = Stopwatch.GetTimestamp();
        string folder = options.Folder ?? Directory.CreateTempSubdirectory("streams-chaos-").FullName;
        Directory.CreateDirectory(folder);
        if (!OperatingSystem.IsWindows())
        {
            // The database's log is in it too, and where this process is root, that server has a user of its own.
            File.SetUnixFileMode(folder, (UnixFileMode)Convert.ToInt32("755", 8));
        }

        await using StreamWriter file = new(Path.Combine(folder, "run.log")) { AutoFlush = true };
        Violations violations = new();
        ChaosReport report;
        using (ChaosCluster cluster = new(options, folder, violations))
        {
            report = await RunAsync(options, cluster, Telling, started, folder);
        }

        if (report.ViolationCount == 0 && !options.Keep && options.Folder is null)
        {
            await file.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            report = report with { Folder = null };
        }

        return report;

        void Telling(string what)
        {
            string line = string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(started).TotalSeconds,7:0.0} s  {what}");
            lock (violations)
            {
                file.WriteLine(line);
                tell(line);
            }
        }
    }

    private static async Task<ChaosReport> RunAsync(ChaosOptions options, ChaosCluster cluster, Action<string> tell, long started, string folder)
    {
        // So far back that event time, which hurries, does not come to the present before the end; and the hour that closes all windows.
        long first = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() - (long)((options.Length.TotalMilliseconds + 600_000) * TestCity.Haste) - 7_200_000;
        TestCity city = new(options.Sensors, first / 60_000 * 60_000);
        using CityLoad load = new(
            city, cluster.Log, cluster.Topics.Readings, new Random(options.Seed),
            partition => cluster.Ownership.NextOf(new Runtime.ShardId(1, partition).Number), partition => cluster.Witness.EndOf(cluster.Topics.Readings, partition));
        FaultScene scene = new(cluster, load, options, tell);
        foreach (ClusterNode node in cluster.Nodes)
        {
            node.Start();
        }

        await Task.WhenAll(cluster.Nodes.Select(node => node.BecomesReadyAsync()));
        scene.Tell($"{cluster.Nodes.Count} nodes are ready");
        await cluster.BeginFeedsAsync(new Random(options.Seed), scene.Tell);
        load.Start();
        await scene.RecoverAsync("start", Stopwatch.GetTimestamp(), TimeSpan.FromSeconds(60));
        await new Schedule(scene, options).RunAsync();
        scene.Tell("no more faults");
        await ComeToRestAsync(cluster, load, scene);
        return await JudgeAsync(options, cluster, load, scene, started, folder);
    }

    /// <summary>The load ends; everything that is to come comes.</summary>
    private static async Task ComeToRestAsync(ChaosCluster cluster, CityLoad load, FaultScene scene)
    {
        foreach (ClusterNode node in cluster.Nodes)
        {
            node.Thaw();
            node.IsTaken = false;
        }

        cluster.Postgres.Start();
        cluster.City.BeGood();
        cluster.Receivers.ToList().ForEach(receiver => receiver.BeGood());
        load.Finish();
        await Expect("quiet", async () => load.IsDone && await cluster.IsQuietAsync(), async () => $"{(load.IsDone ? "" : "the load is not done; ")}{await cluster.UnquietAsync()}");

        // Beacons are silent now, all of them, and areas have all their windows.
        AreaChecks areas = new(cluster.Model, cluster.Facts, cluster.Violations);
        AlertChecks alerts = new(cluster.Model, cluster.Facts, cluster.Violations);
        await Expect("areas have closed their windows", () => Task.FromResult(areas.IsComplete()));
        await Expect("alerts are as they are to be", () => Task.FromResult(alerts.IsComplete()));
        await Eventually.Happens(TimeSpan.FromSeconds(25), () => Task.FromResult(SilentBeacons(cluster) == TestCity.Beacons));
        IncidentChecks incidents = new(cluster.Facts, cluster.City, cluster.Violations);
        await Expect("incidents have come to their ends", () => Task.FromResult(incidents.IsComplete()));
        await Expect("the audit chain is published", () => Task.FromResult(AuditChecks.IsPublished(cluster)));
        await Expect("quiet again", cluster.IsQuietAsync, cluster.UnquietAsync);
        FeedChecks feeds = new(cluster.Facts, cluster.Receivers, cluster.Listener!, cluster.Violations);
        await Expect("alerts have reached those who follow them", () => Task.FromResult(feeds.IsComplete()), () => Task.FromResult(feeds.Missing()));

        async Task Expect(string what, Func<Task<bool>> condition, Func<Task<string>>? found = null)
        {
            // Where one thing does not come about, the next is not waited for as long.
            TimeSpan within = cluster.Violations.Count == 0 ? s_quietWithin : s_quietWithin / 4;
            // Twice in a row: what is on its way between two topics is in neither's arrears.
            int times = 0;
            async Task<bool> Lasts() => (times = await condition() ? times + 1 : 0) >= 3;
            if (!await Eventually.Happens(within, Lasts))
            {
                cluster.Violations.Add("I10", "the cluster", $"not {what} after {within.TotalSeconds:0} s", what, found is null ? "" : await found());
            }

            scene.Tell(what);
        }
    }

    private static int SilentBeacons(ChaosCluster cluster)
    {
        int silent = 0;
        cluster.Facts.Locked(() => silent = cluster.Facts.Anomalies.Count(pair => TestCity.IsBeacon(pair.Key)
            && pair.Value[^1].EventId.EndsWith("/raised", StringComparison.Ordinal)));
        return silent;
    }

    private static async Task<ChaosReport> JudgeAsync(ChaosOptions options, ChaosCluster cluster, CityLoad load, FaultScene scene, long started, string folder)
    {
        Violations violations = cluster.Violations;
        (Dictionary<string, byte[]> devices, Dictionary<string, long> refusals) = ReadStore(cluster);
        foreach (Exception failure in new[] { cluster.Witness.Failure, cluster.WatchFailure }.OfType<Exception>())
        {
            violations.Add("run", "watching", failure.ToString(), "goes on to the end");
        }

        if (cluster.Witness.Missed > 0)
        {
            violations.Add("run", "the log", $"{cluster.Witness.Missed} records were gone before they were seen", "none");
        }

        SilenceChecks silences = new(cluster.Model, cluster.Facts, load.InTheLogAtInMs, violations);
        silences.Apply(DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        DeviceChecks deviceChecks = new(cluster.Model, cluster.Facts, new DeviceCatalog(cluster.Configuration.DeviceTypes), violations);
        deviceChecks.Check(devices);
        AreaChecks areas = new(cluster.Model, cluster.Facts, violations);
        areas.Check();
        AlertChecks alerts = new(cluster.Model, cluster.Facts, violations);
        alerts.Check();
        DeadLetterChecks letters = new(cluster.Model, cluster.Facts, violations);
        letters.Check(refusals);
        IncidentChecks incidents = new(cluster.Facts, cluster.City, violations);
        incidents.Check();
        FeedChecks feeds = new(cluster.Facts, cluster.Receivers, cluster.Listener!, violations);
        feeds.Check();
        scene.Tell($"longest to a webhook whose endpoint was well: {feeds.LongestToWebhook.TotalSeconds:0.0} s, {feeds.Slowest}");
        long audited = AuditChecks.Check(cluster);
        cluster.Model.CheckForwarding(violations);
        cluster.Publications.Check();
        cluster.Ownership.Check();
        long startedAtInMs = (DateTimeOffset.UtcNow - Stopwatch.GetElapsedTime(started)).ToUnixTimeMilliseconds();
        long journaled = cluster.TryAsk("SELECT count(*) FROM journal WHERE type LIKE 'anomaly%'") ?? -1;
        if (journaled != deviceChecks.Decisions)
        {
            violations.Add("I1", "journal", $"{journaled} anomalies", $"{deviceChecks.Decisions}, as many as were decided");
        }

        foreach (string table in new[] { "documents WHERE done_in_ms", "journal WHERE written_in_ms", "history WHERE written_in_ms" })
        {
            if (cluster.TryAsk($"SELECT count(*) FROM {table} < {startedAtInMs}") is not 0 and var old)
            {
                violations.Add("I8", table, $"{old} rows are dated before the run", "none: what is old is thrown away");
            }
        }

        CheckBounds(cluster);
        double? longest = LongestInRoll(cluster, scene);
        await HistoryChecks.CheckAsync(cluster, new Random(options.Seed));
        return new ChaosReport
        {
            Seed = options.Seed,
            Seconds = Math.Round(Stopwatch.GetElapsedTime(started).TotalSeconds, 1),
            Folder = folder,
            Faults = new SortedDictionary<string, int>(scene.Injected, StringComparer.Ordinal),
            CrashesHit = new SortedDictionary<string, int>(scene.CrashesHit, StringComparer.Ordinal),
            CrashesMissed = new SortedDictionary<string, int>(scene.CrashesMissed, StringComparer.Ordinal),
            Input = new Dictionary<string, long>
            {
                ["sent"] = load.Sent,
                ["not acknowledged"] = load.Failed,
                ["in the log"] = cluster.Model.Readings,
                ["accepted"] = cluster.Model.Accepted,
                ["repeats"] = cluster.Model.Repeats,
                ["refused"] = cluster.Model.Refusals.Count,
                ["misrouted"] = cluster.Model.Misrouted,
                ["oddities"] = load.Oddities.Values.Sum(),
                ["waits for the cluster"] = load.Waits,
            },
            Work = new Dictionary<string, long>
            {
                ["claims"] = cluster.Ownership.Claims,
                ["commits"] = cluster.Ownership.Commits,
                ["releases"] = cluster.Ownership.Releases,
                ["processes that died of poison"] = cluster.Nodes.Sum(node => node.Poisonings),
                ["starts refused"] = cluster.Nodes.Sum(node => node.StartsRefused),
                ["published"] = cluster.Publications.Published,
                ["commands that came again"] = cluster.City.Repeats,
                ["commands refused by the city"] = cluster.City.Refused,
                ["published again"] = cluster.Publications.Repeats,
                ["alerts spoilt by the webhooks' endpoints"] = cluster.Receivers.Sum(receiver => receiver.Spoilt),
                ["brought again"] = feeds.BroughtAgain,
                ["most seconds from an alert to a webhook whose endpoint was well"] = (long)Math.Ceiling(feeds.LongestToWebhook.TotalSeconds),
                ["times the stream's client moved on"] = cluster.Listener!.Moves,
                ["on the stream again, as in the log"] = feeds.StreamedAgain,
                ["most memory of a node in MB"] = cluster.Nodes.Max(node => node.MostMemoryInBytes) >> 20,
                ["most outbox rows"] = cluster.MostOutboxRows,
                ["most WAL in MB"] = cluster.MostWalInBytes >> 20,
            },
            Checked = new Dictionary<string, long>
            {
                ["devices"] = deviceChecks.Stored,
                ["decisions"] = deviceChecks.Decisions,
                ["silences"] = silences.Silences,
                ["windows of devices"] = deviceChecks.Windows,
                ["windows of areas"] = areas.Windows,
                ["areas"] = areas.Areas,
                ["alerts"] = alerts.Alerts,
                ["states of alerts"] = alerts.States,
                ["states brought by webhooks"] = feeds.Brought,
                ["records heard on the stream"] = feeds.Streamed,
                ["incidents"] = incidents.Incidents,
                ["commands obeyed"] = incidents.Commands,
                ["units sent"] = cluster.City.Sent,
                ["audit entries"] = audited,
                ["dead letters"] = letters.DeadLetters,
                ["records committed"] = cluster.Publications.Committed,
                ["shard changes"] = cluster.Ownership.Changes,
            },
            Recoveries = scene.Recoveries.OrderBy(each => each.Key, StringComparer.Ordinal).ToDictionary(each => each.Key, each => ChaosReport.Spread.Of(each.Value)),
            LongestDecisionInRoll = longest,
            ViolationCounts = violations.Counts,
            Violations = violations.Kept,
            FirstViolationAfterSeconds = violations.FirstAfter is { } after ? Math.Round(after.TotalSeconds, 1) : null,
        };
    }

    /// <summary>Snapshots of devices, and dead letters in the read model by their reason.</summary>
    private static (Dictionary<string, byte[]> Devices, Dictionary<string, long> Refusals) ReadStore(ChaosCluster cluster)
    {
        Dictionary<string, byte[]> devices = [];
        Dictionary<string, long> refusals = [];
        cluster.Query("SELECT key, snapshot FROM actors WHERE shard >> 16 = 1 AND key <> ''", row =>
        {
            SnapshotEnvelope.Read(row.GetFieldValue<byte[]>(1), out ReadOnlySpan<byte> state);
            devices[row.GetString(0)] = state.ToArray();
        });
        cluster.Query("SELECT category, count(*) FROM documents WHERE collection = 'dead-letters' GROUP BY category", row => refusals[row.GetString(0)] = row.GetInt64(1));
        return (devices, refusals);
    }

    private static void CheckBounds(ChaosCluster cluster)
    {
        foreach (ClusterNode node in cluster.Nodes)
        {
            node.UnwantedEnds.ForEach(end => cluster.Violations.Add("I10", node.Name, end, "a process ends when it is told to"));
            node.Critical.ForEach(line => cluster.Violations.Add("I10", node.Name, line, "nothing critical"));
            if (node.MostMemoryInBytes > MostNodeMemoryInBytes)
            {
                cluster.Violations.Add("I10", node.Name, $"{node.MostMemoryInBytes >> 20} MB of memory", $"at most {MostNodeMemoryInBytes >> 20}");
            }
        }

        if (cluster.MostOutboxRows > MostOutboxRows || cluster.MostWalInBytes > MostWalInBytes)
        {
            cluster.Violations.Add("I10", "the store", $"{cluster.MostOutboxRows} rows in the outbox, {cluster.MostWalInBytes >> 20} MB of WAL", $"at most {MostOutboxRows} and {MostWalInBytes >> 20}");
        }
    }

    private static double? LongestInRoll(ChaosCluster cluster, FaultScene scene)
    {
        TimeSpan longest = TimeSpan.Zero;
        string which = "";
        foreach (ModelDevice device in cluster.Model.Devices.Values)
        {
            List<Said> said = cluster.Facts.Anomalies.GetValueOrDefault(device.Id) ?? [];
            for (int i = 0; i < Math.Min(said.Count, device.Decisions.Count); i++)
            {
                Decision decision = device.Decisions[i];
                if (!decision.IsSilence && scene.Rolls.Any(roll => decision.CausedAtInMs >= roll.FromInMs && decision.CausedAtInMs <= roll.ToInMs))
                {
                    TimeSpan took = TimeSpan.FromMilliseconds(said[i].TimestampInMs - decision.CausedAtInMs);
                    (longest, which) = took > longest ? (took, $"{device.Id}, reading at offset {decision.Offset} of {decision.CausedAtInMs}, published at {said[i].Place}") : (longest, which);
                }
            }
        }

        if (longest > s_decidesWithin)
        {
            cluster.Violations.Add("I10", "rolling restart", $"a decision took {longest.TotalSeconds:0.0} s", $"at most {s_decidesWithin.TotalSeconds:0} s", which);
        }

        return scene.Rolls.IsEmpty ? null : Math.Round(longest.TotalSeconds, 1);
    }
}
