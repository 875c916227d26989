using Streams.Domain.Devices;

namespace Streams.Domain.Windows;

/// <summary>
/// A window that closed, or was revised by late values, as a device hands it out. Everything in it is valid during the call
/// only: merge or write it, keep nothing.
/// </summary>
public readonly ref struct ClosedWindow
{
    private readonly ref readonly Moments _moments;
    private readonly ref readonly QuantileSketch _sketch;
    private readonly ref readonly Moments _added;
    private readonly ref readonly QuantileSketch _addedSketch;

    public ClosedWindow(
        string type, string metric, string unit, MetricKind kind, WindowSize size, long startInMs, int revision,
        ref readonly Moments moments, ref readonly QuantileSketch sketch,
        ref readonly Moments added, ref readonly QuantileSketch addedSketch)
    {
        Type = type;
        Metric = metric;
        Unit = unit;
        Kind = kind;
        Size = size;
        StartInMs = startInMs;
        Revision = revision;
        _moments = ref moments;
        _sketch = ref sketch;
        _added = ref added;
        _addedSketch = ref addedSketch;
    }

    /// <summary>The device type's name.</summary>
    public string Type { get; }

    /// <summary>The metric's own name, never that of its family.</summary>
    public string Metric { get; }

    public string Unit { get; }

    public MetricKind Kind { get; }

    public WindowSize Size { get; }

    public long StartInMs { get; }

    public long EndInMs => StartInMs + Size.LengthInMs();

    /// <summary>0 the first time a window is handed out, then one more each time.</summary>
    public int Revision { get; }

    /// <summary>The whole window, late values included.</summary>
    public ref readonly Moments Moments => ref _moments;

    public ref readonly QuantileSketch Sketch => ref _sketch;

    /// <summary>
    /// What came since the revision before: everything for revision 0, the late values after. An area that merges just this, once
    /// per revision, has counted every value once.
    /// </summary>
    public ref readonly Moments Added => ref _added;

    public ref readonly QuantileSketch AddedSketch => ref _addedSketch;
}
