using System.Globalization;
using System.Text.Json;
using Streams.Domain.Detection;
using Streams.Tests;

namespace Streams.Domain.Tests.Detection;

/// <summary>The general detector on the public part of the Numenta Anomaly Benchmark, scored as the benchmark does (profile "standard").</summary>
public sealed class NabTests(ITestOutputHelper output)
{
    [Fact]
    public void The_general_detector_scores_well_on_labelled_series()
    {
        string folder = RecordedData.Require("data", "nab");
        using JsonDocument labels = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "labels", "combined_windows.json")));
        double score = 0;
        int windows = 0;
        int alarms = 0;
        foreach (string file in Directory.EnumerateFiles(Path.Combine(folder, "data"), "*.csv", SearchOption.AllDirectories).Order())
        {
            string name = Path.GetRelativePath(Path.Combine(folder, "data"), file).Replace('\\', '/');
            (long AtInMs, double Value)[] rows = Read(file);
            (int From, int To)[] labelled = [.. labels.RootElement.GetProperty(name).EnumerateArray().Select(window =>
                (IndexOf(rows, window[0].GetString()!), IndexOf(rows, window[1].GetString()!)))];
            bool[] alarm = Detect(rows);
            alarms += alarm.Count(a => a);
            windows += labelled.Length;
            score += Score(alarm, labelled);
        }

        double normalized = 100 * (score + windows) / (2.0 * windows);
        output.WriteLine($"NAB standard, files that are here: {normalized:F1} ({windows} windows, {alarms} alarms)");
        Assert.InRange(normalized, 60, 100);
    }

    private static bool[] Detect((long AtInMs, double Value)[] rows)
    {
        UnusualState state = default;
        UnusualPace pace = UnusualPace.For(TimeSpan.FromMinutes(5), 0.5);
        bool[] alarm = new bool[rows.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            alarm[i] = state.Step(in pace, rows[i].Value, rows[i].AtInMs).IsAlarm;
        }

        return alarm;
    }

    /// <summary>Detections in the first 15 % (at most 750 rows) do not count; the first in a window counts by its place, every other one by its distance.</summary>
    private static double Score(bool[] alarm, (int From, int To)[] windows)
    {
        const double FalseAlarm = 0.11;
        int probation = Math.Min((int)(0.15 * alarm.Length), 750);
        double score = 0;
        foreach ((int from, int to) in windows)
        {
            int hit = Enumerable.Range(from, to - from + 1).FirstOrDefault(i => i >= probation && alarm[i], -1);
            score += hit < 0 ? -1 : Sigmoid(-(to - hit + 1.0) / (to - from + 1)) / Sigmoid(-1);
        }

        for (int i = probation; i < alarm.Length; i++)
        {
            if (!alarm[i] || windows.Any(window => i >= window.From && i <= window.To))
            {
                continue;
            }

            int at = Array.FindLastIndex(windows, window => window.To < i);
            score += FalseAlarm * (at < 0 ? -1 : Sigmoid((i - windows[at].To) / (double)(windows[at].To - windows[at].From)));
        }

        return score;
    }

    private static double Sigmoid(double x) => x > 3 ? -1 : (2 / (1 + Math.Exp(5 * x))) - 1;

    private static (long AtInMs, double Value)[] Read(string file) =>
        [.. File.ReadLines(file).Skip(1).Select(line => line.Split(',')).Select(cells => (At(cells[0]), double.Parse(cells[1], CultureInfo.InvariantCulture)))];

    private static int IndexOf((long AtInMs, double Value)[] rows, string stamp) =>
        Array.FindIndex(rows, row => row.AtInMs == At(stamp[..19]));

    private static long At(string stamp) =>
        new DateTimeOffset(DateTime.ParseExact(stamp, "yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeMilliseconds();
}
