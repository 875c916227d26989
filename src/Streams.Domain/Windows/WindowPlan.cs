using System.Collections.Immutable;

namespace Streams.Domain.Windows;

/// <summary>Which windows a metric keeps and how long they wait, as its device type says.</summary>
public sealed class WindowPlan
{
    private readonly WindowSize[] _sizes;

    /// <param name="sizes">Ascending, at least one; each a multiple of the one before.</param>
    public WindowPlan(ImmutableArray<WindowSize> sizes, TimeSpan lateness, TimeSpan retention)
    {
        if (sizes.IsDefaultOrEmpty || !sizes.SequenceEqual(sizes.Distinct().Order()))
        {
            throw new ArgumentException("Window sizes are at least one, ascending, each once.", nameof(sizes));
        }

        _sizes = [.. sizes];
        BaseLengthInMs = _sizes[0].LengthInMs();
        LatenessInMs = (long)lateness.TotalMilliseconds;
        RetentionInMs = (long)retention.TotalMilliseconds;
    }

    /// <summary>Ascending. The first is the base that values are added to; the others are merged from it.</summary>
    public ReadOnlySpan<WindowSize> Sizes => _sizes;

    public WindowSize Base => _sizes[0];

    public long BaseLengthInMs { get; }

    /// <summary>How far the watermark trails the newest event time.</summary>
    public long LatenessInMs { get; }

    /// <summary>How long past its end, by the watermark, a closed window takes late values.</summary>
    public long RetentionInMs { get; }

    /// <summary>True where every window that holds this time is past its retention.</summary>
    public bool IsBeyondRetention(long timeInMs, long watermarkInMs) =>
        watermarkInMs - (Base.StartOf(timeInMs) + BaseLengthInMs) > RetentionInMs;
}
