namespace Streams.Simulator.Replay;

/// <summary>When each reading is sent, and the event time it is given.</summary>
public sealed record Pace
{
    /// <summary>As many times faster than the recorded clock; null sends as fast as it is taken. Above 0.</summary>
    public double? Speed { get; init; }

    /// <summary>Event time given to the first reading, Unix milliseconds; the others keep their distance from it. Null keeps the recorded times.</summary>
    public long? FirstTimeInMs { get; init; }

    /// <summary>Whether a reading waits for its own (shifted) time to come, whatever the speed: a past that is caught up with turns into the present.</summary>
    public bool NotBeforeEventTime { get; init; }

    public static Pace Max { get; } = new();

    /// <summary>How far after the start a reading is due that lies <paramref name="eventTimeInMs"/> after the first one.</summary>
    internal TimeSpan DueAfter(long eventTimeInMs) => Speed is { } speed ? TimeSpan.FromMilliseconds(Math.Max(0, eventTimeInMs / speed)) : TimeSpan.Zero;
}
