using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using static Streams.Node.Tests.Incidents.Cities;

namespace Streams.Node.Tests.Incidents;

/// <summary>Something that happened in a recorded city, by public record or by the data, and what must be said of it.</summary>
/// <param name="Id">As in the recordings' own list of incidents.</param>
/// <param name="Rule">Alerts of rules whose id begins so are meant.</param>
/// <param name="Place">The alert is of this area or one inside it.</param>
/// <param name="Devices">Devices that the first such alert must name, apart by spaces.</param>
internal sealed record Incident(string Id, string File, string Rule, string Place, string From, string To, string Devices = "")
{
    /// <summary>The longest usual time between two readings in these recordings: an incident may be seen so long before its recorded beginning.</summary>
    private const long ReportingIntervalInMs = 3_600_000;

    /// <summary>An alert must be out by then: the last window of the incident has to end, and the last reading may come late.</summary>
    private const long MostDelayInMs = 3 * ReportingIntervalInMs;

    public long FromInMs { get; } = Time(From);

    public long ToInMs { get; } = Time(To);

    public static IReadOnlyList<Incident> All { get; } =
    [
        new("S01", Beijing, "fine-particles", "beijing", "2015-11-27T17:00+08:00", "2015-12-02T00:00+08:00"),
        new("S02", Beijing, "fine-particles", "beijing", "2015-12-08T07:00+08:00", "2015-12-10T12:00+08:00"),
        new("S03", Beijing, "fine-particles", "beijing", "2015-12-19T07:00+08:00", "2015-12-23T00:00+08:00"),
        new("S04", Beijing, "fine-particles", "beijing", "2015-12-24T21:00+08:00", "2015-12-26T13:00+08:00"),
        new("S05", Beijing, "fine-particles", "beijing", "2015-12-29T16:00+08:00", "2016-01-03T06:00+08:00"),
        new("S06", Beijing, "fine-particles", "beijing", "2016-02-08T00:00+08:00", "2016-02-08T08:00+08:00"),
        new("S07", Beijing, "severe-cold", "beijing", "2016-01-22T12:00+08:00", "2016-01-25T12:00+08:00"),
        new("S11", Melbourne, "crowd", "melbourne", "2014-02-22T19:00+11:00", "2014-02-23T07:00+11:00"),
        new("S12", Melbourne, "crowd", "melbourne", "2014-09-26T11:00+10:00", "2014-09-26T14:00+10:00"),
        new("S14", Melbourne, "sensor-silent", "melbourne/birrarung-marr", "2014-02-24T00:00+11:00", "2014-04-01T00:00+11:00"),
        new("S20", Boston, "snow", "boston", "2015-01-26T18:00-05:00", "2015-01-30T23:59-05:00"),
        new("S22", Boston, "traffic-signals", "boston", "2015-09-30T00:00-04:00", "2015-10-01T12:00-04:00"),
        new("S30", Montgomery, "accidents", "montgomery", "2016-02-15T12:00-05:00", "2016-02-15T15:00-05:00"),
        new("S31", Montgomery, "accidents", "montgomery", "2017-12-15T12:00-05:00", "2017-12-15T15:00-05:00"),
        new("S41", NewYork, "demand-low", "newyork", "2014-11-27T00:00-05:00", "2014-11-28T12:00-05:00"),
        new("S52", TwinCities, "travel-time", "twincities", "2015-08-31T15:44-05:00", "2015-09-01T13:06-05:00"),
        new("S62", LosAngeles, "sensor-stuck", "losangeles", "2012-03-01T00:00-08:00", "2012-03-07T23:59-08:00"),
        new("S70", UsEast, "high-water", "useast/oregon-inlet-marina-nc", "2014-07-04T08:00+00:00", "2014-07-04T16:00+00:00"),
        new("S80", Seoul, "loud", "seoul/city-hall", "2025-01-11T12:00+09:00", "2025-01-11T16:00+09:00"),
        new("S81", Seoul, "loud", "seoul/city-hall", "2025-01-18T11:00+09:00", "2025-01-18T15:00+09:00"),
        new("S82", Seoul, "loud", "seoul/city-hall", "2025-01-25T12:00+09:00", "2025-01-25T18:00+09:00"),
        new("S83", Seoul, "loud", "seoul/city-hall", "2025-02-01T11:00+09:00", "2025-02-01T17:00+09:00"),
        new("S84", Seoul, "loud", "seoul/city-hall", "2025-02-08T11:00+09:00", "2025-02-08T17:00+09:00"),
        new("S85", Seoul, "loud", "seoul/city-hall", "2025-02-15T11:00+09:00", "2025-02-15T17:00+09:00"),
        new("S86", Seoul, "loud", "seoul/city-hall", "2025-03-01T10:00+09:00", "2025-03-01T19:00+09:00"),
        new("S87", Seoul, "loud", "seoul/city-hall", "2025-03-08T11:00+09:00", "2025-03-08T18:00+09:00"),
        new("S88", Seoul, "loud", "seoul/city-hall", "2025-03-15T11:00+09:00", "2025-03-15T18:00+09:00"),
        new("S89", Seoul, "loud", "seoul/city-hall", "2025-03-22T11:00+09:00", "2025-03-22T18:00+09:00"),
        new("S8a", Seoul, "loud", "seoul/city-hall", "2025-03-29T11:00+09:00", "2025-03-29T17:00+09:00"),
        new("S90", Malaga, "sensor-stuck", "malaga", "2023-03-15T00:00+01:00", "2023-08-21T13:57+02:00", "mlg-pk-2 mlg-pk-3 mlg-pk-4 mlg-pk-5 mlg-pk-8 mlg-pk-10 mlg-pk-12"),
        new("S93", Malaga, "feed-outage", "malaga", "2023-04-19T16:59+02:00", "2023-04-25T11:58+02:00"),
        new("S94", Malaga, "parking-scarce", "malaga", "2023-04-06T10:00+02:00", "2023-04-06T23:59+02:00"),
        new("SA0", London, "sensor-silent", "london", "2013-10-07T00:00+00:00", "2013-12-31T23:30+00:00"),
        new("SB0", Edinburgh, "waste-overfull", "edinburgh", "2016-06-03T13:00+01:00", "2016-08-09T16:00+01:00"),
        new("SD1", Berlin, "sensor-silent", "berlin", "2024-10-01T00:00+02:00", "2024-12-31T23:59+01:00"),
    ];

