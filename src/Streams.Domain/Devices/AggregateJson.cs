using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// The aggregate message of a device or an area: a closed window as JSON. Written by hand, for at short intervals every reading
/// publishes one: numbers are the work, and in a window of one value they are all the same.
/// </summary>
public static class AggregateJson
{
    private const int LongestNumber = 32;

    /// <summary>Room for every name, number and time; the texts come on top.</summary>
    private const int FixedRoom = 768;

    /// <summary>A window that was packed to be published.</summary>
    /// <param name="subjectKind"><c>device</c> or <c>area</c>.</param>
    /// <param name="subjectId">The device's or area's id, as UTF-8.</param>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> subjectKind, ReadOnlySpan<byte> subjectId, in PackedAggregate window) =>
        Write(
            output, subjectKind, subjectId, window.Type, window.Metric, window.Unit, window.Size, window.StartInMs, window.Figures, window.Members,
            window.Revision);

    /// <summary>A window out of history, as the API answers it.</summary>
    public static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> subjectKind, string subjectId, string unit, in HistoryWindow window, int members = 1) =>
        Write(
            output, subjectKind, Encoding.UTF8.GetBytes(subjectId), Encoding.UTF8.GetBytes(window.Type), Encoding.UTF8.GetBytes(window.Metric),
            Encoding.UTF8.GetBytes(unit), window.Size, window.StartInMs,
            new AggregateFigures(
                window.Count, window.Mean, window.Min, window.Max, window.StandardDeviation, window.Sum, window.P50, window.P95, window.P99, window.First,
                window.Last),
            members, window.Revision);

    private static void Write(
        IBufferWriter<byte> output, ReadOnlySpan<byte> subjectKind, ReadOnlySpan<byte> subjectId, ReadOnlySpan<byte> type, ReadOnlySpan<byte> metric,
        ReadOnlySpan<byte> unit, WindowSize size, long startInMs, in AggregateFigures figures, int members, int revision)
    {
        // Escaped, a byte is at most 6 bytes.
        int room = FixedRoom + (6 * (subjectId.Length + type.Length + metric.Length + unit.Length));
        var text = new Line(output.GetSpan(room));
        text.Put("{\"subject\":\""u8);
        text.Put(subjectKind);
        text.Put(":"u8);
        text.PutText(subjectId);
        text.Put("\",\"type\":\""u8);
        text.PutText(type);
        text.Put("\",\"metric\":\""u8);
        text.PutText(metric);
        text.Put("\",\"unit\":\""u8);
        text.PutText(unit);
        text.Put("\",\"window\":{\"size\":\""u8);
        text.PutText(size.IsoUtf8());
        text.Put("\",\"start\":\""u8);
        text.PutTime(startInMs);
        text.Put("\",\"end\":\""u8);
        text.PutTime(startInMs + size.LengthInMs());
        text.Put("\"},\"count\":"u8);
        text.PutWhole(figures.Count);
        if (figures.Count == 1)
        {
            text.Put(",\"mean\":"u8);
            Range value = text.PutNumber(figures.First);
            text.Put(",\"min\":"u8);
            text.Again(value);
            text.Put(",\"max\":"u8);
            text.Again(value);
            text.Put(",\"stddev\":0,\"sum\":"u8);
            text.Again(value);
            text.Put(",\"p50\":"u8);
            text.Again(value);
            text.Put(",\"p95\":"u8);
            text.Again(value);
            text.Put(",\"p99\":"u8);
            text.Again(value);
            text.Put(",\"first\":"u8);
            text.Again(value);
            text.Put(",\"last\":"u8);
            text.Again(value);
        }
        else
        {
            text.Put(",\"mean\":"u8);
            text.PutNumber(figures.Mean);
            text.Put(",\"min\":"u8);
            text.PutNumber(figures.Min);
            text.Put(",\"max\":"u8);
            text.PutNumber(figures.Max);
            text.Put(",\"stddev\":"u8);
            text.PutNumber(figures.StandardDeviation);
            text.Put(",\"sum\":"u8);
            text.PutNumber(figures.Sum);
            text.Put(",\"p50\":"u8);
            text.PutNumber(figures.P50);
            text.Put(",\"p95\":"u8);
            text.PutNumber(figures.P95);
            text.Put(",\"p99\":"u8);
            text.PutNumber(figures.P99);
            text.Put(",\"first\":"u8);
            text.PutNumber(figures.First);
            text.Put(",\"last\":"u8);
            text.PutNumber(figures.Last);
        }

        text.Put(",\"members\":"u8);
        text.PutWhole(members);
        text.Put(",\"revision\":"u8);
        text.PutWhole(revision);
        text.Put("}"u8);
        output.Advance(text.Length);
    }

    /// <summary>One JSON object in a span that is known to be long enough.</summary>
    private ref struct Line(Span<byte> to)
    {
        private readonly Span<byte> _to = to;

        internal int Length { get; private set; }

        internal void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_to[Length..]);
            Length += bytes.Length;
        }

        internal void PutText(ReadOnlySpan<byte> utf8)
        {
            // Ids, names and units are plain ASCII, bar a unit such as µg/m³.
            if (Ascii.IsValid(utf8) && utf8.IndexOfAny((byte)'"', (byte)'\\') < 0 && utf8.IndexOfAnyInRange((byte)0, (byte)0x1f) < 0)
            {
                Put(utf8);
            }
            else
            {
                Put(JsonEncodedText.Encode(utf8).EncodedUtf8Bytes);
            }
        }

        internal void PutTime(long unixMs)
        {
            Rfc3339.Format(unixMs, _to[Length..]);
            Length += Rfc3339.Length;
        }

        internal void PutWhole(long number)
        {
            number.TryFormat(_to[Length..], out int written, default, CultureInfo.InvariantCulture);
            Length += written;
        }

        internal Range PutNumber(double number)
        {
            int start = Length;
            if (!double.IsFinite(number))
            {
                Put("null"u8);
            }
            else if (!PutDecimal(number))
            {
                number.TryFormat(_to.Slice(Length, LongestNumber), out int written, default, CultureInfo.InvariantCulture);
                Length += written;
            }

            return start..Length;
        }

        internal void Again(Range range) => Put(_to[range]);

        /// <summary>The decimals that sensors send, several times faster than the shortest form of any double.</summary>
        private bool PutDecimal(double number)
        {
            double scale = 1;
            for (int decimals = 0; decimals <= 3; decimals++, scale *= 10)
            {
                double digits = Math.Round(number * scale);
                if (!(Math.Abs(digits) < 1e12))
                {
                    return false;
                }

                if (digits / scale != number)
                {
                    continue;
                }

                long whole = Math.DivRem((long)Math.Abs(digits), (long)scale, out long rest);
                if (digits < 0)
                {
                    Put("-"u8);
                }

                PutWhole(whole);
                if (decimals > 0)
                {
                    Put("."u8);
                    for (long place = (long)scale / 10; place > 0; place /= 10)
                    {
                        _to[Length++] = (byte)('0' + (rest / place % 10));
                    }
                }

                return true;
            }

            return false;
        }
    }
}
