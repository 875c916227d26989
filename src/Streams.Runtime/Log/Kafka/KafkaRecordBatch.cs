using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// Records of one partition as librdkafka fetched them: nothing is copied, keys and values point into the fetch responses. May be
/// disposed of on another thread than the one that polled. A batch never disposed of keeps its client alive.
/// </summary>
internal sealed unsafe class KafkaRecordBatch : RecordBatch
{
    private const int LongestStackName = 256;

    private readonly KafkaClient _client;
    private nint[]? _messages;

    public KafkaRecordBatch(KafkaClient client, InboxPartition partition, RdMessage** messages, int count, long sizeInBytes)
    {
        client.AddReference();
        _client = client;
        _messages = ArrayPool<nint>.Shared.Rent(count);
        new ReadOnlySpan<nint>(messages, count).CopyTo(_messages);
        Partition = partition;
        Count = count;
        SizeInBytes = sizeInBytes;
    }

    public override long OffsetAt(int index) => At(index)->Offset;

    public override long TimestampAt(int index) => Rd.MessageTimestamp(At(index), out _);

    public override ReadOnlySpan<byte> KeyAt(int index)
    {
        RdMessage* message = At(index);
        return Rd.Span(message->Key, message->KeyLength);
    }

    public override ReadOnlySpan<byte> ValueAt(int index)
    {
        RdMessage* message = At(index);
        return Rd.Span(message->Payload, message->Length);
    }

    public override bool HasHeaders(int index) => Rd.MessageHeaders(At(index), out _) == RdError.None;

    public override bool TryGetHeader(int index, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (Rd.MessageHeaders(At(index), out nint headers) != RdError.None)
        {
            return false;
        }

        byte* terminated = stackalloc byte[LongestStackName + 1];
        if (name.Length > LongestStackName)
        {
            return TryGetLongHeader(headers, name, out value);
        }

        name.CopyTo(new Span<byte>(terminated, LongestStackName));
        terminated[name.Length] = 0;
        if (Rd.HeaderLast(headers, terminated, out byte* start, out nuint size) != RdError.None)
        {
            return false;
        }

        value = Rd.Span(start, size);
        return true;
    }

    public override bool TryGetHeader(int index, int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        name = value = default;
        if (Rd.MessageHeaders(At(index), out nint headers) != RdError.None
            || Rd.HeaderAt(headers, (nuint)number, out byte* first, out byte* start, out nuint size) != RdError.None)
        {
            return false;
        }

        name = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(first);
        value = Rd.Span(start, size);
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _messages, null) is not { } messages)
        {
            return;
        }

        for (int i = 0; i < Count; i++)
        {
            Rd.MessageDestroy((RdMessage*)messages[i]);
        }

        Count = 0;
        ArrayPool<nint>.Shared.Return(messages);
        _client.Release();
    }

    private RdMessage* At(int index)
    {
        nint[] messages = _messages ?? throw new ObjectDisposedException(nameof(RecordBatch));
        return (uint)index < (uint)Count ? (RdMessage*)messages[index] : throw new ArgumentOutOfRangeException(nameof(index));
    }

    private static bool TryGetLongHeader(nint headers, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        byte[] terminated = new byte[name.Length + 1];
        name.CopyTo(terminated);
        fixed (byte* first = terminated)
        {
            bool found = Rd.HeaderLast(headers, first, out byte* start, out nuint size) == RdError.None;
            value = found ? Rd.Span(start, size) : default;
            return found;
        }
    }
}
