using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;
using Streams.Node.Tests.Records;
using Streams.Runtime;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Orders;

/// <summary>Incidents whose time in the store is over, on a running node that keeps closed ones for no time at all.</summary>
public sealed class LeavingIncidentTests(LeavingIncidentTests.ForgetfulNode node) : IClassFixture<LeavingIncidentTests.ForgetfulNode>
{
    private const string Incident = "leaveville.fire.20260921T141320Z";

    [Fact]
    public async Task One_that_was_closed_long_ago_leaves_the_store_and_an_alert_that_comes_back_opens_another()
    {
        Say(AlertState.Active, revision: 1);
        await CityRun.Until(() => Task.FromResult(StateOf(Incident) == "open"));
        Say(AlertState.Cleared, revision: 2);
        await CityRun.Until(() => Task.FromResult(StateOf(Incident) == "closed" && !IsStored(Incident)));

        // Its record stays until it is cleared away, and says what became of it.
        Assert.Equal("closed", (await node.GetAsync("/api/v1/incidents/" + Incident)).GetProperty("state").GetString());
        (int status, System.Text.Json.JsonElement body, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/incidents/{Incident}/notes", """{"text":"late"}""");
        Assert.Equal(409, status);
        Assert.Contains("closed so long ago", body.GetProperty("detail").GetString());
        Assert.False(IsStored(Incident));
        Assert.Equal(0, node.Node.Store.Count("dead-letters"));

        Say(AlertState.Active, revision: 3);
        await CityRun.Until(() => Task.FromResult(StateOf(Incident + "~2") == "open"));
        Assert.False(IsStored(Incident));
    }

    private void Say(AlertState state, int revision) => node.Tell(
        TopicSettings.Requests,
        "leaveville/incidents",
        new IncidentMessage.News(new IncidentAlert("leaveville/centre.building-fire.1", "leaveville/centre", "building-fire", AlertSeverity.Severe, state, 1_790_000_000_000, revision, "Fire", null), false, null));

    private string? StateOf(string incident) => node.Node.Store.Get("incidents", incident)?.State;

    private bool IsStored(string incident) =>
        node.Node.Store.Load(new ShardId(3, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(incident), node.Node.Log.PartitionsOf(node.Configuration.Topics[TopicSettings.Incidents].Name))), [incident]).Count > 0;

    public sealed class ForgetfulNode : QuietNode
    {
        internal override ClusterConfiguration Configure(ClusterConfiguration shipped) => shipped with
        {
            Playbooks = [new Playbook { Name = "fire", Title = "Fire", Rules = ["building-fire"], Settles = TimeSpan.Zero, Steps = [] }],
            Node = shipped.Node with
            {
                Keep = shipped.Node.Keep with { Incidents = TimeSpan.Zero },
                Pace = shipped.Node.Pace with { MaxDirtyAge = TimeSpan.FromMilliseconds(50), ReplayWork = TimeSpan.FromMilliseconds(10) },
            },
        };
    }
}