    /// <summary>Alerts of a fitting rule, in the place, whose onset lies within the incident or up to one reporting interval before, and that was said before it was long over.</summary>
    public IReadOnlyList<(Alert First, Alert Last)> HitsIn(CityRecording city) =>
        [.. city.Stories.Where(story =>
            story.First.Rule.StartsWith(Rule, StringComparison.Ordinal)
            && AreaPath.IsWithin(story.First.Area, Place)
            && story.First.OnsetInMs >= FromInMs - ReportingIntervalInMs
            && story.First.OnsetInMs <= ToInMs
            && story.First.SentInMs <= ToInMs + MostDelayInMs)];

    public static long Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    public override string ToString() => Id;
}

/// <summary>The files of the recorded cities.</summary>
internal static class Cities
{
    public const string Beijing = "air_beijing_2015-11_2016-02";
    public const string Berlin = "traffic_berlin_2024-10_2024-12";
    public const string Boston = "requests_boston_2015-01_and_06-07_09-10";
    public const string Edinburgh = "waste_edinburgh_2016-06_2016-08";
    public const string London = "electricity_london_2013-10_2013-12";
    public const string LosAngeles = "traffic_losangeles_2012-03-01_07";
    public const string Malaga = "parking_malaga_2023-03_2023-09";
    public const string Melbourne = "pedestrian_melbourne_2014-01_2015-02";
    public const string Montgomery = "emergency_montgomery_2016-01_2017-12";
    public const string NewYork = "taxi_newyork_2014-07_2014-12";
    public const string Seoul = "noise_seoul_2025-01_03";
    public const string TwinCities = "traffic_twincities_2015";
    public const string UsEast = "waterlevel_useast_2014-06-30_07-07";
}
