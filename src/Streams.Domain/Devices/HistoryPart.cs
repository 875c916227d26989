using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>What one row of history holds: windows of one size, so that each size can be kept for a time of its own. Stored: never renumber.</summary>
public enum HistoryPart : byte
{
    Minutes = WindowSize.Minute,
    Quarters = WindowSize.Quarter,
    Hours = WindowSize.Hour,
    Days = WindowSize.Day,

    /// <summary>Windows of all sizes, as chunks were up to version 2. Read, no longer written.</summary>
    Mixed = 4,

    /// <summary>The names of the numbers that a subject's rows use. Kept as long as the subject.</summary>
    Names = 5,
}

/// <summary>Takes what is to be kept of the past.</summary>
public interface IHistoryOutput
{
    /// <summary>A row of history, to be stored: see <see cref="WindowHistory"/>. The bytes are valid during the call only.</summary>
    /// <param name="fromInMs">Where the earliest window in it begins; 0 for names.</param>
    void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body);
}
