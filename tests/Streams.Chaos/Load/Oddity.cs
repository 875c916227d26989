namespace Streams.Chaos.Load;

/// <summary>What is sent beside ordinary readings.</summary>
internal enum Oddity
{
    /// <summary>The same bytes once more.</summary>
    Duplicate,

    /// <summary>After the reading that follows it.</summary>
    Reordered,

    /// <summary>An event time some minutes back, which its window still takes.</summary>
    Late,

    /// <summary>An event time beyond its type's retention.</summary>
    TooLate,

    UnknownMetric,
    UnknownType,
    UnknownDevice,

    /// <summary>A value that can not be.</summary>
    Impossible,

    /// <summary>Text where a number belongs.</summary>
    WrongType,

    Corrupt,
    NotUtf8,
    Empty,

    /// <summary>More bytes than a reading may have.</summary>
    TooLarge,

    /// <summary>An event time a day ahead.</summary>
    Future,

    /// <summary>In a partition that is not its device's.</summary>
    Misrouted,

    /// <summary>No key, in any partition.</summary>
    NoKey,

    CloudEventBinary,
    CloudEventStructured,
    SenMl,
    UnsupportedContent,
}
