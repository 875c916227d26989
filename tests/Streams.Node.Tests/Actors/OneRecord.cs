using System.Text;
using Streams.Runtime.Log;

namespace Streams.Node.Tests.Actors;

/// <summary>A batch of one record, as a log hands it over.</summary>
internal sealed class OneRecord : RecordBatch
{
    private readonly byte[] _key;
    private readonly byte[] _value;
    private readonly (byte[] Name, byte[] Value)[] _headers;

    public OneRecord(string key, byte[] value, params IEnumerable<KeyValuePair<string, string>> headers)
    {
        _key = Encoding.UTF8.GetBytes(key);
        _value = value;
        _headers = [.. headers.Select(each => (Encoding.UTF8.GetBytes(each.Key), Encoding.UTF8.GetBytes(each.Value)))];
        Count = 1;
    }

    public override long OffsetAt(int index) => 0;

    public override long TimestampAt(int index) => -1;

    public override ReadOnlySpan<byte> KeyAt(int index) => _key;

    public override ReadOnlySpan<byte> ValueAt(int index) => _value;

    public override bool HasHeaders(int index) => _headers.Length > 0;

    public override bool TryGetHeader(int index, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        foreach ((byte[] each, byte[] given) in _headers)
        {
            if (name.SequenceEqual(each))
            {
                value = given;
                return true;
            }
        }

        return false;
    }

    public override bool TryGetHeader(int index, int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        bool found = number < _headers.Length;
        name = found ? _headers[number].Name : default(ReadOnlySpan<byte>);
        value = found ? _headers[number].Value : default(ReadOnlySpan<byte>);
        return found;
    }

    protected override void Dispose(bool disposing)
    {
    }
}
