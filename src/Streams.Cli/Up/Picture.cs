using System.Globalization;
using Streams.Cli.Output;
using Line = (string Text, string? Style)[];

namespace Streams.Cli.Up;

/// <summary>
/// One picture of a running node as lines that fit a terminal: what matters most first; a small one shows fewer alerts and sums up where
/// a large one lists.
/// </summary>
internal sealed class Picture(Whereabouts where, Sample sample, IReadOnlyList<string> warnings, DateTimeOffset now, int width, int height)
{
    private const int Label = 11;
    private const int Wide = 110;
    private const int FewestAlerts = 3;
    private const string Grey = "grey";

    /// <summary>At most as many lines as the terminal has, none wider than it.</summary>
    public IEnumerable<Line> Lines()
    {
        List<Line> top = [Title(), Whereabouts(), .. Note(), [], .. Figures()];
        List<Line> bottom = [.. Warnings(), Hints()];
        int room = height - top.Count - bottom.Count - 2;
        List<Line> middle = width >= Wide && room >= 14 ? SideBySide(Domains(), Areas(room / 2)) : [DomainsInALine(), .. AreasInALine()];
        if (middle.Count + FewestAlerts + 2 > room)
        {
            middle = middle[..Math.Max(0, Math.Min(middle.Count, room - FewestAlerts - 2))];
        }

        List<Line> alerts = Alerts(room - middle.Count - 1);
        List<Line> all = [.. top, .. middle, [], .. alerts];

        // What is left is above the last lines, which keep their place.
        while (all.Count + bottom.Count < height - 1)
        {
            all.Add([]);
        }

        return all.Concat(bottom).Take(height).Select(Fit);
    }

    private Line Title()
    {
        string up = $"up {(int)sample.Up.TotalHours:00}:{sample.Up:mm\\:ss}";
        string city = "";
        if (sample.Simulation is { } facts)
        {
            string speed = facts.Speed != 1 ? string.Create(CultureInfo.InvariantCulture, $" (x{facts.Speed:0.##})") : "";
            string name = where.Title.Contains(facts.Title, StringComparison.Ordinal) ? "there it is" : facts.Title + ":";
            string whole = $"{name} {Clock("ddd yyyy-MM-dd HH:mm:ss")}{speed}   ";
            city = Cells.Width(where.Title) + Cells.Width(whole) + up.Length + 2 <= width ? whole : $"{Clock("HH:mm:ss")}{speed}   ";
            string Clock(string form) => facts.Time.UtcDateTime.ToString(form, CultureInfo.InvariantCulture) + "Z";
        }

        return [(where.Title, "bold"), (new string(' ', Math.Max(2, width - Cells.Width(where.Title) - Cells.Width(city) - up.Length)), null), (city, "aqua"), (up, Grey)];
    }

    private Line Whereabouts() =>
        [("HTTP ", Grey), (where.Http.ToString(), null), ("  Kafka ", Grey), (where.Kafka, null), ("  Data ", Grey), (where.Data, null)];

    private IEnumerable<Line> Note() => where.Note is { } note && height >= 30 ? [[(note, Grey)]] : [];

