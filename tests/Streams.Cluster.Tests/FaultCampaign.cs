using Streams.Chaos;

namespace Streams.Cluster.Tests;

/// <summary>
/// Three nodes on one Kafka and one PostgreSQL under load: every fault once, and a death at every crash point; then healed, and compared with
/// what one thread makes of the same log. What came of it is for the tests to judge.
/// </summary>
public sealed class FaultCampaign : IAsyncLifetime
{
    /// <summary>Longest it goes on; two cores that have nothing else to do take half of it.</summary>
    private static readonly TimeSpan s_most = TimeSpan.FromMinutes(5);

    /// <summary>Null where there could be none.</summary>
    public ChaosReport? Report { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (ChaosRun.CanRun)
        {
            Report = await ChaosRun.RunAsync(new ChaosOptions { Once = true, Length = s_most, Sensors = 300 }, TestContext.Current.SendDiagnosticMessage);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
