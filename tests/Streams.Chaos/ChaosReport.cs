using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Chaos.Checks;

namespace Streams.Chaos;

/// <summary>What a run did, what it checked, and what it found.</summary>
public sealed record ChaosReport
{
    public required int Seed { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Where the logs of all processes are; null where they were thrown away.</summary>
    public required string? Folder { get; init; }

    public required IReadOnlyDictionary<string, int> Faults { get; init; }

    public required IReadOnlyDictionary<string, int> CrashesHit { get; init; }

    /// <summary>Armed, and the process never came there.</summary>
    public required IReadOnlyDictionary<string, int> CrashesMissed { get; init; }

    /// <summary>Input: readings sent, in the log, accepted, refused and so on.</summary>
    public required IReadOnlyDictionary<string, long> Input { get; init; }

    /// <summary>What the cluster did.</summary>
    public required IReadOnlyDictionary<string, long> Work { get; init; }

    /// <summary>What was compared.</summary>
    public required IReadOnlyDictionary<string, long> Checked { get; init; }

    /// <summary>By fault, in seconds.</summary>
    public required IReadOnlyDictionary<string, Spread> Recoveries { get; init; }

    /// <summary>Longest time from a reading to its decision during a rolling restart, in seconds; null where there was none.</summary>
    public required double? LongestDecisionInRoll { get; init; }

    public required IReadOnlyDictionary<string, int> ViolationCounts { get; init; }

    public required IReadOnlyList<Violation> Violations { get; init; }

    /// <summary>From the start of the run; null where none was found.</summary>
    public required double? FirstViolationAfterSeconds { get; init; }

    public int ViolationCount => ViolationCounts.Values.Sum();

    /// <param name="Times">How often.</param>
    public sealed record Spread(int Times, double Min, double Median, double Max)
    {
        public static Spread Of(IEnumerable<TimeSpan> times)
        {
            double[] sorted = [.. times.Select(time => Math.Round(time.TotalSeconds, 1)).Order()];
            return new Spread(sorted.Length, sorted[0], sorted[sorted.Length / 2], sorted[^1]);
        }
    }

    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"seed {Seed}, {Seconds:0} s");
        Line("faults", Faults.Select(each => $"{each.Key} {each.Value}"));
        Line("crash points", CrashesHit.Select(each => $"{each.Key} {each.Value}").Concat(CrashesMissed.Select(each => $"{each.Key} not reached {each.Value}")));
        Line("input", Input.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Value:N0}")));
        Line("cluster", Work.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Value:N0}")));
        Line("checked", Checked.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Key} {each.Value:N0}")));
        foreach ((string fault, Spread spread) in Recoveries)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  recovered from {fault}: {spread.Times} times, after {spread.Min:0.0} / {spread.Median:0.0} / {spread.Max:0.0} s (min / median / max)");
        }

        if (LongestDecisionInRoll is { } longest)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"longest from reading to decision in a rolling restart: {longest:0.0} s");
        }

        foreach (Violation violation in Violations)
        {
            text.AppendLine("VIOLATION " + violation);
        }

        Line("violations", ViolationCount == 0 ? ["0"] : [$"{ViolationCount}", .. ViolationCounts.Select(each => $"{each.Key} {each.Value}")]);
        if (FirstViolationAfterSeconds is { } first)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"the first after {first:0} s");
        }

        if (Folder is not null)
        {
            text.AppendLine("logs: " + Folder);
        }

        return text.ToString().TrimEnd();

        void Line(string name, IEnumerable<string> parts) => text.AppendLine($"{name}: {string.Join(", ", parts)}");
    }
}
