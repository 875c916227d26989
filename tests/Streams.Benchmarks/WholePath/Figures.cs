using System.Text.Json;

namespace Streams.Benchmarks.WholePath;

/// <summary>Results as lines for people, and as JSON.</summary>
internal static class Figures
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public static void PrintHead() =>
        Console.WriteLine($"{"",-28}{"readings/s",12}{"CPU us",9}{"broker us",11}{"bytes",9}{"GC 0/1/2",13}{"paused ms",11}{"peak MB",9}");

    public static void Print(string title, StepResult result)
    {
        Usage usage = result.Usage;
        Console.WriteLine(FormattableString.Invariant(
            $"{title,-28}{result.ReadingsPerSecond,12:N0}{result.CpuInMicros,9:0.00}{result.BrokerCpuInMicros,11:0.00}{result.AllocatedInBytes,9:0.0}{string.Join('/', usage.Collections),13}{usage.PausedInMs,11:0.0}{usage.PeakWorkingSetInBytes >> 20,9}"));
        if (result.More.Count > 0)
        {
            Console.WriteLine("    " + string.Join(", ", result.More.Select(each => FormattableString.Invariant($"{each.Key} {each.Value:#,0.###}"))));
        }
    }

    public static void Summarize(
        IEnumerable<(string Name, string Title)> steps, Dictionary<string, List<StepResult>> results, string? json, SortedDictionary<string, object> about)
    {
        Console.WriteLine("medians:");
        SortedDictionary<string, double> medians = [];
        foreach ((string name, string title) in steps.Where(step => results[step.Name].Count > 0))
        {
            List<StepResult> runs = results[name];
            medians[name] = Median(runs, run => run.ReadingsPerSecond);
            Console.WriteLine(FormattableString.Invariant(
                $"{title,-28}{medians[name],12:N0}{Median(runs, run => run.CpuInMicros),9:0.00}{Median(runs, run => run.BrokerCpuInMicros),11:0.00}{Median(runs, run => run.AllocatedInBytes),9:0.0}"));
        }

        if (medians.TryGetValue("whole", out double whole) && medians.TryGetValue("parse", out double parse))
        {
            about["wholeOfParse"] = whole / parse;
            Console.WriteLine(FormattableString.Invariant($"whole path / managed consume and parse: {whole / parse:0.00}"));
        }

        if (json is not null)
        {
            File.WriteAllText(json, JsonSerializer.Serialize(new { about, medians, runs = results }, Indented));
        }
    }

    private static double Median(List<StepResult> runs, Func<StepResult, double> of)
    {
        double[] sorted = [.. runs.Select(of).Order()];
        return sorted[sorted.Length / 2];
    }
}
