using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;

namespace Streams.Node.Configuration;

/// <summary>
/// <c>cities/NAME/city.yaml</c>: what the city is called and speaks, where and under which sky it lies.
/// <code>
/// title: Dijon Métropole
/// timeZone: Europe/Paris
/// languages: [fr, en]             # of its alerts, the main one first
/// centre: [5.0415, 47.322]        # longitude, latitude
/// climate:                        # twelve figures each, January first
///   temperature: [2.3, 3.4, ...]  # mean, Cel; dailySwing (Cel), rain (mm a month), rainyDays, wind (m/s), sunshine (hours a month)
/// attribution: ["Outlines: ..."]
/// lines:
///   ouche: { title: Ouche, points: [[4.97, 47.33], [5.07, 47.29]] }
/// </code>
/// </summary>
public static class CityFile
{
    private const int MostLines = 100;

    private static readonly Form<TimeZoneInfo> Zone = new(
        "an IANA time zone that this machine knows (package tzdata), such as Europe/Paris",
        static (YamlScalar scalar, out TimeZoneInfo value) =>
        {
            // Without any time zone data the rhythm of the days is kept by the longitude, which is better than no city.
            bool isKnown = TimeZoneInfo.TryFindSystemTimeZoneById(scalar.Text, out TimeZoneInfo? found) && found.HasIanaId;
            value = found ?? TimeZoneInfo.Utc;
            return isKnown || (IsWithoutZones && scalar.Text.Contains('/', StringComparison.Ordinal));
        });

    private static bool IsWithoutZones { get; } = !TimeZoneInfo.TryFindSystemTimeZoneById("Europe/Paris", out _);

    /// <summary>The city without areas, devices and scenarios, under the name of its folder.</summary>
    /// <param name="languages">Those that the rules can say; null where that is not known.</param>
    public static City Read(YamlFile file, string name, IReadOnlyList<string>? languages)
    {
        YamlSection root = file.Root;
        ImmutableArray<double> centre = root.List("centre", Form.Number(-180, 180), required: true);
        if (root.IsSound("centre") && (centre.Length != 2 || Math.Abs(centre[1]) > 90))
        {
            root.Fault("centre", "is no point", "[longitude, latitude] in degrees, such as [5.04, 47.32]");
        }

        TimeZoneInfo zone = root.Required("timeZone", Zone) ?? TimeZoneInfo.Utc;
        var city = new City
        {
            Name = name,
            Title = root.Required("title", Form.Text(100)),
            TimeZone = IsWithoutZones && centre.Length == 2 ? SunTime(centre[0]) : zone,
            Languages = ReadLanguages(root, languages),
            Latitude = centre.ElementAtOrDefault(1),
            Longitude = centre.ElementAtOrDefault(0),
            Climate = ReadClimate(root.Section("climate", required: true)),
            Attributions = root.List("attribution", Form.Text(500)),
            Lines = ReadLines(root.Section("lines")),
            Areas = [],
            Devices = [],
        };
        file.Finish();
        return city;
    }

    private static ImmutableArray<string> ReadLanguages(YamlSection root, IReadOnlyList<string>? known)
    {
        ImmutableArray<string> languages = root.List("languages", known is null ? AlertTextsSection.Language : Form.Choice(known.Select(each => (each, each))));
        if (root.Has("languages") && root.IsSound("languages") && languages.Length is 0 or > AlertContent.MostTexts)
        {
            root.Fault("languages", $"are {languages.Length}", $"1 to {AlertContent.MostTexts}, the main one first");
        }

        foreach ((int index, string language) in languages.Index())
        {
            if (languages.IndexOf(language) < index && language.Length > 0)
            {
                root.FaultOfItem("languages", index, $"is {language} again", "each language once");
            }
        }

        return languages;
    }

    private static TimeZoneInfo SunTime(double longitude)
    {
        TimeSpan offset = TimeSpan.FromHours(Math.Round(longitude / 15));
        return TimeZoneInfo.CreateCustomTimeZone("by longitude", offset, null, null);
    }

    private static Climate ReadClimate(YamlSection section)
    {
        ImmutableArray<double> Months(string key, double min, double max)
        {
            ImmutableArray<double> months = section.List(key, Form.Number(min, max), required: true);
            if (section.IsSound(key) && months.Length != 12)
            {
                section.Fault(key, $"has {months.Length} figures", "12, January first");
            }

            return months;
        }

        return new Climate(
            Months("temperature", -60, 50), Months("dailySwing", 0, 40), Months("rain", 0, 3000), Months("rainyDays", 0, 31), Months("wind", 0, 40),
            Months("sunshine", 0, 744));
    }

    private static ImmutableArray<CityLine> ReadLines(YamlSection section)
    {
        ImmutableArray<CityLine>.Builder lines = ImmutableArray.CreateBuilder<CityLine>();
        foreach ((string name, YamlSection line) in section.Entries(PopulationFile.Name))
        {
            ImmutableArray<(double Latitude, double Longitude)> points =
                [.. line.Rows("points", Form.Number(-180, 180), 2).Select(row => (row[1], row[0]))];
            if (line.IsSound("points") && (points.Distinct().Count() < 2 || points.Any(point => Math.Abs(point.Latitude) > 90)))
            {
                line.Fault("points", "are no line", "two or more different pairs [longitude, latitude]");
            }

            lines.Add(new CityLine(name, line.Required("title", Form.Text(100)), points));
        }

        if (lines.Count > MostLines)
        {
            section.Fault("", $"are {lines.Count}", $"at most {MostLines}");
        }

        return lines.ToImmutable();
    }
}
