using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>Takes what an area has to say, in order. Implemented by the node (records to publish) and by tests (lists to look at).</summary>
public interface IAreaOutput
{
    /// <summary>A window closed or revised. The aggregate and its sketch are the area's own: use them before returning.</summary>
    void Aggregate(AreaAggregate aggregate);

    /// <summary>For the actor of another area (the parent or a child). Encode it before returning: the area reuses it.</summary>
    void ToArea(string area, Observation observation);

    /// <summary>A new state of an alert, to be published; others wait for it.</summary>
    void Alert(Alert alert);

    /// <summary>What became of an order, after the alerts that came of it.</summary>
    void Answer(OrderAnswer answer)
    {
    }
}

/// <summary>One window of one metric over an area's members.</summary>
public sealed class AreaAggregate
{
    public QuantileSketch Sketch;
    public Moments Moments;

    public required string Type { get; init; }

    public required string Metric { get; init; }

    public required string Unit { get; init; }

    public required WindowSize Size { get; init; }

    public required long StartInMs { get; init; }

    /// <summary>0 when it closed; one more with every late part.</summary>
    public int Revision { get; set; }

    /// <summary>Devices that are in it.</summary>
    public int Members { get; set; }

    public long EndInMs => StartInMs + Size.LengthInMs();

    /// <summary>It waits to be handed out: a window revised twice before that is handed out once.</summary>
    internal bool IsPending { get; set; }
}

/// <summary>What became of a message to an area, as far as its shard has to know.</summary>
public enum AreaOutcome : byte
{
    /// <summary>Nothing to say.</summary>
    Quiet,

    /// <summary>Windows and watermarks to pass on when it suits.</summary>
    Speaks,

    /// <summary>An alert, or something that another area's alert waits for: commit and publish now.</summary>
    Decided,

    /// <summary>An order that was obeyed before: nothing changed.</summary>
    Repeat,

    /// <summary>An order that can not be obeyed. Its answer waits to be drained.</summary>
    Refused,
}
