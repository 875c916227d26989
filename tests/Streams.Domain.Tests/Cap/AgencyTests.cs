using System.Buffers;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cap;
using Streams.Domain.Incidents;

namespace Streams.Domain.Tests.Cap;

/// <summary>What stands of what another agency says, and what of it concerns which city.</summary>
public sealed class AgencyTests
{
    private const string Sender = "alerts@river.example";

    private static readonly DateTimeOffset Start = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);

    private readonly List<AgencyMessage> _rows = [];
    private readonly List<string> _desk = [];
    private Agency _agency = new(Sender);
    private DateTimeOffset _now = Start;

    private static CapAlert Message(string name, CapMessageType type = CapMessageType.Alert, AlertStatus status = AlertStatus.Actual, double hours = 2, params CapAlert[] references) => new()
    {
        Identifier = name,
        Sender = Sender,
        Sent = Start,
        Status = status,
        MessageType = type,
        References = CapList.From(references.Select(each => new CapReference(each.Sender, each.Identifier, each.Sent))),
        Infos = [new CapInfo { Categories = [AlertCategory.Met], Event = "Flood", Headline = name, Severity = AlertSeverity.Severe, Expires = Start.AddHours(hours) }],
    };

    private bool Hear(CapAlert alert, string hazard = "flood", params string[] areas)
    {
        bool isNew = _agency.Hear(alert, areas.Length == 0 ? ["dijon/port"] : [.. areas], hazard, "none", _now.ToUnixTimeMilliseconds());
        Drain();
        return isNew;
    }

    private void Drain() => _agency.Drain(new Output(this));

    private string States() => string.Join(' ', _agency.Messages.Select(message => $"{message.Reference.Split(',')[1]}:{message.State}".ToLowerInvariant()));

    private void SaveAndRestore()
    {
        var bytes = new ArrayBufferWriter<byte>();
        _agency.Save(bytes);
        _agency = Agency.Restore(bytes.WrittenSpan, out string? fault) ?? throw new InvalidOperationException(fault);
        var again = new ArrayBufferWriter<byte>();
        _agency.Save(again);
        Assert.True(bytes.WrittenSpan.SequenceEqual(again.WrittenSpan));
    }

    [Fact]
    public void A_story_is_one_alert_for_the_desk_from_its_first_message_to_its_end()
    {
        CapAlert first = Message("a");
        CapAlert second = Message("b", CapMessageType.Update, references: [first]);
        Hear(first);
        SaveAndRestore();
        Hear(second);
        Hear(Message("c", CapMessageType.Cancel, references: [first, second]));
        Assert.Equal("a:superseded b:cancelled c:noted", States());
        string story = AgencyMessage.IdOf(first);
        Assert.Equal(
            [$"cap.{story} dijon/port Active 1 flood", $"cap.{story} dijon/port Active 2 flood", $"cap.{story} dijon/port Cancelled 3 flood"], _desk);
        Assert.All(_rows, row => Assert.Equal(story, row.Story));
        Assert.Null(_agency.DueInMs);
    }

    [Fact]
    public void The_same_message_is_known_whatever_offset_its_time_has()
    {
        Assert.True(Hear(Message("a")));
        SaveAndRestore();
        Assert.False(Hear(Message("a") with { Sent = Start.ToOffset(TimeSpan.FromHours(1)) }));
        Assert.Single(_rows);
        Assert.Single(_desk);
    }

    [Fact]
    public void What_has_expired_is_over_and_may_be_said_anew()
    {
        CapAlert first = Message("a", hours: 1);
        Hear(first);
        Assert.Equal(Start.AddHours(1).ToUnixTimeMilliseconds(), _agency.DueInMs);
        _now = Start.AddHours(1);
        _agency.Wake(_now.ToUnixTimeMilliseconds());
        Drain();
        Assert.Equal("a:expired", States());
        Hear(Message("b", CapMessageType.Update, hours: 3, references: [first]));
        Assert.Equal(["Active 1", "Expired 2", "Active 3"], _desk.Select(told => string.Join(' ', told.Split(' ')[2..4])));
        Hear(Message("late", hours: 0.5));
        Assert.EndsWith("late:expired", States(), StringComparison.Ordinal);
        Assert.Equal(3, _desk.Count);
    }

    [Fact]
    public void What_refers_to_nothing_known_is_kept_and_flagged_and_takes_effect_when_it_comes()
    {
        CapAlert first = Message("a");
        Hear(Message("c", CapMessageType.Cancel, references: [first]));
        Assert.Single(_rows[^1].Unknown);
        SaveAndRestore();
        Hear(first);
        Assert.Equal("c:noted a:cancelled", States());
        Assert.Empty(_desk);
        Assert.Empty(_rows.Last(row => row.MessageType == CapMessageType.Cancel).Unknown);
    }

    [Fact]
    public void Exercises_and_tests_touch_nothing_actual()
    {
        CapAlert actual = Message("a");
        Hear(actual);
        Hear(Message("x", CapMessageType.Cancel, AlertStatus.Exercise, references: [actual]));
        Hear(Message("y", CapMessageType.Cancel, AlertStatus.Test, references: [actual]));
        Hear(Message("e", status: AlertStatus.Exercise));
        Hear(Message("t", status: AlertStatus.Test));
        Assert.Equal("a:standing x:noted y:noted e:standing t:standing", States());
        Assert.Equal(["flood", "flood EXERCISE"], _desk.Select(told => string.Join(' ', told.Split(' ')[4..])));
    }

    [Fact]
    public void A_city_that_a_story_has_left_hears_that_it_is_over_there()
    {
        CapAlert first = Message("a");
        Hear(first, areas: ["beaune", "dijon"]);
        Hear(Message("b", CapMessageType.Update, references: [first]), areas: ["dijon/port"]);
        Assert.Equal(["beaune Active 1", "dijon Active 1", "beaune Cancelled 2", "dijon/port Active 3"], _desk.Select(told => string.Join(' ', told.Split(' ')[1..4])));
        Hear(Message("c", CapMessageType.Update, references: [Message("b")]), hazard: "");
        Assert.Equal("dijon/port Cancelled 4", string.Join(' ', _desk[^1].Split(' ')[1..4]));
    }

    [Fact]
    public void No_more_is_kept_than_may_and_what_goes_is_over()
    {
        for (int i = 0; i <= Agency.MostKept; i++)
        {
            Hear(Message("m" + i));
        }

        Assert.Equal(Agency.MostKept, _agency.Messages.Count);
        Assert.Contains(_rows, row => row.State == AgencyState.Expired);
        Assert.Contains(_desk, told => told.Contains("Expired", StringComparison.Ordinal));
        SaveAndRestore();
    }

    [Fact]
    public void Damaged_snapshots_are_refused_and_never_throw()
    {
        Hear(Message("a", references: [Message("z")]));
        var bytes = new ArrayBufferWriter<byte>();
        _agency.Save(bytes);
        for (int length = 0; length < bytes.WrittenCount; length++)
        {
            Assert.Null(Agency.Restore(bytes.WrittenSpan[..length], out string? fault));
            Assert.NotNull(fault);
        }
    }

    private static readonly CapPlaces Places = new(
    [
        Square("dijon", 47, 5, 1, ("SIREN", "242100410")), Square("dijon/nord", 47.5, 5, 0.4), Square("dijon/nord/parc", 47.6, 5.1, 0.1), Square("dijon/sud", 47.05, 5.1, 0.3, ("INSEE", "21231")),
        new AreaDescription { Id = "beaune" },
    ]);

    private static AreaDescription Square(string id, double south, double west, double size, params (string System, string Code)[] codes) => new()
    {
        Id = id, Polygon = [(south, west), (south, west + size), (south + size, west + size), (south + size, west), (south, west)],
        Geocodes = codes.ToImmutableDictionary(code => code.System, code => code.Code),
    };

    [Theory]
    [InlineData("47.62,5.12 47.62,5.14 47.64,5.14 47.62,5.12", "", "", "dijon/nord/parc")]
    [InlineData("47.55,5.05 47.55,5.35 47.85,5.35 47.55,5.05", "", "", "dijon/nord")]
    [InlineData("47.2,5.2 47.2,5.3 47.7,5.3 47.2,5.2", "", "", "dijon")]
    [InlineData("46,4 46,7 49,7 49,4 46,4", "", "", "dijon")]
    [InlineData("46,4 46,4.5 46.5,4.5 46,4", "", "", "")]
    [InlineData("", "47.65,5.15 1", "", "dijon/nord/parc")]
    [InlineData("", "47.65,5.15 20", "", "dijon")]
    [InlineData("", "47.65,5.15 0", "", "dijon/nord/parc")]
    [InlineData("", "10,10 20", "", "")]
    [InlineData("", "", "INSEE=21231", "dijon/sud")]
    [InlineData("", "", "insee=21231", "dijon/sud")]
    [InlineData("", "", "INSEE=99999", "")]
    [InlineData("", "", "streams-area=beaune", "beaune")]
    [InlineData("47.62,5.12 47.62,5.14 47.64,5.14 47.62,5.12", "", "INSEE=21231", "dijon")]
    public void A_place_is_the_smallest_area_that_contains_it(string polygon, string circle, string code, string expected)
    {
        CapAlert alert = CapSamples.Alert with
        {
            Infos =
            [
                CapSamples.Alert.Infos[0] with
                {
                    Areas =
                    [
                        new CapArea
                        {
                            Description = "there",
                            Polygons = polygon.Length == 0 ? [] : [new CapPolygon(CapList.From(polygon.Split(' ').Select(Point)))],
                            Circles = circle.Length == 0 ? [] : [new CapCircle(Point(circle.Split(' ')[0]), decimal.Parse(circle.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture))],
                            Geocodes = code.Length == 0 ? [] : [new CapValue(code.Split('=')[0], code.Split('=')[1])],
                        },
                    ],
                },
            ],
        };
        Assert.Equal(expected, string.Join(' ', Places.Of(alert)));
    }

    private static CapPoint Point(string pair) => CapText.TryPoint(pair, out CapPoint point) ? point : throw new ArgumentException(pair);

    private sealed class Output(AgencyTests tests) : IAgencyOutput
    {
        public void Message(AgencyMessage message) => tests._rows.Add(message);

        public void ToDesk(IncidentAlert alert, bool isExercise, string hazard) =>
            tests._desk.Add($"{alert.Id} {alert.Area} {alert.State} {alert.Revision} {hazard}{(isExercise ? " EXERCISE" : "")}");
    }
}
