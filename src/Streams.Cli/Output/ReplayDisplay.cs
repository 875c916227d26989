using System.Globalization;
using Streams.Simulator.Replay;

namespace Streams.Cli.Output;

/// <summary>The progress of a replay, or of a simulation, which has no end: one line drawn over and over on a terminal, else a line every few seconds.</summary>
internal sealed class ReplayDisplay(TextWriter to, bool isTerminal, int width) : IProgress<ReplayProgress>
{
    private static readonly TimeSpan LineEvery = TimeSpan.FromSeconds(5);
    private TimeSpan _lineAt = LineEvery;
    private bool _drawn;

    public void Report(ReplayProgress value)
    {
        if (isTerminal)
        {
            string text = Text(value);
            string bar = value.Fraction > 0 ? Bar(value.Fraction, Math.Clamp(width - text.Length - 4, 0, 30)) : "";
            to.Write("\r" + (bar + text).PadRight(width - 1)[..(width - 1)]);
            _drawn = true;
        }
        else if (value.Elapsed >= _lineAt)
        {
            _lineAt = value.Elapsed + LineEvery;
            to.WriteLine(Text(value));
        }
    }

    /// <summary>Leaves the line, so that what follows stands below it.</summary>
    public void End()
    {
        if (_drawn)
        {
            to.WriteLine();
            _drawn = false;
        }
    }

    internal static string Text(in ReplayProgress progress)
    {
        string eventTime = progress.EventTimeInMs is { } ms ? ", at " + DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm'Z'", CultureInfo.InvariantCulture) : "";
        string left = progress.Left is { } time ? ", " + (time.TotalHours >= 1 ? $"{(int)time.TotalHours} h {time.Minutes} min" : time.TotalMinutes >= 1 ? $"{time.Minutes} min {time.Seconds} s" : $"{time.Seconds} s") + " left" : "";
        string unusable = progress.UnusableRows > 0 ? string.Create(CultureInfo.InvariantCulture, $", {progress.UnusableRows:#,0} rows unusable") : "";
        string share = progress.Fraction > 0 ? string.Create(CultureInfo.InvariantCulture, $"{progress.Fraction * 100:0} %, ") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{share}{progress.Sent:#,0} readings, {progress.PerSecond:#,0}/s{eventTime}{left}{unusable}");
    }

    private static string Bar(double fraction, int cells)
    {
        if (cells < 5)
        {
            return "";
        }

        int full = (int)Math.Round(fraction * cells);
        return "[" + new string('#', full) + new string('.', cells - full) + "] ";
    }
}
