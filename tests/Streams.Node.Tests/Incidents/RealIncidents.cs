using System.Globalization;
using System.Text;
using Streams.Domain.Alerts;
using static Streams.Node.Tests.Incidents.Cities;

namespace Streams.Node.Tests.Incidents;

/// <summary>
/// What happened in recorded cities, by public record or by the data, must have been said: an alert of a fitting rule, in the
/// place, whose onset lies within the incident or up to one reporting interval before. And quiet places must have stayed quiet.
/// </summary>
public sealed class RealIncidents(ITestOutputHelper output)
{
    public static TheoryData<string> Incidents => [.. Incident.All.Select(incident => incident.Id)];

    [Theory]
    [MemberData(nameof(Incidents))]
    public void It_was_said(string id)
    {
        Incident incident = Incident.All.Single(one => one.Id == id);
        CityRecording city = Of(incident.File);
        IReadOnlyList<(Alert First, Alert Last)> hits = incident.HitsIn(city);
        output.WriteLine($"{incident.Id}: {string.Join("\n", hits.Select(hit => $"{Day(hit.First.OnsetInMs)} {hit.First.Area}: {hit.First.Texts[0].Headline}"))}");
        Assert.NotEmpty(hits);
        Assert.All(incident.Devices.Split(' ', StringSplitOptions.RemoveEmptyEntries), device => Assert.Contains(device, city.DevicesOf(hits[0].First)));
    }

    [Theory]
    [InlineData("S91", "mlg-pk-9", "2023-06-01T12:02+02:00", "2023-08-21T13:57+02:00")]
    [InlineData("S92", "mlg-pk-1", "2023-08-29T02:33+02:00", "2023-09-30T23:59+02:00")]
    public void A_car_park_that_froze_was_named_while_it_was_frozen(string incident, string device, string from, string to)
    {
        CityRecording city = Of(Malaga);
        Alert[] naming = [.. city.Alerts.Where(alert =>
            alert.Rule == "sensor-stuck" && alert.State == AlertState.Active && alert.SentInMs >= Incident.Time(from) && alert.SentInMs <= Incident.Time(to)
            && CityRecording.DevicesNamed(alert).Contains(device))];
        output.WriteLine($"{incident}: {string.Join("\n", naming.Select(alert => $"{Day(alert.SentInMs)} {alert.Area} {alert.Texts[0].Headline}"))}");
        Assert.NotEmpty(naming);
    }

    [Fact]
    public void Florida_stays_quiet_while_the_hurricane_is_in_Carolina()
    {
        CityRecording city = Of(UsEast);
        Assert.Empty(QuietControls.Florida(city));
    }

    [Fact]
    public void Noise_stations_away_from_the_rally_stay_quiet() =>
        Assert.DoesNotContain(Of(Seoul).Alerts, alert => alert.Rule == "loud" && alert.Area != "seoul/city-hall");

    [Fact]
    public void An_office_entering_its_backlog_is_no_emergency()
    {
        CityRecording city = Of(Boston);
        Assert.Empty(QuietControls.Backlog(city));
    }

    [Fact]
    public void A_storm_that_the_meters_do_not_show_is_not_said()
    {
        CityRecording city = Of(London);
        Assert.DoesNotContain(city.Alerts, alert => alert.Rule == "power-outage");
    }

    [Theory]
    [InlineData(Beijing)]
    [InlineData(Berlin)]
    [InlineData("bikeshare_lille_2023-09-27")]
    [InlineData(Boston)]
    [InlineData(London)]
    [InlineData(LosAngeles)]
    [InlineData(Malaga)]
    [InlineData(Melbourne)]
    [InlineData(Montgomery)]
    [InlineData(NewYork)]
    [InlineData(Seoul)]
    [InlineData(TwinCities)]
    [InlineData(UsEast)]
    [InlineData(Edinburgh)]
    public void Every_reading_is_taken_and_alerts_are_counted_by_rule_and_month(string file)
    {
        CityRecording city = Of(file);
        var table = new StringBuilder();
        table.AppendLine(CultureInfo.InvariantCulture, $"{file}: {city.Readings} readings, {city.Stories.Count()} alerts, {city.Alerts.Count} states");
        foreach (var group in city.Stories.Where(story => story.First.OnsetInMs < city.LastReadingInMs)
            .GroupBy(story => (story.First.Rule, Month: Day(story.First.OnsetInMs)[..7])).OrderBy(group => group.Key))
        {
            table.AppendLine(CultureInfo.InvariantCulture, $"  {group.Key.Month} {group.Key.Rule}: {group.Count()}");
        }

        output.WriteLine(table.ToString());
        Assert.Empty(city.Refusals);
        Assert.True(city.Stories.Count() < 400, "a storm of alerts: " + table);
    }

    private static CityRecording Of(string file) => CityRecording.Of(file);

    private static string Day(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
