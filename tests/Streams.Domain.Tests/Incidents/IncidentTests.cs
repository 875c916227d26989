using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Domain.Tests.Incidents;

/// <summary>The saga of an incident, word by word. See <see cref="IncidentStory"/>.</summary>
public sealed class IncidentTests
{
    /// <summary>Roads are closed, then traffic is led around; people are told at once; crews pump, or where none can the fire brigade does.</summary>
    private static readonly Playbook s_flood = Of(
        Step("close") with { Undo = "open" },
        Step("reroute", "close") with { Undo = "restore" },
        Step("tell"),
        Step("pump") with { Fallback = "brigade", Attempts = 1 },
        Step("brigade"));

    [Theory]
    [InlineData("a1+Moderate", "close tell pump | Open")]
    [InlineData("a1+Moderate done:close", "close tell pump reroute | Open")]
    [InlineData("a1+Moderate a1+Moderate a2+Severe", "close tell pump | Open")]
    [InlineData("a1+Moderate done:close done:tell done:pump done:reroute a1- w599", "close tell pump reroute | Open")]
    [InlineData("a1+Moderate done:close done:tell done:pump done:reroute a1- w600", "close tell pump reroute undo:reroute | Ending AllClear")]
    [InlineData("a1+Moderate done:close done:tell done:pump done:reroute a1- w600 done:reroute", "close tell pump reroute undo:reroute undo:close | Ending AllClear")]
    [InlineData("a1+Moderate done:close done:tell done:pump done:reroute a1- w600 done:reroute done:close", "close tell pump reroute undo:reroute undo:close | Closed AllClear")]
    [InlineData("a1+Moderate a2+Minor a1- w600", "close tell pump | Open")]
    [InlineData("a1+Moderate a1- w299 a1+Minor w600", "close tell pump | Open")]
    public void Steps_follow_each_other_and_are_taken_back_last_first(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Theory]
    [InlineData("a1+Severe failed:close w9", "close tell pump | Open")]
    [InlineData("a1+Severe failed:close w10", "close tell pump close | Open")]
    [InlineData("a1+Severe failed:close w10 rejected:close w19", "close tell pump close | Open")]
    [InlineData("a1+Severe failed:close w10 rejected:close w20 done:close", "close tell pump close close reroute | Open")]
    [InlineData("a1+Severe failed:close w10 failed:close w20 failed:close", "close tell pump close close reroute | Open")]
    [InlineData("a1+Severe failed:pump", "close tell pump brigade | Open")]
    [InlineData("a1+Severe preempted:pump", "close tell pump brigade | Open")]
    [InlineData("a1+Severe done:pump", "close tell pump | Open")]
    [InlineData("a1+Severe w900", "close tell pump no:close no:tell no:pump brigade | Open")]
    public void What_fails_is_tried_again_and_then_replaced(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Theory]
    [InlineData("a1+Severe abort", "close tell pump no:close no:tell no:pump | Ending Aborted")]
    [InlineData("a1+Severe abort withdrawn:close withdrawn:tell withdrawn:pump", "close tell pump no:close no:tell no:pump | Closed Aborted")]
    [InlineData("a1+Severe abort done:close withdrawn:tell withdrawn:pump", "close tell pump no:close no:tell no:pump undo:close | Ending Aborted")]
    [InlineData("a1+Severe abort done:close withdrawn:tell withdrawn:pump failed:close w10 done:close", "close tell pump no:close no:tell no:pump undo:close undo:close | Closed Aborted")]
    [InlineData("a1+Severe abort done:close failed:close w10 failed:close w20 failed:close done:tell done:pump", "close tell pump no:close no:tell no:pump undo:close undo:close undo:close | Ending Aborted")]
    [InlineData("a1+Severe abort done:close failed:close w10 failed:close w20 failed:close done:tell done:pump letbe:close", "close tell pump no:close no:tell no:pump undo:close undo:close undo:close | Closed Aborted")]
    [InlineData("a1+Severe abort done:close done:tell done:pump failed:close w10 failed:close w20 failed:close tryagain:close done:close", "close tell pump no:close no:tell no:pump undo:close undo:close undo:close undo:close | Closed Aborted")]
    [InlineData("a1+Severe unanswered:close abort done:tell done:pump", "close tell pump no:tell no:pump undo:close | Ending Aborted")]
    [InlineData("a1+Severe close", "close tell pump (1 of its alerts stand: cancel them, or abort the incident) | Open")]
    [InlineData("a1+Severe done:close done:tell done:pump done:reroute a1- close done:reroute done:close", "close tell pump reroute undo:reroute undo:close | Closed Closed")]
    [InlineData("a1+Severe a1- w600 withdrawn:close done:tell done:pump", "close tell pump no:close | Closed AllClear")]
    public void Whoever_ends_it_leaves_nothing_behind(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Theory]
    [InlineData("a1+Moderate w100000", " | Open")]
    [InlineData("a1+Moderate approve::ann:viewer", "(evacuate is approved by officer; ann has viewer) | Open")]
    [InlineData("a1+Moderate approve::ann:officer approve::ann:officer", "(ann has approved evacuate already: it takes 2 different people) | Open")]
    [InlineData("a1+Moderate approve::ann:officer approve::bob:officer", "evacuate | Open")]
    [InlineData("a1+Moderate refuse::ann:officer approve::bob:officer", "(no step awaits approval) | Open")]
    [InlineData("a1+Moderate approve::eve:director", "(evacuate is approved by officer; eve has director) | Open")]
    [InlineData("a1+Moderate w300 approve::eve:director", "evacuate | Open")]
    [InlineData("a1+Extreme", "evacuate | Open")]
    [InlineData("a1+Moderate a1+Extreme", "evacuate | Open")]
    [InlineData("a1+Moderate a1- w600", "| Closed AllClear")]
    public void What_needs_people_waits_for_them(string words, string told)
    {
        Playbook playbook = Of(Step("evacuate") with { Approval = new ApprovalRule("officer", 2, AlertSeverity.Extreme, TimeSpan.FromMinutes(5), "director", null, SilenceMeans.No) });
        Assert.Equal(told.Trim(), IncidentStory.Of(playbook, words).Trim());
    }

