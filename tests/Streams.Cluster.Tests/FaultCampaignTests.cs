using Streams.Chaos;
using Streams.Chaos.Checks;
using Streams.Runtime;

namespace Streams.Cluster.Tests;

/// <summary>What a cluster owes its city whatever dies, hangs, fills up or goes away. The invariants are told in docs/faults.md.</summary>
public sealed class FaultCampaignTests : IClassFixture<FaultCampaign>
{
    private static readonly TimeSpan s_worksForOthersWithin = TimeSpan.FromSeconds(15);

    private static readonly string[] s_looked = ["I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10", "I11", "I12", "I13", "run"];

    private readonly ChaosReport _report;

    public FaultCampaignTests(FaultCampaign campaign)
    {
        Assert.SkipWhen(campaign.Report is null, "PostgreSQL is not installed here.");
        _report = campaign.Report!;
        TestContext.Current.TestOutputHelper!.WriteLine(_report.ToString());
    }

    [Fact]
    public void Every_accepted_reading_is_counted_exactly_once_and_each_device_decides_what_it_would_without_a_cluster() => None("I1", "devices", "decisions", "windows of devices");

    [Fact]
    public void Epochs_positions_and_outbox_numbers_never_go_back() => None("I2", "shard changes");

    [Fact]
    public void Nothing_is_written_past_the_fence() => None("I3", "shard changes");

    [Fact]
    public void A_message_between_actors_takes_effect_once_so_areas_are_the_sum_of_their_devices_and_alert_when_these_say_so() => None("I4", "windows of areas", "alerts");

    [Fact]
    public void Everything_committed_is_published_in_the_end_nothing_else_is_and_a_repeat_is_the_same() => None("I5", "records committed");

    [Fact]
    public void What_a_shard_says_comes_in_its_order() => None("I6", "records committed", "states of alerts");

    [Fact]
    public void Under_one_epoch_only_one_owner_commits() => None("I7", "shard changes");

    [Fact]
    public void Each_refused_record_is_one_dead_letter_and_nothing_else_is() => None("I8", "dead letters");

    [Fact]
    public void No_device_is_said_to_be_silent_that_is_not_and_each_that_is_is_said_so() => None("I9", "silences");

    [Fact]
    public void After_every_fault_all_shards_work_again_and_nothing_grows_without_a_bound() => None("I10");

    [Fact]
    public void Each_alert_has_one_incident_that_comes_to_its_end_and_what_it_did_is_done_once_and_taken_back() => None("I11", "incidents", "commands obeyed", "units sent");

    [Fact]
    public void A_hundred_incidents_and_more_were_under_way() => Assert.InRange(_report.Checked["incidents"], 100, long.MaxValue);

    [Fact]
    public void The_audit_chain_is_whole_and_said_on_Kafka() => None("I12", "audit entries");

    [Fact]
    public void Each_state_of_an_alert_comes_to_every_webhook_in_its_order_and_is_heard_on_the_stream_whichever_node_dies()
    {
        None("I13", "states brought by webhooks", "records heard on the stream");
        Assert.True(_report.Work["times the stream's client moved on"] > 0);
    }

    [Fact]
    public void The_campaign_saw_all_of_the_log() => None("run");

    [Fact]
    public void Every_violation_is_of_an_invariant_that_is_looked_at_here() => Assert.Empty(_report.ViolationCounts.Keys.Except(s_looked));

    [Fact]
    public void A_process_died_at_every_crash_point()
    {
        Assert.Empty(_report.CrashesMissed);
        Assert.Equal(CrashPoint.All.Order(), _report.CrashesHit.Keys.Order());
    }

    [Fact]
    public void The_surviving_nodes_work_for_a_killed_one_within_15_seconds() =>
        Assert.All(_report.Recoveries, recovery => Assert.True(recovery.Key != "kill, for the others" || recovery.Value.Max < s_worksForOthersWithin.TotalSeconds, $"{recovery}"));

    [Fact]
    public void In_a_rolling_restart_no_decision_takes_ten_seconds() => Assert.InRange(_report.LongestDecisionInRoll ?? double.NaN, 0, 10);

    /// <param name="compared">Of what there must have been some, or the check said nothing.</param>
    private void None(string invariant, params string[] compared)
    {
        foreach (Violation violation in _report.Violations.Where(each => each.Invariant == invariant))
        {
            Assert.Fail($"{violation}{Environment.NewLine}Logs: {_report.Folder}");
        }

        Assert.All(compared, what => Assert.True(_report.Checked[what] > 0, what));
    }
}
