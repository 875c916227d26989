using Streams.Runtime.Log;

namespace Streams.Chaos.Truth;

/// <summary>One record, kept beyond the batch it came in.</summary>
internal sealed class KeptRecord : RecordBatch
{
    private readonly long _offset;
    private readonly long _timestampInMs;
    private readonly byte[] _key;
    private readonly byte[] _value;
    private readonly (byte[] Name, byte[] Value)[] _headers;

    public KeptRecord(RecordBatch of, int index)
    {
        Partition = of.Partition;
        Count = 1;
        _offset = of.OffsetAt(index);
        _timestampInMs = of.TimestampAt(index);
        _key = of.KeyAt(index).ToArray();
        _value = of.ValueAt(index).ToArray();
        List<(byte[], byte[])> headers = [];
        while (of.TryGetHeader(index, headers.Count, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
        {
            headers.Add((name.ToArray(), value.ToArray()));
        }

        _headers = [.. headers];
    }

    public override long OffsetAt(int index) => _offset;

    public override long TimestampAt(int index) => _timestampInMs;

    public override ReadOnlySpan<byte> KeyAt(int index) => _key;

    public override ReadOnlySpan<byte> ValueAt(int index) => _value;

    public override bool HasHeaders(int index) => _headers.Length > 0;

    public override bool TryGetHeader(int index, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach ((byte[] each, byte[] held) in _headers)
        {
            if (name.SequenceEqual(each))
            {
                value = held;
                return true;
            }
        }

        value = default;
        return false;
    }

    public override bool TryGetHeader(int index, int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        if (number >= _headers.Length)
        {
            name = value = default;
            return false;
        }

        (name, value) = _headers[number];
        return true;
    }

    protected override void Dispose(bool disposing)
    {
    }
}