    private List<Line> Figures()
    {
        string rate = string.Create(CultureInfo.InvariantCulture, $"{sample.ReadingsPerSecond:#,0}/s").PadRight(10);
        string total = string.Create(CultureInfo.InvariantCulture, $"  {sample.Readings:#,0} since the start");
        int spark = Math.Clamp(width - Label - rate.Length - total.Length - 1, 0, 60);
        List<Line> lines =
        [
            [Named("Readings"), (rate, "bold"), (Chart.Sparkline([.. sample.Rates.TakeLast(spark * Math.Max(1, sample.Rates.Count / Math.Max(1, spark)))], spark, floor: 0), "green"), (total, Grey)],
            [Named("Lag"), (string.Create(CultureInfo.InvariantCulture, $"{sample.Lag:#,0} readings"), sample.Lag > 10 * (sample.ReadingsPerSecond + 10) ? "yellow" : null),
                (string.Create(CultureInfo.InvariantCulture, $"   CPU {sample.CoresUsed:0.0} of {Environment.ProcessorCount} cores   {sample.MemoryInBytes / 1_000_000:#,0} MB"), null),
                (Delay(), null)],
            [Named("Devices"), (string.Create(CultureInfo.InvariantCulture, $"{sample.Devices:#,0} in {sample.Areas:#,0} areas   "), null), .. States(sample.Domains.Sum(each => each.Ok), sample.Domains.Sum(each => each.Anomalous), sample.Domains.Sum(each => each.Silent))],
            [Named("Alerts"), .. sample.ActiveBySeverity.Count == 0 ? [("none active", "green")] : sample.ActiveBySeverity.SelectMany(each => new (string, string?)[] { ($"{each.Count} {each.Severity}", Colours.Of(each.Severity)), ("  ", null) }),
                (string.Create(CultureInfo.InvariantCulture, $"   {sample.Anomalies:#,0} anomalies so far"), Grey), (string.Create(CultureInfo.InvariantCulture, $"   {sample.DeadLetters:#,0} refused"), sample.DeadLetters > 0 ? "yellow" : Grey)],
        ];
        if (sample.Simulation is { Running.Count: > 0 } city)
        {
            lines.Add([Named("Scenarios"), (string.Join(", ", city.Running), "aqua")]);
        }

        return lines;
    }

    private string Delay() => sample.Delay switch
    {
        null => "",
        { Alerts: 1 } only => $"   reading to alert {Watch.ScenarioFeed.Spoken(only.Slowest)}",
        { } several => $"   reading to alert p50 {Watch.ScenarioFeed.Spoken(several.Median)}, p99 {Watch.ScenarioFeed.Spoken(several.Slowest)}",
    };

    private static IEnumerable<(string, string?)> States(long ok, long anomalous, long silent)
    {
        yield return (string.Create(CultureInfo.InvariantCulture, $"{ok:#,0} ok"), Colours.Of("ok"));
        yield return (string.Create(CultureInfo.InvariantCulture, $"  {anomalous:#,0} anomalous"), anomalous > 0 ? Colours.Of("anomalous") : Grey);
        yield return (string.Create(CultureInfo.InvariantCulture, $"  {silent:#,0} silent"), silent > 0 ? Colours.Of("silent") : Grey);
    }

