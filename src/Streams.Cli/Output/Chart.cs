using System.Globalization;

namespace Streams.Cli.Output;

/// <summary>Numbers over time drawn with block characters.</summary>
internal static class Chart
{
    private const string Blocks = " ▁▂▃▄▅▆▇█";
    private const int Eighths = 8;
    private const int Rows = 6;

    /// <summary>One line of at most <paramref name="width"/> characters, from the smallest value to the greatest; NaN leaves a gap.</summary>
    public static string Sparkline(IReadOnlyList<double> values, int width, double? floor = null)
    {
        double[] points = Squeeze(values, width);
        if (!points.Any(double.IsFinite))
        {
            return "";
        }

        double least = floor ?? points.Where(double.IsFinite).Min();
        double span = points.Where(double.IsFinite).Max() - least;
        return string.Concat(points.Select(value => double.IsFinite(value) ? Blocks[1 + (span > 0 ? (int)Math.Round((value - least) / span * (Eighths - 1)) : 0)] : ' '));
    }

    /// <summary>Bars over time with the scale at the left and the times below; moments without a value stay empty.</summary>
    /// <param name="points">In order of time.</param>
    public static IEnumerable<string> Bars(IReadOnlyList<(DateTimeOffset At, double Value)> points, TimeSpan each, string unit, int width)
    {
        double most = Math.Max(0, points.Max(point => point.Value));
        double least = Math.Min(0, points.Min(point => point.Value));

        // Bars begin at zero where the values come near it, else only their differences are worth looking at.
        double low = points.Min(point => point.Value);
        if (low > 0 && low > 0.5 * most)
        {
            least = low - ((most - low) / 4);
        }

        double span = most > least ? most - least : 1;
        string[] scale = [Number(most), Number(least + (span / 2)), Number(least)];
        int margin = scale.Max(text => text.Length);
        double[] columns = Squeeze(OverTime(points, each), Math.Max(10, width - margin - 3));
        yield return unit.Length > 0 ? $"{new string(' ', margin)} {unit}" : "";
        for (int row = Rows - 1; row >= 0; row--)
        {
            string label = row == Rows - 1 ? scale[0] : row == Rows / 2 ? scale[1] : row == 0 ? scale[2] : "";
            yield return $"{label.PadLeft(margin)} │" + string.Concat(columns.Select(value =>
                double.IsFinite(value) ? Blocks[Math.Clamp((int)Math.Round((value - least) / span * Rows * Eighths) - (row * Eighths), row == 0 ? 1 : 0, Eighths)] : ' ')).TrimEnd();
        }

        string from = Fields.Time(points[0].At), to = Fields.Time(points[^1].At + each);
        yield return new string(' ', margin + 2) + (columns.Length > from.Length + to.Length + 2 ? from + to.PadLeft(columns.Length - from.Length) : from);
    }

    /// <summary>A value for each step of time between first and last; NaN where there is none.</summary>
    private static double[] OverTime(IReadOnlyList<(DateTimeOffset At, double Value)> points, TimeSpan each)
    {
        const int Most = 100_000;
        long steps = Math.Min(Most, ((points[^1].At - points[0].At) / each) is var span && span < Most ? (long)span + 1 : Most);
        double[] values = new double[steps];
        Array.Fill(values, double.NaN);
        foreach ((DateTimeOffset at, double value) in points)
        {
            values[(int)Math.Clamp((at - points[0].At) / each, 0, steps - 1)] = value;
        }

        return values;
    }

    /// <summary>So many points that they fit: each is the mean of those that fall together.</summary>
    private static double[] Squeeze(IReadOnlyList<double> values, int width)
    {
        if (values.Count <= width)
        {
            return [.. values];
        }

        return [.. Enumerable.Range(0, width).Select(column =>
        {
            int from = (int)((long)column * values.Count / width), to = (int)((long)(column + 1) * values.Count / width);
            double[] part = [.. values.Skip(from).Take(to - from).Where(double.IsFinite)];
            return part.Length == 0 ? double.NaN : part.Average();
        })];
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 100 ? "0" : "0.##", CultureInfo.InvariantCulture);
}
