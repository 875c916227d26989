using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Incidents;

/// <summary>Incidents that become one or two, and what actors of the response say to one another.</summary>
public sealed class IncidentCompanyTests
{
    private static readonly Playbook s_flood = new()
    {
        Name = "flood",
        Title = "Flood",
        Rules = ["river-flood"],
        Steps =
        [
            new PlaybookStep { Id = "close", System = "traffic-control", Action = "close-road", Undo = "open-road", Within = TimeSpan.FromMinutes(15) },
            new PlaybookStep { Id = "lead", System = "traffic-control", Action = "reroute", Within = TimeSpan.FromMinutes(15), After = ["close"] },
        ],
    };

    [Theory]
    [InlineData("a1+Severe done:close merge:other", "close lead | Ending Merged")]
    [InlineData("a1+Severe done:close merge:other done:lead", "close lead | Ending Merged")]
    [InlineData("a1+Severe done:close merge:other done:lead w100000", "close lead | Ending Merged")]
    [InlineData("a1+Severe done:close merge:other done:lead release", "close lead undo:close | Ending Merged")]
    [InlineData("a1+Severe done:close merge:other done:lead release done:close", "close lead undo:close | Closed Merged")]
    [InlineData("a1+Severe failed:close merge:other", "close | Closed Merged")]
    [InlineData("a1+Severe merge:other done:close release done:close", "close undo:close | Closed Merged")]
    [InlineData("a1+Severe merge:other release done:close", "close undo:close | Ending Merged")]
    [InlineData("a1+Severe merge:other a2+Severe", "close back:a2 | Ending Merged")]
    [InlineData("a1+Severe merge:other a1-", "close | Ending Merged")]
    public void What_a_merged_incident_did_stands_until_the_other_is_over(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Theory]
    [InlineData("a1+Severe lead:f1 lead:f1 lead:f2 a1- w600", "close free:f1 free:f2 no:close | Ending AllClear")]
    [InlineData("a1+Severe a1- w600 lead:f1", "close no:close free:f1 | Ending AllClear")]
    [InlineData("a1+Severe lead:f1 merge:other", "close | Ending Merged")]
    [InlineData("a1+Severe lead:f1 merge:other lead:f2 release", "close free:f1 free:f2 | Ending Merged")]
    public void Who_leads_frees_those_who_follow_at_the_end(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Theory]
    [InlineData("a1+Severe a2+Severe leave:a2 a1- w600", "close no:close | Ending AllClear")]
    [InlineData("a1+Severe a2+Severe leave:a1 a2- w599", "close | Open")]
    [InlineData("a1+Severe leave:a9", "close | Open")]
    public void Alerts_that_left_hold_nothing_up(string words, string told) => Assert.Equal(told, IncidentStory.Of(s_flood, words));

    [Fact]
    public void Company_outlives_a_restart()
    {
        IncidentStory story = new(s_flood);
        foreach (string word in "a1+Severe done:close lead:f1 merge:other".Split(' '))
        {
            story.Hear(word);
        }

        ArrayBufferWriter<byte> snapshot = new();
        story.Incident.Save(snapshot);
        Incident restored = Incident.Restore(snapshot.WrittenSpan, out string? fault)!;
        Assert.Null(fault);
        Assert.Equal(("other", false), (restored.MergedInto, restored.IsReleased));
        Assert.Equal(["f1"], restored.Followers);
        Assert.Equal(IncidentOutcome.Changed, restored.Release(5_000_000));
        Assert.Equal(IncidentOutcome.Unchanged, restored.Release(5_000_000));
    }

    [Fact]
    public void Every_message_is_read_as_it_was_written_and_none_that_is_cut_short()
    {
        PersonSays by = new(PersonVerb.Approve, "ann", ["officer", "viewer"], "close", "agreed", 4711);
        IncidentAlert alert = new("dijon.river-flood.1", "dijon/port", "river-flood", AlertSeverity.Severe, AlertState.Active, 17, 3, "Flut", new GeoPoint(5.04, 47.32));
        IncidentMessage[] messages =
        [
            new IncidentMessage.News(alert, true, null), new IncidentMessage.News(alert with { Location = null }, false, "flood"), new IncidentMessage.Over("i"), new IncidentMessage.Merge("o", "a", "b", by),
            new IncidentMessage.Split("o", "a", ["x", "y"], by with { Step = null }), new IncidentMessage.Says("o", by), new IncidentMessage.MergedInto("a", "ann", "why"),
            new IncidentMessage.Leads("a", "ann", ""), new IncidentMessage.Released(), new IncidentMessage.Leaves(["x"], "b", "ann", "why"),
            new IncidentMessage.Progresses(new CommandProgress("c", CommandStatus.Preempted, 5, "more urgent", ["u1", "u2"])),
            new IncidentMessage.Asks(new CommandRequest(
                "c", "i", "s", "police", "dijon", "cordon", ["u"], ImmutableSortedDictionary<string, string>.Empty.Add("a", "1"), 2, 9, 99, "b", true, new GeoPoint(5, 47))),
            new IncidentMessage.LetsGo("i"), new IncidentMessage.Belongs("a", "i"),
            new IncidentMessage.Withdraws("c"), new IncidentMessage.Answers(new CommandResult("c", CommandStatus.Done, 8, "")),
        ];
        foreach (IncidentMessage message in messages)
        {
            byte[] bytes = BytesOf(message);
            IncidentMessage? read = IncidentMessage.Read(bytes, out string? fault);
            Assert.Null(fault);
            Assert.Equal(message.GetType(), read!.GetType());
            Assert.Equal(bytes, BytesOf(read));
            for (int length = 0; length < bytes.Length; length++)
            {
                Assert.Null(IncidentMessage.Read(bytes.AsSpan(0, length), out fault));
                Assert.NotNull(fault);
            }
        }

        IncidentMessage.Joins joins = new("dijon", s_flood, false, alert);
        Assert.Equal(BytesOf(joins), BytesOf(IncidentMessage.Read(BytesOf(joins), out _)!));
    }

    [Fact]
    public void The_outside_sees_alerts_steps_and_timeline()
    {
        IncidentStory story = new(s_flood);
        story.Hear("a1+Severe");
        story.Hear("accepted:close");
        ArrayBufferWriter<byte> text = new();
        IncidentJson.Write(text, story.Incident);
        using JsonDocument json = JsonDocument.Parse(text.WrittenMemory);
        JsonElement root = json.RootElement;
        Assert.Equal(("open", "Actual", "Severe"), (root.GetProperty("state").GetString(), root.GetProperty("status").GetString(), root.GetProperty("severity").GetString()));
        Assert.Equal(["under_way", "waiting"], root.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("state").GetString()));
        Assert.Equal("unit-1", root.GetProperty("steps")[0].GetProperty("assets")[0].GetString());
        Assert.Equal(root.GetProperty("revision").GetInt32(), root.GetProperty("timeline").GetArrayLength());
        text.ResetWrittenCount();
        IncidentJson.Write(text, story.Incident, whole: false);
        Assert.DoesNotContain("timeline", Encoding.UTF8.GetString(text.WrittenSpan), StringComparison.Ordinal);
    }

    private static byte[] BytesOf(IncidentMessage message)
    {
        ArrayBufferWriter<byte> bytes = new();
        message.Write(bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
