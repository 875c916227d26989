using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

public sealed class CapFromAlertTests
{
    private static readonly DateTimeOffset Sent = new(2026, 11, 22, 10, 15, 30, 250, TimeSpan.Zero);

    private static Alert Alert => new()
    {
        Id = "dijon.centre.haze.20261122T100000Z",
        Area = "dijon/centre",
        AreaName = "Centre",
        Rule = "haze",
        Sender = "streams@dijon.example",
        SentInMs = Sent.ToUnixTimeMilliseconds(),
        MessageType = AlertMessageType.Alert,
        Categories = [AlertCategory.Env],
        Responses = [AlertResponse.Shelter],
        Urgency = AlertUrgency.Immediate,
        Severity = AlertSeverity.Severe,
        Certainty = AlertCertainty.Observed,
        OnsetInMs = Sent.AddMinutes(-15).ToUnixTimeMilliseconds(),
        ExpiresInMs = Sent.AddHours(24).ToUnixTimeMilliseconds(),
        Texts = [new AlertText("en", "Haze", "Centre: haze", "Since 11:00.", "Stay in."), new AlertText("fr", "Brume", "Centre : brume", "Depuis 11:00.", "")],
        Place = new AreaDescription
        {
            Id = "dijon/centre",
            Polygon = [(47.31, 5.02), (47.33, 5.02), (47.33, 5.05), (47.31, 5.05)],
            Geocodes = ImmutableDictionary<string, string>.Empty.Add("INSEE", "21231"),
        },
        State = AlertState.Active,
        Evidence = [new AlertEvidence { DeviceId = "air-1", Metric = "pm2_5", Value = 321, Unit = "ug/m3", TimeInMs = Sent.ToUnixTimeMilliseconds() }],
        EvidenceLeftOut = 3,
        Revision = 1,
    };

    private static CapAlert Written(CapAlert document)
    {
        CapWriting writing = CapWriter.Write(document);
        Assert.True(writing.IsWritten, string.Join('\n', writing.Findings));
        Assert.Empty(writing.Findings);
        return CapReader.Read(writing.Bytes).Alert!;
    }

    [Fact]
    public void An_alert_becomes_a_message_with_one_info_block_for_each_language()
    {
        CapAlert document = Written(CapFromAlert.Of(Alert with { IncidentId = "inc-7" }, "Ville de Dijon"));

        Assert.Equal(("dijon.centre.haze.20261122T100000Z.1", "streams@dijon.example", CapMessageType.Alert), (document.Identifier, document.Sender, document.MessageType));
        Assert.Equal(["inc-7"], document.Incidents);
        Assert.Equal(["en", "fr"], document.Infos.Select(info => info.Language));
        Assert.Equal(["Stay in.", null], document.Infos.Select(info => info.Instruction));
        CapInfo info = document.Infos[0];
        Assert.Equal(("Haze", "Centre: haze", "Ville de Dijon"), (info.Event, info.Headline, info.SenderName));
        Assert.Equal("device air-1 pm2_5 321 ug/m3 2026-11-22T10:15:30-00:00", info.Parameters.Single(parameter => parameter.Name == "streams-evidence").Value);
        Assert.Equal("3", info.Parameters.Single(parameter => parameter.Name == "streams-evidence-left-out").Value);
        Assert.Equal([new CapValue("streams-area", "dijon/centre"), new CapValue("INSEE", "21231")], info.Areas[0].Geocodes);
    }

    [Fact]
    public void Times_are_whole_seconds_and_UTC_is_minus_zero() =>
        Assert.Contains("<sent>2026-11-22T10:15:30-00:00</sent>", System.Text.Encoding.UTF8.GetString(CapWriter.Write(CapFromAlert.Of(Alert)).Bytes!), StringComparison.Ordinal);

    [Fact]
    public void The_polygon_is_latitude_first_and_closed() =>
        Assert.Equal("47.31,5.02 47.33,5.02 47.33,5.05 47.31,5.05 47.31,5.02", Written(CapFromAlert.Of(Alert)).Infos[0].Areas[0].Polygons[0].ToString());

