namespace Streams.Runtime.Tests.Simulation;

/// <summary>
/// The production shard code under every crash and hand-over a seed can think of. A failing seed is named in the message; run it alone
/// with STREAMS_SIMULATION_SEED=n, and more of them with STREAMS_SIMULATION_SEEDS=n.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Steps = 400;

    /// <summary>So many try everything.</summary>
    private const int EnoughSeeds = 1000;

    private static readonly string[] s_toHappen =
    [
        "crashes", "hand-overs", "commits fenced", "shards restarted", "seeks", "batches held", "held batches discarded by a seek", "waiting batches discarded by a seek",
        "gaps noted", "batches with a gap inside", "restarts before an earlier seek was answered", "actors passivated", "actors woken", "actors woken out of the store", "actors woken by a later owner",
        "actors that left", "actors that came again after they had left",
    ];

    [Fact]
    public void Nothing_is_lost_doubled_or_out_of_order_whatever_crashes()
    {
        SortedDictionary<string, int> happened = new(StringComparer.Ordinal);
        int[] seeds = [.. Seeds()];
        foreach (int seed in seeds)
        {
            using SimulatedCluster cluster = new(seed);
            IReadOnlyList<string> violations = cluster.Run(Steps);
            Assert.True(violations.Count == 0, $"seed {seed}: {string.Join("; ", violations)}");
            foreach ((string what, int times) in cluster.Happened)
            {
                happened[what] = happened.GetValueOrDefault(what) + times;
            }
        }

        output.WriteLine(string.Join(", ", happened.Select(pair => $"{pair.Value} {pair.Key}")));
        if (seeds.Length < EnoughSeeds)
        {
            return;
        }

        Assert.All(s_toHappen, what => Assert.True(happened.GetValueOrDefault(what) > 0, $"the seeds tried no {what}"));
    }

    [Theory]
    [InlineData(Sabotage.NoFence)]
    [InlineData(Sabotage.NoPositions)]
    [InlineData(Sabotage.NoMarks)]
    [InlineData(Sabotage.NoOffsetCheck)]
    [InlineData(Sabotage.NoLeftovers)]
    [InlineData(Sabotage.NoOutboxOrder)]
    [InlineData(Sabotage.NoOutbox)]
    [InlineData(Sabotage.KeepHeld)]
    [InlineData(Sabotage.KeepWaiting)]
    [InlineData(Sabotage.CountOffsets)]
    [InlineData(Sabotage.NoCatchUp)]
    [InlineData(Sabotage.StaleEnds)]
    [InlineData(Sabotage.NoDueIndex)]
    [InlineData(Sabotage.NoSections)]
    public void Each_guard_matters(object sabotage)
    {
        for (int seed = 0; seed < 200; seed++)
        {
            using SimulatedCluster cluster = new(seed, (Sabotage)sabotage);
            bool broken;
            try
            {
                broken = cluster.Run(Steps).Count > 0;
            }
            catch (Exception e) when (e is InvalidOperationException or InvalidDataException)
            {
                broken = true;
            }

            if (broken)
            {
                output.WriteLine($"noticed at seed {seed}");
                return;
            }
        }

        Assert.Fail($"Without this guard 200 seeds still passed: {sabotage}");
    }

    private static IEnumerable<int> Seeds() =>
        Environment.GetEnvironmentVariable("STREAMS_SIMULATION_SEED") is { Length: > 0 } one
            ? [int.Parse(one, System.Globalization.CultureInfo.InvariantCulture)]
            : Enumerable.Range(0, int.Parse(Environment.GetEnvironmentVariable("STREAMS_SIMULATION_SEEDS") ?? "1000", System.Globalization.CultureInfo.InvariantCulture));
}
