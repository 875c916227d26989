using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;

namespace Streams.Node.Tests.Incidents;

/// <summary>
/// What happened in recorded cities, by public record or by the data, must have been said: an alert of a fitting rule, in the
/// place, whose onset lies within the incident or up to one reporting interval before. And quiet places must have stayed quiet.
/// </summary>
public sealed class RealIncidents(ITestOutputHelper output)
{
    private const string Beijing = "air_beijing_2015-11_2016-02";
    private const string Berlin = "traffic_berlin_2024-10_2024-12";
    private const string Boston = "requests_boston_2015-01_and_06-07_09-10";
    private const string London = "electricity_london_2013-10_2013-12";
    private const string LosAngeles = "traffic_losangeles_2012-03-01_07";
    private const string Malaga = "parking_malaga_2023-03_2023-09";
    private const string Melbourne = "pedestrian_melbourne_2014-01_2015-02";
    private const string Montgomery = "emergency_montgomery_2016-01_2017-12";
    private const string NewYork = "taxi_newyork_2014-07_2014-12";
    private const string Seoul = "noise_seoul_2025-01_03";
    private const string TwinCities = "traffic_twincities_2015";
    private const string UsEast = "waterlevel_useast_2014-06-30_07-07";

    private static readonly ConcurrentDictionary<string, Lazy<CityRecording>> Played = new();

    [Theory]
    [InlineData("S01", Beijing, "fine-particles", "beijing", "2015-11-27T17:00+08:00", "2015-12-02T00:00+08:00")]
    [InlineData("S02", Beijing, "fine-particles", "beijing", "2015-12-08T07:00+08:00", "2015-12-10T12:00+08:00")]
    [InlineData("S03", Beijing, "fine-particles", "beijing", "2015-12-19T07:00+08:00", "2015-12-23T00:00+08:00")]
    [InlineData("S04", Beijing, "fine-particles", "beijing", "2015-12-24T21:00+08:00", "2015-12-26T13:00+08:00")]
    [InlineData("S05", Beijing, "fine-particles", "beijing", "2015-12-29T16:00+08:00", "2016-01-03T06:00+08:00")]
    [InlineData("S06", Beijing, "fine-particles", "beijing", "2016-02-08T00:00+08:00", "2016-02-08T08:00+08:00")]
    [InlineData("S07", Beijing, "severe-cold", "beijing", "2016-01-22T12:00+08:00", "2016-01-25T12:00+08:00")]
    [InlineData("S11", Melbourne, "crowd", "melbourne", "2014-02-22T19:00+11:00", "2014-02-23T07:00+11:00")]
    [InlineData("S12", Melbourne, "crowd", "melbourne", "2014-09-26T11:00+10:00", "2014-09-26T14:00+10:00")]
    [InlineData("S14", Melbourne, "sensor-silent", "melbourne", "2014-02-24T00:00+11:00", "2014-04-01T00:00+11:00")]
    [InlineData("S20", Boston, "snow", "boston", "2015-01-26T18:00-05:00", "2015-01-30T23:59-05:00")]
    [InlineData("S22", Boston, "traffic-signals", "boston", "2015-09-30T00:00-04:00", "2015-10-01T12:00-04:00")]
    [InlineData("S30", Montgomery, "accidents", "montgomery", "2016-02-15T12:00-05:00", "2016-02-15T15:00-05:00")]
    [InlineData("S31", Montgomery, "accidents", "montgomery", "2017-12-15T12:00-05:00", "2017-12-15T15:00-05:00")]
    [InlineData("S41", NewYork, "demand-low", "newyork", "2014-11-27T00:00-05:00", "2014-11-28T12:00-05:00")]
    [InlineData("S52", TwinCities, "travel-time", "twincities", "2015-08-31T15:44-05:00", "2015-09-01T13:06-05:00")]
    [InlineData("S62", LosAngeles, "sensor-stuck", "losangeles", "2012-03-01T00:00-08:00", "2012-03-07T23:59-08:00")]
    [InlineData("S70", UsEast, "high-water", "useast/oregon-inlet-marina-nc", "2014-07-04T08:00+00:00", "2014-07-04T16:00+00:00")]
    [InlineData("S80", Seoul, "loud", "seoul/city-hall", "2025-01-11T12:00+09:00", "2025-01-11T16:00+09:00")]
    [InlineData("S81", Seoul, "loud", "seoul/city-hall", "2025-01-18T11:00+09:00", "2025-01-18T15:00+09:00")]
    [InlineData("S82", Seoul, "loud", "seoul/city-hall", "2025-01-25T12:00+09:00", "2025-01-25T18:00+09:00")]
    [InlineData("S83", Seoul, "loud", "seoul/city-hall", "2025-02-01T11:00+09:00", "2025-02-01T17:00+09:00")]
    [InlineData("S84", Seoul, "loud", "seoul/city-hall", "2025-02-08T11:00+09:00", "2025-02-08T17:00+09:00")]
    [InlineData("S85", Seoul, "loud", "seoul/city-hall", "2025-02-15T11:00+09:00", "2025-02-15T17:00+09:00")]
    [InlineData("S86", Seoul, "loud", "seoul/city-hall", "2025-03-01T10:00+09:00", "2025-03-01T19:00+09:00")]
    [InlineData("S87", Seoul, "loud", "seoul/city-hall", "2025-03-08T11:00+09:00", "2025-03-08T18:00+09:00")]
    [InlineData("S88", Seoul, "loud", "seoul/city-hall", "2025-03-15T11:00+09:00", "2025-03-15T18:00+09:00")]
    [InlineData("S89", Seoul, "loud", "seoul/city-hall", "2025-03-22T11:00+09:00", "2025-03-22T18:00+09:00")]
    [InlineData("S8a", Seoul, "loud", "seoul/city-hall", "2025-03-29T11:00+09:00", "2025-03-29T17:00+09:00")]
    [InlineData("S90", Malaga, "sensor-stuck", "malaga", "2023-03-15T00:00+01:00", "2023-08-21T13:57+02:00", "mlg-pk-2 mlg-pk-3 mlg-pk-4 mlg-pk-5 mlg-pk-8 mlg-pk-10 mlg-pk-12")]
    [InlineData("S93", Malaga, "feed-outage", "malaga", "2023-04-19T16:59+02:00", "2023-04-25T11:58+02:00")]
    [InlineData("SA0", London, "sensor-silent", "london", "2013-10-07T00:00+00:00", "2013-12-31T23:30+00:00")]
    [InlineData("SD1", Berlin, "sensor-silent", "berlin", "2024-10-01T00:00+02:00", "2024-12-31T23:59+01:00")]
    public void It_was_said(string incident, string file, string rule, string place, string from, string to, string devices = "")
    {
        CityRecording city = Of(file);
        (Alert First, Alert Last)[] hits = [.. city.Stories.Where(story =>
            story.First.Rule.StartsWith(rule, StringComparison.Ordinal)
            && AreaPath.IsWithin(story.First.Area, place)
            && story.First.OnsetInMs >= Time(from) - 3_600_000
            && story.First.OnsetInMs <= Time(to))];
        output.WriteLine($"{incident}: {string.Join("\n", hits.Select(hit => $"{Day(hit.First.OnsetInMs)} {hit.First.Area}: {hit.First.Texts[0].Headline}"))}");
        Assert.NotEmpty(hits);
        Assert.All(devices.Split(' ', StringSplitOptions.RemoveEmptyEntries), device => Assert.Contains(device, city.DevicesOf(hits[0].First)));
    }

