using Streams.Domain.Alerts;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;
using Streams.Node.Tests.Records;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;

namespace Streams.Node.Tests.Orders;

/// <summary>More alerts at once than a city may have incidents, on a running node.</summary>
public sealed class FullDeskTests(QuietNode node) : IClassFixture<QuietNode>
{
    private const string Desk = "fullville/incidents";

    [Fact]
    public async Task Whom_no_incident_could_be_opened_for_is_in_the_audit_chain_once()
    {
        string topic = node.Configuration.Topics[TopicSettings.Requests].Name;
        using (ILogWriter writer = node.Node.Log.CreateWriter("desk-test", lingerInMs: 20))
        {
            for (int i = 0; i < IncidentDesk.MaxOpen; i++)
            {
                Tell(writer, Alert(i, revision: 1));
            }

            Tell(writer, Alert(9999, revision: 1));
            Tell(writer, Alert(9999, revision: 2));
            Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
        }

        await CityRun.Until(() => Task.FromResult(Entries().Count > 0));
        await CityRun.Until(() => Task.FromResult(node.Node.Store.Count("incidents") == IncidentDesk.MaxOpen && node.Node.View.Shards().All(shard => shard.Lag == 0)));

        Assert.Equal(["turned/fullville/b9999.building-fire.1"], Entries());
        Assert.Equal(IncidentDesk.MaxOpen, node.Node.Store.Count("incidents"));

        List<string> Entries() => [.. node.Node.Store.ReadAudit(new AuditQuery(Action: "incident.turned_away", Limit: 100)).Select(entry => entry.Id)];

        void Tell(ILogWriter writer, IncidentAlert alert) => node.Tell(writer, topic, Desk, new IncidentMessage.News(alert, false, null));
    }

    private static IncidentAlert Alert(int block, int revision) =>
        new($"fullville/b{block}.building-fire.1", $"fullville/b{block}", "building-fire", AlertSeverity.Severe, AlertState.Active, 1_790_000_000_000, revision, "Fire", null);
}
