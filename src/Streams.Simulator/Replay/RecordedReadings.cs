using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Streams.Simulator.Replay;

/// <summary>A stream of recorded readings in (nearly) the order of their times: a file, or several files merged.</summary>
public abstract class RecordedReadings : ReadingSource
{
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private Utf8JsonWriter? _json;
    private byte[] _key = new byte[512];

    /// <summary>The reading that <see cref="ReadingSource.Next"/> found; valid until it is called again.</summary>
    public abstract RecordedReading Current { get; }

    public override long TimeInMs => Current.TimeInMs;

    public override ReadOnlySpan<byte> Key
    {
        get
        {
            string id = Current.DeviceId;
            int most = Encoding.UTF8.GetMaxByteCount(id.Length);
            if (most > _key.Length)
            {
                _key = new byte[most];
            }

            return _key.AsSpan(0, Encoding.UTF8.GetBytes(id, _key));
        }
    }

    public override ReadOnlySpan<byte> Body(long shiftInMs)
    {
        _body.ResetWrittenCount();
        _json ??= new Utf8JsonWriter(_body, new JsonWriterOptions { SkipValidation = true });
        _json.Reset();
        Current.Write(_json, shiftInMs);
        _json.Flush();
        return _body.WrittenSpan;
    }

    public abstract override double Fraction { get; }

    public abstract override UnusableRows Unusable { get; }
}
