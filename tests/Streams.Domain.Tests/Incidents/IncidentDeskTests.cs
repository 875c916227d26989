using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Incidents;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Incidents;

/// <summary>Which alerts are one incident.</summary>
public sealed class IncidentDeskTests
{
    private static readonly Playbook s_flood = new() { Name = "flood", Title = "Flood", Rules = ["river-flood"], NearInMetres = 3000, Steps = [] };
    private static readonly Playbook s_fire = new() { Name = "fire", Title = "Fire", Rules = ["building-fire"], Steps = [] };

    /// <summary>Areas stand on a line, a kilometre for each step in their last letter.</summary>
    private static double Distance(string one, string other) => 1000 * Math.Abs(one[^1] - other[^1]);

    // alert+Severity@area of a flood, alert!Severity@area of a fire, ?: of an exercise; alert- is over; /N: the Nth incident is over. Answers the number of each alert's incident.
    [Theory]
    [InlineData("a+Severe@c/a b+Severe@c/a", "1 1")]
    [InlineData("a+Severe@c/a b+Severe@c/d", "1 1")]
    [InlineData("a+Severe@c/a b+Severe@c/e", "1 2")]
    [InlineData("a+Severe@c/a b+Severe@c/d d+Severe@c/g", "1 1 1")]
    [InlineData("a!Severe@c/a b!Severe@c/b", "1 2")]
    [InlineData("a!Severe@c/a b!Severe@c", "1 1")]
    [InlineData("a!Severe@c b!Severe@c/b", "1 1")]
    [InlineData("a+Severe@c/a b!Severe@c/a", "1 2")]
    [InlineData("a+Severe@c/a b?Severe@c/a", "1 2")]
    [InlineData("a+Minor@c/a", "0")]
    [InlineData("a+Severe@c/a b+Minor@c/a", "1 1")]
    [InlineData("a+Minor@c/a a+Severe@c/a", "0 1")]
    [InlineData("a+Severe@c/a a- b+Severe@c/a", "1 1 1")]
    [InlineData("a+Severe@c/a /1 b+Severe@c/a", "1 2")]
    [InlineData("a+Severe@c/a /1 a-", "1 0")]
    [InlineData("a+Severe@c/a a- /1 a+Severe@c/a", "1 1 2")]
    [InlineData("b- ", "0")]
    public void Alerts_of_one_hazard_that_lie_together_are_one_incident(string words, string expected)
    {
        IncidentDesk desk = new("c");
        List<string> ids = [];
        List<string> told = [];
        int revision = 0;
        Dictionary<string, IncidentAlert> alerts = [];
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word[0] == '/')
            {
                desk.Over(ids[word[1] - '1']);
                continue;
            }

            string id = word[..1];
            string[] parts = word[2..].Split('@');
            IncidentAlert alert = word[1] == '-'
                ? alerts.GetValueOrDefault(id, new IncidentAlert(id, "c/a", "", AlertSeverity.Severe, AlertState.Active, 0, 0, "")) with { State = AlertState.Cleared, Revision = ++revision }
                : new IncidentAlert(id, parts[1], "", Enum.Parse<AlertSeverity>(parts[0]), AlertState.Active, revision * 1000, ++revision, "");
            alerts[id] = alert;
            DeskVerdict verdict = desk.Take(alert, word[1] == '?', word[1] == '!' ? s_fire : s_flood, Distance);
            if (verdict.IsNew)
            {
                ids.Add(verdict.Incident!);
            }

