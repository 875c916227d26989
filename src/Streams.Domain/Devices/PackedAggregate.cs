using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// What an aggregate message says, in some 40 bytes instead of 400: the form in which it waits to be published. Unpacked by
/// <see cref="AggregateJson"/>; valid as long as the bytes it was read from.
/// </summary>
public readonly ref struct PackedAggregate
{
    private const byte Version = 1;

    /// <summary>The device type's name, as UTF-8.</summary>
    public ReadOnlySpan<byte> Type { get; private init; }

    public ReadOnlySpan<byte> Metric { get; private init; }

    public ReadOnlySpan<byte> Unit { get; private init; }

    public WindowSize Size { get; private init; }

    public long StartInMs { get; private init; }

    public long EndInMs => StartInMs + Size.LengthInMs();

    public int Revision { get; private init; }

    /// <summary>Devices in the window; 1 for a device's own.</summary>
    public int Members { get; private init; }

    public AggregateFigures Figures { get; private init; }

    /// <summary>Appends a window.</summary>
    public static void Write(
        IBufferWriter<byte> output, string type, string metric, string unit, WindowSize size, long startInMs, int revision, int members,
        in Moments moments, in QuantileSketch sketch)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(Version);
        writer.Byte((byte)size);
        writer.Signed(startInMs / size.LengthInMs());
        writer.Unsigned((ulong)revision);
        writer.Unsigned((ulong)members);
        writer.Text(type);
        writer.Text(metric);
        writer.Text(unit);
        writer.Unsigned((ulong)moments.Count);
        if (moments.Count == 1)
        {
            writer.Number(moments.First);
            return;
        }

        AggregateFigures figures = AggregateFigures.Of(in moments, in sketch);
        writer.Double(figures.Mean);
        writer.Number(figures.Min);
        writer.Number(figures.Max);
        writer.Double(figures.StandardDeviation);
        writer.Number(figures.Sum);
        writer.Double(figures.P50);
        writer.Double(figures.P95);
        writer.Double(figures.P99);
        writer.Number(figures.First);
        writer.Number(figures.Last);
    }

    /// <summary>False for bytes that are no window of a version known here.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packed, out PackedAggregate aggregate)
    {
        aggregate = default;
        var reader = new SnapshotReader(packed);
        byte version = reader.Byte();
        byte size = reader.Byte();
        if (version != Version || size >= WindowSizes.Count)
        {
            return false;
        }

        aggregate = new PackedAggregate
        {
            Size = (WindowSize)size,
            StartInMs = reader.Signed() * ((WindowSize)size).LengthInMs(),
            Revision = reader.Count(int.MaxValue),
            Members = reader.Count(int.MaxValue),
            Type = reader.Bytes(),
            Metric = reader.Bytes(),
            Unit = reader.Bytes(),
            Figures = AggregateFigures.Read(ref reader),
        };
        return !reader.Failed && reader.AtEnd;
    }
}

/// <summary>The numbers of an aggregate message.</summary>
public readonly record struct AggregateFigures(
    long Count, double Mean, double Min, double Max, double StandardDeviation, double Sum, double P50, double P95, double P99, double First, double Last)
{
    /// <summary>Quantiles within the extremes: a sketch's own may be 1 % off.</summary>
    public static AggregateFigures Of(in Moments moments, in QuantileSketch sketch)
    {
        if (moments.Count == 1)
        {
            return OfOne(moments.First);
        }

        (double p50, double p95, double p99) = sketch.Percentiles();
        return new AggregateFigures(
            moments.Count, moments.Mean, moments.Min, moments.Max, moments.StandardDeviation, moments.Sum, Math.Clamp(p50, moments.Min, moments.Max),
            Math.Clamp(p95, moments.Min, moments.Max), Math.Clamp(p99, moments.Min, moments.Max), moments.First, moments.Last);
    }

    internal static AggregateFigures Read(ref SnapshotReader reader)
    {
        long count = (long)reader.Unsigned();
        return count == 1
            ? OfOne(reader.Number())
            : new AggregateFigures(
                count, reader.Double(), reader.Number(), reader.Number(), reader.Double(), reader.Number(), reader.Double(), reader.Double(),
                reader.Double(), reader.Number(), reader.Number());
    }

    private static AggregateFigures OfOne(double value) => new(1, value, value, value, 0, value, value, value, value, value, value);
}
