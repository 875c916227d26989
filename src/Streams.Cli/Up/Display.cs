using System.Globalization;
using Spectre.Console;
using Spectre.Console.Rendering;
using Streams.Cli.Commands;
using Streams.Cli.Output;

namespace Streams.Cli.Up;

/// <summary>Where a started node is to be found.</summary>
internal sealed record Whereabouts(string Title, Uri Http, string Kafka, string Data, string? Note);

/// <summary>Shows a running node until told to stop.</summary>
internal abstract class Display(Screen screen, Whereabouts where)
{
    protected Screen Screen { get; } = screen;

    protected Whereabouts Where { get; } = where;

    /// <summary>Returns when <paramref name="stop"/> is cancelled.</summary>
    public abstract Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop);

    protected static string Figures(Sample sample) => string.Create(
        CultureInfo.InvariantCulture,
        $"{sample.Readings:#,0} readings, {sample.ReadingsPerSecond:#,0}/s, lag {sample.Lag:#,0}; {sample.Devices:#,0} devices in {sample.Areas:#,0} areas; {sample.Anomalies:#,0} anomalies; {sample.DeadLetters:#,0} dead letters; alerts: {sample.Active}");

    protected static async Task<bool> WaitAsync(TimeSpan wait, TimeProvider time, CancellationToken stop)
    {
        try
        {
            await Task.Delay(wait, time, stop).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}

/// <summary>Lines for a log file or a pipe: where everything is, the figures every few seconds, and every new state of an alert.</summary>
internal sealed class PlainDisplay(Screen screen, Whereabouts where) : Display(screen, where)
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private const int LooksPerLine = 5;

    public override async Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop)
    {
        Screen.Line(Where.Title);
        Screen.Line($"HTTP   {Where.Http}");
        Screen.Line($"Kafka  {Where.Kafka}");
        Screen.Line($"Data   {Where.Data}");
        if (Where.Note is { } note)
        {
            Screen.Line(note);
        }

        var told = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int look = 1; await WaitAsync(LookEvery, time, stop).ConfigureAwait(false); look++)
        {
            Sample sample = take();
            foreach (AlertLine alert in sample.Newest.Reverse())
            {
                if (!told.TryGetValue(alert.Id, out int revision) || revision != alert.Revision)
                {
                    told[alert.Id] = alert.Revision;
                    Screen.Line($"alert  {alert.Severity} {alert.State}, since {alert.Onset}: {alert.Headline}");
                }
            }

            if (look % LooksPerLine == 0)
            {
                Screen.Line(Figures(sample));
            }

            Screen.Out.Flush();
        }
    }
}

/// <summary>A picture that is drawn over and over on a terminal.</summary>
internal sealed class LiveDisplay(Screen screen, Whereabouts where, RecentLines log) : Display(screen, where)
{
    private const int AlertsShown = 8;
    private static readonly TimeSpan DrawEvery = TimeSpan.FromMilliseconds(500);

    public override Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop) =>
        Screen.Console.Live(Draw(take())).AutoClear(false).Overflow(VerticalOverflow.Crop).StartAsync(async live =>
        {
            while (await WaitAsync(DrawEvery, time, stop).ConfigureAwait(false))
            {
                live.UpdateTarget(Draw(take()));
            }
        });

    internal IRenderable Draw(Sample sample)
    {
        Grid where = Pairs(("HTTP", Where.Http.ToString()), ("Kafka", Where.Kafka), ("Data", Where.Data));
        if (Where.Note is { } note)
        {
            where.AddRow(new Text(""), new Text(note, Style.Parse("grey")));
        }

        string Count(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);
        Grid figures = Pairs(
            ("readings", $"{Count(sample.Readings)}   {sample.ReadingsPerSecond.ToString("#,0", CultureInfo.InvariantCulture)}/s   lag {Count(sample.Lag)}"),
            ("devices", $"{Count(sample.Devices)} in {Count(sample.Areas)} areas   {Count(sample.Anomalies)} anomalies   {Count(sample.DeadLetters)} dead letters"),
            ("alerts", sample.Active));
        var parts = new List<IRenderable> { where, new Text(""), figures, new Text("") };
        if (sample.Newest.Count > 0)
        {
            Table alerts = new Table().Border(TableBorder.Rounded).AddColumns("severity", "state", "since", "alert");
            foreach (AlertLine alert in sample.Newest.Take(AlertsShown))
            {
                alerts.AddRow(Coloured(alert.Severity), Coloured(alert.State), new Text(alert.Onset), new Text(alert.Headline).Overflow(Overflow.Ellipsis));
            }

            parts.Add(alerts);
        }

        parts.AddRange(log.Last.Select(line => new Text(line, Style.Parse("yellow"))));
        parts.Add(new Text($"up {sample.Up:hh\\:mm\\:ss}   Ctrl-C stops", Style.Parse("grey")));
        return new Panel(new Rows(parts)).Header(Where.Title).Expand();
    }

    private static Grid Pairs(params (string Name, string Value)[] rows)
    {
        Grid grid = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        foreach ((string name, string value) in rows)
        {
            grid.AddRow(new Text(name, Style.Parse("grey")), new Text(value));
        }

        return grid;
    }

    private static Text Coloured(string word) => new(word, Colours.Of(word) is { } colour ? Style.Parse(colour) : null);
}
