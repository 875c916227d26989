using System.Buffers;
using System.Runtime.CompilerServices;

namespace Streams.Domain.Windows;

/// <summary>
/// Quantiles of a stream of numbers within 1 % of the true value (DDSketch, Masson et al. 2019): values are counted in bins
/// whose borders grow by a constant factor, one run of bins for positive and one for negative numbers, and a count of zeros
/// (magnitudes under 1e-9). Merging sketches gives exactly the sketch of all values, in any order.
/// </summary>
/// <remarks>
/// A mutable struct, so that a window holds it without one more object: keep it in one field and pass it by reference; a copy
/// shares its bins. <c>default</c> is an empty sketch. Bins are bytes until one would overflow, then 2, 4, 8 bytes wide, so
/// counts are always exact and a quiet minute costs a few dozen bytes.
/// At most 1,024 bins are kept on each side. Beyond, the smallest magnitudes share the lowest bin: their error is then at most
/// 1.33e-9 of the largest magnitude (1.0202^-1023, and half a bin), which no quantile of a real sensor shows.
/// </remarks>
public struct QuantileSketch
{
    /// <summary>Half the relative width of a bin: what a quantile may be off.</summary>
    public const double RelativeError = 0.01;

    private const double Gamma = (1 + RelativeError) / (1 - RelativeError);
    private const double SmallestMagnitude = 1e-9;

    /// <summary>Makes every bin's index positive, so that the sign is free to be the value's.</summary>
    private const int PlaceOffset = 32_768;

    private static readonly double InverseLogGamma = 1 / Math.Log(Gamma);

    private SketchBins _positive;
    private SketchBins _negative;
    private long _zeros;

    /// <summary>How many values were added; sums the bins, so not for a hot path.</summary>
    public readonly long Count => _zeros + _positive.Total() + _negative.Total();

    public readonly bool IsEmpty => _zeros == 0 && _positive.IsEmpty && _negative.IsEmpty;

    /// <summary>Memory of the bins, array headers included.</summary>
    public readonly int SizeInBytes => _positive.SizeInBytes + _negative.SizeInBytes;

    /// <summary>Counts a finite value. Not a number is ignored; infinities count as the largest bin.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(double value) => Add(value, 1);

    public void Add(double value, long count)
    {
        if (value >= SmallestMagnitude)
        {
            _positive.Add(IndexOf(value), count);
        }
        else if (value <= -SmallestMagnitude)
        {
            _negative.Add(IndexOf(-value), count);
        }
        else if (!double.IsNaN(value))
        {
            _zeros += count;
        }
    }

    /// <summary>Adds everything <paramref name="other"/> has counted.</summary>
    public void Merge(in QuantileSketch other)
    {
        _zeros += other._zeros;
        _positive.Merge(in other._positive);
        _negative.Merge(in other._negative);
    }

    /// <summary>Forgets the values and keeps the memory for the next ones.</summary>
    public void Clear()
    {
        _zeros = 0;
        _positive.Clear();
        _negative.Clear();
    }

    /// <summary>An independent copy with bins of just the size needed.</summary>
    public readonly QuantileSketch Copy()
    {
        QuantileSketch copy = default;
        copy.Merge(in this);
        return copy;
    }

    /// <summary>
    /// The value of rank floor(q (n - 1)), 0 being the smallest, within 1 %; not a number for an empty sketch. Clamp it to the
    /// known minimum and maximum where they are at hand: that makes the ends exact.
    /// </summary>
    /// <param name="q">0 to 1; what lies outside is taken as the nearer end.</param>
    public readonly double Quantile(double q)
    {
        long negatives = _negative.Total();
        long count = negatives + _zeros + _positive.Total();
        return count == 0 ? double.NaN : ValueAt(PlaceAtRank(RankOf(q, count), negatives));
    }

    /// <summary>The three quantiles of an aggregate with one count of the bins.</summary>
    public readonly (double P50, double P95, double P99) Percentiles()
    {
        if (IsEmpty)
        {
            return (double.NaN, double.NaN, double.NaN);
        }

        (int p50, int p95, int p99) = PercentilePlaces();
        return (ValueAt(p50), ValueAt(p95), ValueAt(p99));
    }

    /// <summary>The same as places on the scale of all bins: see <see cref="ValueAt"/>. All 0 for an empty sketch.</summary>
    internal readonly (int P50, int P95, int P99) PercentilePlaces()
    {
        long negatives = _negative.Total();
        long count = negatives + _zeros + _positive.Total();
        return count == 0
            ? default
            : (PlaceAtRank(RankOf(0.5, count), negatives), PlaceAtRank(RankOf(0.95, count), negatives), PlaceAtRank(RankOf(0.99, count), negatives));
    }

    /// <summary>How many values lie at or above this one, which is not negative: exact for whole numbers under 50, else within 1 % of the border.</summary>
    public readonly long CountFrom(double value) => value < SmallestMagnitude ? _zeros + _positive.Total() : _positive.TotalFrom(IndexOf(value));

    /// <summary>The place of the bin that counts this value: 0 for zero, greater for a greater value. Stored: never change the scale.</summary>
    internal static int PlaceOf(double value) =>
        value >= SmallestMagnitude ? IndexOf(value) + PlaceOffset
        : value <= -SmallestMagnitude ? -(IndexOf(-value) + PlaceOffset)
        : 0;

    /// <summary>The value that a bin stands for.</summary>
    internal static double ValueAt(int place) => place switch
    {
        > 0 => ValueOf(place - PlaceOffset),
        < 0 => -ValueOf(-place - PlaceOffset),
        _ => 0,
    };

    /// <summary>A few bytes, and one or two for each bin in use.</summary>
    public readonly void Encode(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Unsigned((ulong)_zeros);
        _positive.Encode(writer);
        _negative.Encode(writer);
    }

    /// <summary>Adds an encoded sketch to this one. Broken input marks the reader as failed and may leave part of it added.</summary>
    public void Decode(ref SnapshotReader reader)
    {
        long zeros = (long)reader.Unsigned();
        if (zeros < 0)
        {
            reader.Fail();
            return;
        }

        _zeros += zeros;
        _positive.Decode(ref reader);
        _negative.Decode(ref reader);
    }

    /// <summary>Asks the processor to load the bins that the next value will likely touch.</summary>
    internal readonly void Prefetch() => _positive.Prefetch();

    private static int IndexOf(double magnitude) =>
        (int)Math.Min(SketchBins.HighestIndex, Math.Ceiling(Math.Log(magnitude) * InverseLogGamma));

    /// <summary>The value with the same relative distance to both borders of the bin.</summary>
    private static double ValueOf(int index) => 2 * Math.Pow(Gamma, index) / (Gamma + 1);

    private static long RankOf(double q, long count) => (long)(Math.Clamp(q, 0, 1) * (count - 1));

    private readonly int PlaceAtRank(long rank, long negatives)
    {
        if (rank < negatives)
        {
            return -(_negative.IndexAtRank(negatives - 1 - rank) + PlaceOffset);
        }

        rank -= negatives;
        return rank < _zeros ? 0 : _positive.IndexAtRank(rank - _zeros) + PlaceOffset;
    }
}