            told.Add(verdict.Incident is null ? "0" : (ids.IndexOf(verdict.Incident) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        Assert.Equal(expected, string.Join(' ', told));
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Fact]
    public void Merged_incidents_go_on_as_one_and_split_ones_as_two()
    {
        IncidentDesk desk = new("c");
        string first = Take(desk, "a", "c/a");
        string second = Take(desk, "b", "c/z");
        Assert.NotEqual(first, second);

        Assert.Equal(["b"], desk.Merge(second, first)!.Select(alert => alert.Id));
        Assert.Equal(first, Take(desk, "b", "c/z", revision: 2));
        Assert.Equal(first, Take(desk, "d", "c/y"));
        Assert.Null(desk.Merge(second, first));

        string? split = desk.Split(first, ["b", "d"]);
        Assert.NotNull(split);
        Assert.Equal(split, Take(desk, "b", "c/z", revision: 3));
        Assert.Equal(first, Take(desk, "a", "c/a", revision: 3));
        Assert.Null(desk.Split(first, ["a"]));
        Assert.Null(desk.Split(first, ["b"]));
    }

    [Fact]
    public void Two_of_one_second_have_different_ids()
    {
        IncidentDesk desk = new("c");
        Assert.Equal(["c.flood.19700101T000001Z", "c.flood.19700101T000001Z~2", "c.flood.19700101T000001Z~3"], new[] { Take(desk, "a", "c/a"), Take(desk, "b", "c/k"), Take(desk, "d", "c/z") });
    }

    [Fact]
    public void Beyond_the_most_that_may_be_open_an_alert_is_turned_away_and_said_to_be()
    {
        IncidentDesk desk = new("c");
        for (int i = 0; i < IncidentDesk.MaxOpen; i++)
        {
            Assert.True(Fire(i).IsNew);
        }

        Assert.Equal(new DeskVerdict(null, "fire", IsNew: false, IsTurned: true), Fire(IncidentDesk.MaxOpen));
        Assert.False(Fire(0).IsTurned);
        Assert.Equal(1, desk.Turned);
        desk.Over(desk.Open.First().Id);
        Assert.True(Fire(IncidentDesk.MaxOpen).IsNew);

        DeskVerdict Fire(int number) => desk.Take(new IncidentAlert($"a{number}", $"c/{number:D4}", "", AlertSeverity.Severe, AlertState.Active, 1000, 1, ""), false, s_fire, Distance);
    }

    [Fact]
    public void No_id_is_given_twice_whatever_ends_and_comes_back()
    {
        IncidentDesk desk = new("c");
        HashSet<string> ids = [];
        for (int i = 0; i < 50; i++)
        {
            string id = Take(desk, "a", "c/a", revision: i);
            Assert.True(ids.Add(id), id);
            if (i % 3 == 0)
            {
                desk.Merge(id, Take(desk, $"b{i}", "c/z"));
            }

            desk.Over(id);
            desk.Open.Select(open => open.Id).ToList().ForEach(desk.Over);
            ArrayBufferWriter<byte> snapshot = new();
            long section = 0;
            desk.Save(snapshot, number =>
            {
                Assert.True(number > section, $"section {number} after {section}");
                section = number;
            });
            desk = IncidentDesk.Restore(snapshot.WrittenSpan, out _)!;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_earlier_versions_stored_is_read(byte version)
    {
        ArrayBufferWriter<byte> snapshot = new();
        var writer = new SnapshotWriter(snapshot);
        writer.Byte(version);
        writer.Text("c");
        writer.Signed(7);
        if (version == 2)
        {
            // Last number, hazards, opened, over.
            writer.Signed(3);
            writer.Unsigned(0);
            writer.Signed(9);
            writer.Signed(1);
        }

        // Open ones; and those that were over, which were alerts with their incident first and incidents with their alerts later.
        writer.Unsigned(1);
        if (version == 2)
        {
            writer.Unsigned(1);
            writer.Signed(9);
        }

        writer.Text("c.flood.x");
        writer.Text("flood");
        writer.Flag(false);
        writer.Signed(1000);
        writer.Unsigned(1);
        new IncidentAlert("a", "c/a", "", AlertSeverity.Severe, AlertState.Active, 1000, 1, "").Save(writer);
        if (version == 2)
        {
            writer.Signed(1);
            writer.Text("c.flood.past");
            writer.Unsigned(1);
        }
        else
        {
            writer.Unsigned(1);
        }

        writer.Text("old");
        if (version == 1)
        {
            writer.Text("c.flood.past");
        }

        IncidentDesk? desk = IncidentDesk.Restore(snapshot.WrittenSpan, out string? fault);
        Assert.True(desk is not null, fault);
        Assert.Equal("c.flood.x", Take(desk, "a", "c/a", revision: 2));
        Assert.Equal(7, desk.Turned);
        Assert.Equal(version == 2 ? "c.flood.19700101T000001Z" : "c.flood.19700101T000001Z~10001", Take(desk, "old", "c/z"));
    }

    private static string Take(IncidentDesk desk, string alert, string area, int revision = 1) =>
        desk.Take(new IncidentAlert(alert, area, "", AlertSeverity.Severe, AlertState.Active, 1000, revision, ""), false, s_flood, Distance).Incident!;
}
