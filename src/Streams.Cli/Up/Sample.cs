using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Node.Api;
using Streams.Runtime.Storage;

namespace Streams.Cli.Up;

/// <summary>An alert as the display shows it.</summary>
internal readonly record struct AlertLine(string Id, int Revision, string Severity, string State, string Onset, string Headline)
{
    public static AlertLine Of(Document document)
    {
        using JsonDocument json = JsonDocument.Parse(document.Body);
        JsonElement alert = json.RootElement;
        JsonElement info = alert.At("info.0");
        string headline = info.Text("headline") is { Length: > 0 } text ? text : info.Text("event");
        return new AlertLine(document.Id, (int)(alert.NumberAt("revision") ?? 0), info.Text("severity"), alert.Text("state"), info.Text("onset"), headline);
    }
}

/// <summary>What a node shows of itself at one moment.</summary>
/// <param name="Readings">Readings applied since the start.</param>
/// <param name="ReadingsPerSecond">Since the sample before.</param>
/// <param name="Lag">Readings in Kafka that were not yet applied.</param>
/// <param name="ActiveBySeverity">Active alerts, the severest first.</param>
/// <param name="Newest">The alerts that changed last, newest first.</param>
internal sealed record Sample(
    TimeSpan Up,
    long Readings,
    double ReadingsPerSecond,
    long Lag,
    long Devices,
    long Areas,
    long Anomalies,
    long DeadLetters,
    IReadOnlyList<(string Severity, int Count)> ActiveBySeverity,
    IReadOnlyList<AlertLine> Newest)
{
    public string Active => ActiveBySeverity.Count == 0 ? "none" : string.Join(", ", ActiveBySeverity.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Count} {each.Severity}")));
}

/// <summary>Takes samples of a node in this process.</summary>
internal sealed class Sampler(INodeView node, IStore store, TimeProvider time)
{
    /// <summary>Active alerts counted at most; a city has dozens, and each sample reads them all.</summary>
    private const int MostActive = 500;

    /// <summary>More than change between two samples, so that who lists changes misses none.</summary>
    private const int NewestTaken = 100;

    private static readonly string[] Severities = ["Extreme", "Severe", "Moderate", "Minor"];

    private readonly long _startedAt = time.GetTimestamp();
    private long _takenAt = time.GetTimestamp();
    private long _readings;
    private Sample? _last;

    /// <summary>The present figures; where the store is busy or away, its part is that of the sample before.</summary>
    public Sample Take()
    {
        NodeFigures figures = node.Figures();
        long readings = figures.Applied.GetValueOrDefault("device");
        TimeSpan since = time.GetElapsedTime(_takenAt);
        double perSecond = since > TimeSpan.Zero ? Math.Max(0, readings - _readings) / since.TotalSeconds : 0;
        _takenAt = time.GetTimestamp();
        _readings = readings;
        Sample sample = (_last ?? new Sample(default, 0, 0, 0, 0, 0, 0, 0, [], [])) with
        {
            Up = time.GetElapsedTime(_startedAt),
            Readings = readings,
            ReadingsPerSecond = perSecond,
            Lag = node.Shards().Sum(shard => shard.Lag ?? 0),
        };
        try
        {
            IReadOnlyList<AlertLine> active = [.. store.Query(new DocumentQuery("alerts", State: "active", Limit: MostActive)).Select(AlertLine.Of)];
            sample = sample with
            {
                Devices = store.Count("devices"),
                Areas = store.Count("areas"),
                Anomalies = store.Count("anomalies"),
                DeadLetters = store.Count("dead-letters"),
                ActiveBySeverity =
                [
                    .. active.GroupBy(alert => alert.Severity)
                        .OrderBy(group => Array.IndexOf(Severities, group.Key) is >= 0 and int rank ? rank : Severities.Length)
                        .Select(group => (group.Key, group.Count())),
                ],
                Newest = [.. store.Query(new DocumentQuery("alerts", Limit: NewestTaken)).Select(AlertLine.Of)],
            };
        }
        catch (StoreUnavailableException)
        {
            // The node itself says so in its log; the display goes on with what it has.
        }

        return _last = sample;
    }
}