    [Theory]
    [InlineData("S91", "mlg-pk-9", "2023-06-01T12:02+02:00", "2023-08-21T13:57+02:00")]
    [InlineData("S92", "mlg-pk-1", "2023-08-29T02:33+02:00", "2023-09-30T23:59+02:00")]
    public void A_car_park_that_froze_was_named_while_it_was_frozen(string incident, string device, string from, string to)
    {
        CityRecording city = Of(Malaga);
        Alert[] naming = [.. city.Alerts.Where(alert =>
            alert.Rule == "sensor-stuck" && alert.State == AlertState.Active && alert.SentInMs >= Time(from) && alert.SentInMs <= Time(to)
            && CityRecording.DevicesNamed(alert).Contains(device))];
        output.WriteLine($"{incident}: {string.Join("\n", naming.Select(alert => $"{Day(alert.SentInMs)} {alert.Area} {alert.Texts[0].Headline}"))}");
        Assert.NotEmpty(naming);
    }

    [Fact]
    public void Florida_stays_quiet_while_the_hurricane_is_in_Carolina()
    {
        CityRecording city = Of(UsEast);
        Assert.DoesNotContain(city.Alerts, alert => alert.Rule is "high-water" or "low-water" && (alert.Area.EndsWith("-fl", StringComparison.Ordinal) || alert.Area == "useast"));
    }

    [Fact]
    public void Noise_stations_away_from_the_rally_stay_quiet() =>
        Assert.DoesNotContain(Of(Seoul).Alerts, alert => alert.Rule == "loud" && alert.Area != "seoul/city-hall");

    [Fact]
    public void An_office_entering_its_backlog_is_no_emergency()
    {
        CityRecording city = Of(Boston);
        Assert.DoesNotContain(city.Stories, story => story.First.OnsetInMs >= Time("2015-01-20T00:00-05:00") && story.First.OnsetInMs < Time("2015-01-21T00:00-05:00"));
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
    [InlineData("waste_edinburgh_2016-06_2016-08")]
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

    private static CityRecording Of(string file) => Played.GetOrAdd(file, name => new Lazy<CityRecording>(() => CityRecording.Play(name))).Value;

    private static long Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private static string Day(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