    private Line DomainsInALine() =>
        [Named("Domains"), (string.Join("  ", sample.Domains.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Domain} {each.All:#,0}"))), null)];

    private List<Line> Domains() =>
    [
        [("Domain        devices  anomalous  silent", Grey)],
        .. sample.Domains.Select(each => new (string, string?)[]
        {
            (each.Domain.PadRight(13), null),
            (string.Create(CultureInfo.InvariantCulture, $"{each.All,8:#,0}"), null),
            (string.Create(CultureInfo.InvariantCulture, $"{each.Anomalous,11:#,0}"), each.Anomalous > 0 ? Colours.Of("anomalous") : Grey),
            (string.Create(CultureInfo.InvariantCulture, $"{each.Silent,8:#,0}"), each.Silent > 0 ? Colours.Of("silent") : Grey),
        }),
    ];

    private List<Line> AreasInALine()
    {
        return sample.WorstAreas.Count == 0
            ? []
            : [[Named("Areas"), .. sample.WorstAreas.GroupBy(each => each.Severity).SelectMany(group => new (string, string?)[] { (group.Key + " ", Colours.Of(group.Key)), (string.Join(", ", group.Select(each => each.Area)) + "   ", null) })]];
    }

    private List<Line> Areas(int most)
    {
        long calm = Math.Max(0, sample.Areas - sample.WorstAreas.Count);
        List<Line> lines = [[("Areas by their worst active alert", Grey)]];
        lines.AddRange(sample.WorstAreas.Take(most).Select(each => new (string, string?)[] { (each.Severity.PadRight(10), Colours.Of(each.Severity)), (each.Area, null) }));
        if (sample.WorstAreas.Count > most)
        {
            lines.Add([($"and {sample.WorstAreas.Count - most} more", Grey)]);
        }

        lines.Add([("none".PadRight(10), Colours.Of("ok")), ($"{calm} {(sample.WorstAreas.Count > 0 ? "others" : "areas")}", null)]);
        return lines;
    }

    private List<Line> SideBySide(List<Line> left, List<Line> right)
    {
        int half = Math.Min(60, width / 2);
        return
        [
            .. new Line[] { [] },
            .. Enumerable.Range(0, Math.Max(left.Count, right.Count)).Select(at =>
            {
                (string, string?)[] first = at < left.Count ? left[at] : [];
                return (IEnumerable<(string, string?)>)[.. first, (new string(' ', Math.Max(2, half - first.Sum(part => Cells.Width(part.Item1)))), null), .. at < right.Count ? right[at] : []];
            }).Select(parts => parts.ToArray()),
        ];
    }

    private List<Line> Alerts(int lines)
    {
        if (sample.Newest.Count == 0 || lines < 2)
        {
            return lines < 1 ? [] : [[(sample.Newest.Count == 0 ? "No alert yet." : $"Latest: {Cells.Clean(sample.Newest[0].Headline)}", Grey)]];
        }

        int area = Math.Clamp(sample.Newest.Take(lines - 1).Max(alert => Cells.Width(alert.Area)), 4, width >= Wide ? 32 : 16);
        return
        [
            [("Latest alerts", Grey)],
            .. sample.Newest.Take(lines - 1).Select(alert =>
            {
                string word = alert.State == "active" ? alert.Severity : alert.State;
                return new (string, string?)[]
                {
                    (word.PadRight(Label), Colours.Of(word)),
                    (Ago(now - alert.SentAt).PadRight(11), Grey),
                    (Cells.Pad(Cells.Shorten(alert.Area, area), area) + "  ", null),
                    (Cells.Clean(alert.Headline), alert.State == "active" ? null : Grey),
                };
            }),
        ];
    }

    private IEnumerable<Line> Warnings() => warnings.TakeLast(height >= 35 ? 3 : 1).Select(line => new (string, string?)[] { (Cells.Clean(line), "yellow") });

    private Line Hints()
    {
        Line line = [("Ctrl-C stops.  In another terminal:", Grey)];
        string[] tries = ["streams alert watch", "streams area tree", "streams device list", $"curl {where.Http}api/v1/alerts"];
        if (sample.Simulation is { Startable: [var first, ..] })
        {
            tries = [$"streams scenario start {first}", .. tries];
        }

        foreach (string each in tries)
        {
            Line more = [.. line, ("  ", null), (each, "aqua")];
            line = more.Sum(part => Cells.Width(part.Text)) <= width ? more : line;
        }

        return line;
    }

    private static (string, string?) Named(string name) => (name.PadRight(Label), Grey);

    /// <summary>Cut at the terminal's width.</summary>
    private Line Fit(Line line)
    {
        var fitted = new List<(string, string?)>();
        int left = width;
        foreach ((string text, string? style) in line)
        {
            int cells = Cells.Width(text);
            fitted.Add((cells <= left ? text : Cells.Shorten(text, left), style));
            left -= cells;
            if (left <= 0)
            {
                break;
            }
        }

        return [.. fitted];
    }

    private static string Ago(TimeSpan span) => span.TotalSeconds < 60 ? $"{Math.Max(0, (int)span.TotalSeconds)} s ago"
        : span.TotalMinutes < 60 ? $"{(int)span.TotalMinutes} min ago"
        : span.TotalHours < 48 ? $"{(int)span.TotalHours} h ago"
        : $"{(int)span.TotalDays} d ago";
}