    [Theory]
    [InlineData(SilenceMeans.Yes, "a1+Moderate w1199", "| Open")]
    [InlineData(SilenceMeans.Yes, "a1+Moderate w1200", "vent | Open")]
    [InlineData(SilenceMeans.No, "a1+Moderate w1200 approve::ann:officer", "(no step awaits approval) | Open")]
    public void Where_nobody_answers_the_playbook_says_what_that_means(SilenceMeans means, string words, string told)
    {
        Playbook playbook = Of(Step("vent") with { Approval = new ApprovalRule("officer", 1, null, TimeSpan.FromMinutes(5), "director", TimeSpan.FromMinutes(20), means) });
        Assert.Equal(told, IncidentStory.Of(playbook, words));
    }

    [Theory]
    [InlineData("a1+Moderate", "| Open")]
    [InlineData("a1+Moderate a2+Severe", "loud | Open")]
    [InlineData("a1+Moderate w3600", "long | Open")]
    [InlineData("a1+Moderate a2+Moderate@dijon/quetigny", "wide | Open")]
    [InlineData("a1+Moderate a2+Moderate", "| Open")]
    public void A_step_waits_for_its_condition(string words, string told)
    {
        Playbook playbook = Of(
            Step("loud") with { When = StepCondition.Always with { From = AlertSeverity.Severe } },
            Step("long") with { When = StepCondition.Always with { Lasts = TimeSpan.FromHours(1) } },
            Step("wide") with { When = StepCondition.Always with { Areas = 2 } });
        Assert.Equal(told, IncidentStory.Of(playbook, words));
    }