    [Fact]
    public void An_outline_of_many_corners_becomes_a_polygon_of_a_hundred_that_still_looks_like_it()
    {
        const int corners = 5_000;
        Alert round = Alert with
        {
            Place = new AreaDescription
            {
                Id = "dijon/centre",
                Polygon = [.. Enumerable.Range(0, corners).Select(i => (47.32 + (0.01 * Math.Sin(2 * Math.PI * i / corners)), 5.04 + (0.01 * Math.Cos(2 * Math.PI * i / corners))))],
            },
        };

        CapPolygon polygon = Written(CapFromAlert.Of(round)).Infos[0].Areas[0].Polygons[0];

        Assert.Equal(100, polygon.Points.Count);
        Assert.All(polygon.Points, point => Assert.Equal(0.01, Math.Sqrt(Math.Pow((double)point.Latitude - 47.32, 2) + Math.Pow((double)point.Longitude - 5.04, 2)), 4));
    }

    [Fact]
    public void An_area_without_an_outline_has_its_codes() => Assert.Empty(Written(CapFromAlert.Of(Alert with { Place = null })).Infos[0].Areas[0].Polygons);

    [Theory]
    [InlineData(AlertMessageType.Update, AlertState.Active, CapMessageType.Update)]
    [InlineData(AlertMessageType.Update, AlertState.Acknowledged, CapMessageType.Update)]
    [InlineData(AlertMessageType.Cancel, AlertState.Cleared, CapMessageType.Cancel)]
    [InlineData(AlertMessageType.Cancel, AlertState.Expired, CapMessageType.Cancel)]
    public void A_later_state_is_a_message_of_its_own_that_refers_to_the_earlier_one_as_that_was_written(AlertMessageType type, AlertState state, CapMessageType expected)
    {
        CapAlert first = Written(CapFromAlert.Of(Alert));
        CapAlert later = Written(CapFromAlert.Of(Alert with
        {
            MessageType = type,
            State = state,
            Revision = 2,
            SentInMs = Sent.AddMinutes(5).ToUnixTimeMilliseconds(),
            References = [$"streams@dijon.example,{Alert.Identifier},2026-11-22T10:15:30.250Z"],
        }));

        Assert.Equal((expected, "dijon.centre.haze.20261122T100000Z.2"), (later.MessageType, later.Identifier));
        Assert.Equal([new CapReference(first.Sender, first.Identifier, first.Sent)], later.References);
        Assert.Equal(2, later.Infos.Count);
        Assert.Equal(state.ToString().ToLowerInvariant(), later.Infos[0].Parameters.Single(parameter => parameter.Name == "streams-state").Value);
    }

    [Fact]
    public void That_it_is_over_is_not_thrown_away_as_expired()
    {
        DateTimeOffset ended = Sent.AddMinutes(-1);

        CapAlert over = Written(CapFromAlert.Of(Alert with
        {
            MessageType = AlertMessageType.Cancel,
            State = AlertState.Cleared,
            EndInMs = ended.ToUnixTimeMilliseconds(),
            ExpiresInMs = ended.ToUnixTimeMilliseconds(),
            References = ["a,b,2026-11-22T10:00:00.000Z"],
        }));

        Assert.Equal(over.Sent + CapFromAlert.OverStands, over.Infos[0].Expires);
        Assert.Equal("2026-11-22T10:14:30-00:00", over.Infos[0].Parameters.Single(parameter => parameter.Name == "streams-ended").Value);
    }

    [Fact]
    public void A_restricted_alert_says_to_whom_it_is_limited_and_an_exercise_that_it_is_one()
    {
        CapAlert document = Written(CapFromAlert.Of(Alert with { Scope = AlertScope.Restricted, Status = AlertStatus.Exercise }));

        Assert.Equal("operators of the city's systems", document.Restriction);
        Assert.NotNull(document.Note);
    }
}
