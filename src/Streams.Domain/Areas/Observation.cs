using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// What an area is told at once: by a shard of devices (many devices' windows already merged), by a child area, or by its
/// parent. One record on <c>city.observations</c>, keyed by the area's id. Reusable: <see cref="Clear"/> keeps the memory, that of windows for
/// all observations of the thread.
/// </summary>
/// <remarks>Windows are deltas: merging every delta of a window, in any order, gives the window. The runtime lets each observation take effect once.</remarks>
public sealed class Observation
{
    public List<ObservedSeries> Series { get; } = [];

    public List<PartialWindow> Windows { get; } = [];

    public List<MemberUpdate> Members { get; } = [];

    public List<AnomalyNotice> Anomalies { get; } = [];

    /// <summary>From child areas: what holds there.</summary>
    public List<ConditionNotice> Conditions { get; } = [];

    /// <summary>From the parent area: which conditions its own alert speaks for.</summary>
    public List<CoverageNotice> Coverage { get; } = [];

    public bool IsEmpty =>
        Windows.Count == 0 && Members.Count == 0 && Anomalies.Count == 0 && Conditions.Count == 0 && Coverage.Count == 0;

    /// <summary>True if it holds what others wait for, and not only windows and watermarks.</summary>
    public bool IsUrgent => Anomalies.Count > 0 || Conditions.Count > 0 || Coverage.Count > 0;

    /// <summary>Appends an empty window of a series and gives it out to be filled.</summary>
    public PartialWindow AddWindow(int series, WindowSize size, long startInMs)
    {
        PartialWindow window = PartialWindow.Take();
        window.Series = series;
        window.Size = size;
        window.StartInMs = startInMs;
        Windows.Add(window);
        return window;
    }

    /// <summary>The index of a series in this observation, added if new. A short list, searched in order: an observation holds few.</summary>
    public int SeriesOf(string type, string metric, string unit)
    {
        for (int i = 0; i < Series.Count; i++)
        {
            ObservedSeries one = Series[i];
            if (one.Metric == metric && one.Type == type)
            {
                return i;
            }
        }

        Series.Add(new ObservedSeries(type, metric, unit));
        return Series.Count - 1;
    }

    public void Clear()
    {
        foreach (PartialWindow window in Windows)
        {
            window.GiveBack();
        }

        Series.Clear();
        Windows.Clear();
        Members.Clear();
        Anomalies.Clear();
        Conditions.Clear();
        Coverage.Clear();
    }
}

/// <summary>One metric of one device type.</summary>
public readonly record struct ObservedSeries(string Type, string Metric, string Unit);

/// <summary>A part of one area window: what some of its members say of it, or what came late.</summary>
public sealed class PartialWindow
{
    /// <summary>
    /// Spare ones a thread keeps: what one commit of a busy shard needs. A pool in every observation would hold that for every area
    /// of every shard, hundreds of megabytes that are hardly ever used.
    /// </summary>
    private const int MostSpare = 8192;

    [ThreadStatic]
    private static Stack<PartialWindow>? _spare;

    public QuantileSketch Sketch;
    public Moments Moments;

    /// <summary>Index into <see cref="Observation.Series"/>.</summary>
    public int Series { get; set; }

    public WindowSize Size { get; set; }

    public long StartInMs { get; set; }

    /// <summary>How many devices speak in this part for the first time; 0 for what comes late from a device already counted.</summary>
    public int Members { get; set; }

    /// <summary>An empty one.</summary>
    internal static PartialWindow Take() => _spare is { } spare && spare.TryPop(out PartialWindow? window) ? window : new PartialWindow();

    /// <summary>Keeps it for the next who needs one on this thread.</summary>
    internal void GiveBack()
    {
        Sketch.Clear();
        Moments = default;
        Members = 0;
        Stack<PartialWindow> spare = _spare ??= new Stack<PartialWindow>();
        if (spare.Count < MostSpare)
        {
            spare.Push(this);
        }
    }
}

/// <summary>How far a member has come. A member is a device with one of its types, or a child area with a type of its devices.</summary>
public readonly record struct MemberUpdate
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    /// <summary>All of the member's windows that end here or before have been sent.</summary>
    public required long WatermarkInMs { get; init; }

    public required long LastEventInMs { get; init; }

    /// <summary>Usual time between readings; 0 for event devices, which have none.</summary>
    public long IntervalInMs { get; init; }

    /// <summary>Devices that the member stands for: 1, or those below a child area. 0 says that the member has left.</summary>
    public int Devices { get; init; }

    /// <summary>How many of them are silent now.</summary>
    public int Silent { get; init; }

    public bool IsArea { get; init; }
}

/// <summary>An anomaly of a device below, raised or cleared.</summary>
public sealed record AnomalyNotice
{
    /// <summary>Kind of an anomaly beyond a configured limit; outside, where it is one of two sorts of <c>level</c>, it has no word of its own.</summary>
    public const string Limit = "limit";

    public required string Id { get; init; }

    public required string DeviceId { get; init; }

    public required string Type { get; init; }

    public required string Metric { get; init; }

    /// <summary>As in the anomaly's JSON: <c>stuck</c>, <c>level</c>, <c>silence</c> and so on.</summary>
    public required string Kind { get; init; }

    public required bool IsRaised { get; init; }

    /// <summary>Event time of the raising or clearing.</summary>
    public required long TimeInMs { get; init; }

    /// <summary>Event time at which it began.</summary>
    public required long SinceInMs { get; init; }

    public double Value { get; init; }

    public double Expected { get; init; }

    public double Score { get; init; }

    public string Explanation { get; init; } = "";
}

/// <summary>A child area says what holds there: a condition with its severity, or its end.</summary>
public sealed record ConditionNotice
{
    public required ConditionKey Key { get; init; }

    public required string Area { get; init; }

    /// <summary>The child's own alert for it, whether published or not.</summary>
    public required string AlertId { get; init; }

    public required AlertSeverity Severity { get; init; }

    public required long OnsetInMs { get; init; }

    /// <summary>Event time of its end; <see cref="long.MaxValue"/> while it holds.</summary>
    public required long EndInMs { get; init; }

    /// <summary>The figure that the rule is about, at its worst.</summary>
    public double Measure { get; init; }

    /// <summary>The value it was made of, in <see cref="Unit"/>.</summary>
    public double Value { get; init; }

    public string Unit { get; init; } = "";

    /// <summary>Ids of the devices concerned, the first few, joined by ", "; empty where the condition is not about single devices.</summary>
    public string Devices { get; init; } = "";
}

/// <summary>
/// The parent says for which time its own alert speaks for a condition of this area: what the area raises in that time it need
/// not publish.
/// </summary>
/// <param name="AlertId">The parent's alert.</param>
/// <param name="OnsetInMs">Event time.</param>
/// <param name="EndInMs">Event time; <see cref="long.MaxValue"/> while the parent's alert is active.</param>
public sealed record CoverageNotice(ConditionKey Key, string AlertId, long OnsetInMs, long EndInMs);