    [Theory]
    [InlineData(StepFailure.Continue, "a1+Moderate failed:one", "one two | Open")]
    [InlineData(StepFailure.Stop, "a1+Moderate failed:one", "one | Open")]
    [InlineData(StepFailure.Ask, "a1+Moderate failed:one", "one | Open")]
    [InlineData(StepFailure.Ask, "a1+Moderate failed:one letbe:one", "one two | Open")]
    [InlineData(StepFailure.Ask, "a1+Moderate failed:one tryagain:one done:one", "one one two | Open")]
    [InlineData(StepFailure.Ask, "a1+Moderate tryagain:one", "one (one awaits no person: it is UnderWay) | Open")]
    [InlineData(StepFailure.Continue, "a1+Moderate done:one done:two a1- w600 failed:one w10 failed:one w20 done:one", "one two undo:one undo:one undo:one | Closed AllClear")]
    [InlineData(StepFailure.Continue, "a1+Moderate done:one done:two a1- w600 failed:one w10 failed:one w20 failed:one", "one two undo:one undo:one undo:one | Ending AllClear")]
    [InlineData(StepFailure.Ask, "a1+Moderate tryagain:three", "one (there is no step three; steps: one, two) | Open")]
    public void What_follows_a_failure_is_the_playbooks_word(StepFailure then, string words, string told) =>
        Assert.Equal(told, IncidentStory.Of(Of(Step("one") with { Attempts = 1, OnFailure = then, Undo = "other" }, Step("two", "one")), words));

    [Fact]
    public void Severity_never_goes_down_and_commands_have_the_priority_that_it_gives()
    {
        IncidentStory story = new(Of(Step("one"), Step("two", "one") with { IsVital = true }));
        story.Hear("a1+Extreme");
        story.Hear("a1+Minor");
        story.Hear("a1-");
        story.Hear("done:one");
        Assert.Equal(AlertSeverity.Extreme, story.Incident.Severity);
        Assert.Equal([8, 9], story.Asked.Select(command => command.Priority));
        Assert.All(story.Asked, command => Assert.Equal("dijon/port", command.Area));
    }

    [Fact]
    public void What_is_refused_changes_nothing_even_where_something_is_due()
    {
        IncidentStory story = new(Of(Step("one") with { When = StepCondition.Always with { Lasts = TimeSpan.FromMinutes(1) } }));
        story.Hear("a1+Severe");
        int entries = story.Entries.Count;
        IncidentOutcome outcome = story.Incident.Say(new PersonSays(PersonVerb.Approve, "ann", ["officer"], null, "", 10_000_000));
        Assert.Equal(IncidentOutcome.Refused, outcome);
        Assert.False(story.Incident.HasUnsaid);
        Assert.Equal(entries, story.Incident.Entries);
    }

    [Fact]
    public void The_timeline_has_no_gap_and_says_who_did_what()
    {
        IncidentStory story = new(Of(Step("one") with { Approval = new ApprovalRule("officer", 1, null, TimeSpan.FromMinutes(5), null, null, SilenceMeans.No) }));
        foreach (string word in new[] { "a1+Severe", "approve:one:ann:officer", "accepted:one", "done:one", "a1-", "w600" })
        {
            story.Hear(word);
        }

        Assert.Equal(Enumerable.Range(1, story.Entries.Count), story.Entries.Select(entry => entry.Number));
        Assert.Equal(
            ["opened", "alert_joined", "approval_awaited", "approved", "step_asked_for", "step_accepted", "step_done", "alert_cleared", "all_clear", "closed"],
            story.Entries.Select(entry => entry.What));
        Assert.Equal("ann", story.Entries.Single(entry => entry.What == "approved").Who);
    }

    private static Playbook Of(params ImmutableArray<PlaybookStep> steps) => new() { Name = "flood", Title = "Flood", Rules = ["river-flood"], Steps = steps };

    private static PlaybookStep Step(string id, params ImmutableArray<string> after) =>
        new() { Id = id, System = "traffic-control", Action = "do-" + id, After = after, Within = TimeSpan.FromMinutes(15) };
}
