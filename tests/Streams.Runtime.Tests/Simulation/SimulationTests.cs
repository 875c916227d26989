namespace Streams.Runtime.Tests.Simulation;

/// <summary>
/// The production shard code under every crash and hand-over a seed can think of. A failing seed is named in the message; run it alone
/// with STREAMS_SIMULATION_SEED=n, and more of them with STREAMS_SIMULATION_SEEDS=n.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Steps = 400;

    [Fact]
    public void Nothing_is_lost_doubled_or_out_of_order_whatever_crashes()
    {
        int crashes = 0;
        int handovers = 0;
        int fenced = 0;
        foreach (int seed in Seeds())
        {
            using SimulatedCluster cluster = new(seed);
            IReadOnlyList<string> violations = cluster.Run(Steps);
            Assert.True(violations.Count == 0, $"seed {seed}: {string.Join("; ", violations)}");
            crashes += cluster.Crashes;
            handovers += cluster.Handovers;
            fenced += cluster.Fenced;
        }

        output.WriteLine($"{crashes} crashes, {handovers} hand-overs, {fenced} commits fenced");
        Assert.True(crashes > 0 && handovers > 0 && fenced > 0, "the seeds tried no crash, no hand-over or no fence");
    }

    [Theory]
    [InlineData(Sabotage.NoFence)]
    [InlineData(Sabotage.NoPositions)]
    [InlineData(Sabotage.NoMarks)]
    [InlineData(Sabotage.NoOffsetCheck)]
    [InlineData(Sabotage.NoLeftovers)]
    [InlineData(Sabotage.NoOutboxOrder)]
    [InlineData(Sabotage.NoOutbox)]
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
