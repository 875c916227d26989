namespace Streams.Domain.Windows;

/// <summary>A window that still takes values in order. Empty while its count is 0.</summary>
internal struct OpenWindow
{
    internal long StartInMs;
    internal Moments Moments;

    /// <summary>Holds the values from the second on; a window of one value needs none, and where the interval is the window's length all are such.</summary>
    internal QuantileSketch Sketch;

    internal void Add(double value, long atInMs)
    {
        if (Moments.Count > 0)
        {
            if (Moments.Count == 1)
            {
                Sketch.Add(Moments.First);
            }

            Sketch.Add(value);
        }

        Moments.Add(value, atInMs);
    }

    internal void Merge(in OpenWindow other)
    {
        if (other.Moments.Count == 1)
        {
            Add(other.Moments.First, other.Moments.FirstAtInMs);
            return;
        }

        if (Moments.Count == 1)
        {
            Sketch.Add(Moments.First);
        }

        Moments.Merge(in other.Moments);
        Sketch.Merge(in other.Sketch);
    }

    internal void Clear()
    {
        Moments.Count = 0;
        Sketch.Clear();
    }

    internal readonly void Encode(SnapshotWriter writer, System.Buffers.IBufferWriter<byte> output)
    {
        writer.Unsigned((ulong)Moments.Count);
        if (Moments.Count == 0)
        {
            return;
        }

        writer.Number(Moments.First);
        writer.Signed(Moments.FirstAtInMs - StartInMs);
        if (Moments.Count > 1)
        {
            writer.Number(Moments.Last);
            writer.Signed(Moments.LastAtInMs - StartInMs);
            writer.Number(Moments.Min);
            writer.Number(Moments.Max);
            writer.Number(Moments.Sum);
            writer.Double(Moments.Mean);
            writer.Double(Moments.M2);
            Sketch.Encode(output);
        }
    }

    /// <summary>Replaces this window's content; <see cref="StartInMs"/> has to be set before.</summary>
    internal void Decode(ref SnapshotReader reader)
    {
        Clear();
        long count = (long)reader.Unsigned();
        if (count <= 0)
        {
            return;
        }

        double first = reader.Number();
        long firstAtInMs = StartInMs + reader.Signed();
        if (count == 1)
        {
            Moments.Add(first, firstAtInMs);
            return;
        }

        Moments = new Moments
        {
            Count = count, First = first, FirstAtInMs = firstAtInMs,
            Last = reader.Number(), LastAtInMs = StartInMs + reader.Signed(),
            Min = reader.Number(), Max = reader.Number(),
            Sum = reader.Number(), Mean = reader.Double(), M2 = reader.Double(),
        };
        Sketch.Decode(ref reader);
    }
}
