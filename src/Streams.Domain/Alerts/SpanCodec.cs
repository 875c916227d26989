using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>The stored form of a span: some 45 bytes, since a power cut may make ten thousands of them.</summary>
internal static class SpanCodec
{
    private const byte Open = 1;
    private const byte HasHexId = 2;
    private const byte HasWords = 4;
    private const byte HasWeight = 8;
    private const byte HasSeverity = 16;

    /// <summary>32 hexadecimal digits, as anomalies have them.</summary>
    private const int HexLength = 32;

    /// <param name="names">Metrics and kinds written so far.</param>
    /// <param name="beforeInMs">Beginning of the span before.</param>
    public static void Write(SnapshotWriter writer, Span span, SnapshotNames names, ref long beforeInMs)
    {
        Span<byte> id = stackalloc byte[HexLength / 2];
        bool isHex = span.Id.Length == HexLength
            && Convert.FromHexString(span.Id, id, out _, out _) == System.Buffers.OperationStatus.Done
            && Convert.ToHexStringLower(id) == span.Id;
        writer.Byte((byte)((span.IsOpen ? Open : 0) | (isHex ? HasHexId : 0) | (span.Explanation.Length > 0 ? HasWords : 0)
            | (span.Weight != 1 ? HasWeight : 0) | (span.Severity != AlertSeverity.Unknown ? HasSeverity : 0)));
        if (isHex)
        {
            writer.Raw(id);
        }
        else
        {
            writer.Text(span.Id);
        }

        writer.Text(span.Subject);
        writer.Signed(span.FromInMs - beforeInMs);
        beforeInMs = span.FromInMs;
        if (!span.IsOpen)
        {
            writer.Signed(span.UntilInMs - span.FromInMs);
        }

        names.Write(writer, span.Metric);
        names.Write(writer, span.Kind);
        writer.Number(span.Value);
        writer.Number(span.Score);
        if (span.Weight != 1)
        {
            writer.Number(span.Weight);
        }

        if (span.Severity != AlertSeverity.Unknown)
        {
            writer.Byte((byte)span.Severity);
        }

        if (span.Explanation.Length > 0)
        {
            writer.Text(span.Explanation);
        }
    }

    public static Span Read(ref SnapshotReader reader, SnapshotNames names, ref long beforeInMs)
    {
        byte flags = reader.Byte();
        string id = (flags & HasHexId) != 0 ? Convert.ToHexStringLower(reader.Raw(HexLength / 2)) : reader.Text();
        string subject = reader.Text();
        long fromInMs = beforeInMs += reader.Signed();
        return new Span
        {
            Id = id,
            Subject = subject,
            FromInMs = fromInMs,
            UntilInMs = (flags & Open) != 0 ? long.MaxValue : fromInMs + reader.Signed(),
            Metric = names.Read(ref reader),
            Kind = names.Read(ref reader),
            Value = reader.Number(),
            Score = reader.Number(),
            Weight = (flags & HasWeight) != 0 ? reader.Number() : 1,
            Severity = (flags & HasSeverity) != 0 ? (AlertSeverity)reader.Byte() : AlertSeverity.Unknown,
            Explanation = (flags & HasWords) != 0 ? reader.Text() : "",
        };
    }

    /// <summary>As areas wrote it until version 2 of their snapshot.</summary>
    public static Span ReadVersion2(ref SnapshotReader reader) => new()
    {
        Id = reader.Text(),
        Subject = reader.Text(),
        FromInMs = reader.Signed(),
        UntilInMs = reader.Signed(),
        Severity = (AlertSeverity)reader.Byte(),
        Metric = reader.Text(),
        Kind = reader.Text(),
        Value = reader.Double(),
        Score = reader.Double(),
        Explanation = reader.Text(),
    };
}

/// <summary>Names that come again and again in a snapshot: written whole the first time, then by number.</summary>
internal sealed class SnapshotNames
{
    private readonly List<string> _names = [];

    public void Write(SnapshotWriter writer, string name)
    {
        int at = _names.IndexOf(name);
        writer.Unsigned((ulong)(at < 0 ? _names.Count : at));
        if (at < 0)
        {
            writer.Text(name);
            _names.Add(name);
        }
    }

    public string Read(ref SnapshotReader reader)
    {
        int at = reader.Count(_names.Count);
        if (at < _names.Count)
        {
            return _names[at];
        }

        string name = reader.Text();
        _names.Add(name);
        return name;
    }
}
