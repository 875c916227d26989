using System.Globalization;
using System.Text.Unicode;
using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Runtime.Shards;

namespace Streams.Node.Actors;

/// <summary>Closed windows on their way to <c>city.aggregates</c>: packed in the outbox, an event with JSON when they leave.</summary>
internal static class AggregateRecords
{
    /// <summary>Ids and names are bounded well below it; see <see cref="Domain.Readings.ReadingLimits"/>.</summary>
    private const int LongestEventId = 1024;

    /// <param name="kind"><c>device</c> or <c>area</c>.</param>
    /// <exception cref="InvalidDataException">The bytes are of another version.</exception>
    public static void Unpack(ReadOnlySpan<byte> kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed, ReadOnlySpan<byte> source, IOutgoing into)
    {
        if (!PackedAggregate.TryRead(packed, out PackedAggregate window))
        {
            throw new InvalidDataException("The outbox holds an aggregate that this program can not read. Run the version that wrote it.");
        }

        Span<byte> id = stackalloc byte[LongestEventId];
        int length = 0;
        Put(id, ref length, kind);
        Put(id, ref length, ":"u8);
        Put(id, ref length, key);
        int subject = length;
        Put(id, ref length, "/"u8);
        Put(id, ref length, window.Type);
        Put(id, ref length, "/"u8);
        Put(id, ref length, window.Metric);
        Put(id, ref length, "/"u8);
        Put(id, ref length, window.Size.IsoUtf8());
        Utf8.TryWrite(id[length..], CultureInfo.InvariantCulture, $"/{window.StartInMs / 1000}/{window.Revision}", out int written);
        into.CloudEvent(id[..(length + written)], source, "streams.aggregate"u8, id[..subject], window.EndInMs, "application/json"u8);
        AggregateJson.Write(into.BeginValue(), kind, key, in window);
    }

    private static void Put(Span<byte> to, ref int length, ReadOnlySpan<byte> part)
    {
        part.CopyTo(to[length..]);
        length += part.Length;
    }
}
