using Streams.Cli.Output;

namespace Streams.Cli.Up;

/// <summary>Where a started node is to be found.</summary>
internal sealed record Whereabouts(string Title, Uri Http, string Kafka, string Data, string? Note);

/// <summary>Shows a running node until told to stop.</summary>
internal abstract class Display(Screen screen, Whereabouts where)
{
    protected static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    protected Screen Screen { get; } = screen;

    protected Whereabouts Where { get; } = where;

    /// <summary>Returns when <paramref name="stop"/> is cancelled.</summary>
    public abstract Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop);

    protected void WriteWhereabouts()
    {
        Screen.Line(Where.Title);
        Screen.Line($"HTTP   {Where.Http}");
        Screen.Line($"Kafka  {Where.Kafka}");
        Screen.Line($"Data   {Where.Data}");
        if (Where.Note is { } note)
        {
            Screen.Line(note);
        }
    }

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
    private const int LooksPerLine = 5;

    public override async Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop)
    {
        WriteWhereabouts();
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
                Screen.Line(sample.ToString());
            }

            Screen.Out.Flush();
        }
    }
}

/// <summary>A picture that is drawn over itself once a second, on the terminal's other screen, so that what was there before comes back at the end.</summary>
internal sealed class LiveDisplay(Screen screen, Whereabouts where, RecentLines log) : Display(screen, where)
{
    private const string Enter = "\e[?1049h\e[?25l", Leave = "\e[?25h\e[?1049l", Home = "\e[H", ClearLine = "\e[K", ClearBelow = "\e[J";

    public override async Task RunAsync(Func<Sample> take, TimeProvider time, CancellationToken stop)
    {
        Sample sample = take();
        Screen.Out.Write(Enter);
        try
        {
            do
            {
                sample = take();
                (int width, int height) = Screen.Size;
                Screen.Console.Profile.Width = width;

                // All at once, each line over its old self: nothing flickers, and a resized terminal is right again within a second.
                IEnumerable<string> lines = new Picture(Where, sample, log.Last, time.GetUtcNow(), width, height).Lines().Select(line => Screen.Ansi(line) + ClearLine);
                Screen.Out.Write(Home + string.Join("\r\n", lines) + ClearBelow);
                Screen.Out.Flush();
            }
            while (await WaitAsync(LookEvery, time, stop).ConfigureAwait(false));
        }
        finally
        {
            Screen.Out.Write(Leave);
            WriteWhereabouts();
            Screen.Line(sample.ToString());
        }
    }
}
