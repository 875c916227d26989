using System.Buffers;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>A record that lies packed in the outbox, made whole for publishing. Reusable; one thread at a time.</summary>
internal sealed class UnpackedRecord : IOutgoing, IDisposable
{
    private readonly PooledBuffer _headers = new(1024);
    private readonly PooledBuffer _value = new(1024);
    private int _count;

    /// <summary>As <see cref="HeaderBlock"/> has it.</summary>
    public ReadOnlySpan<byte> Headers => _headers.Written;

    public ReadOnlySpan<byte> Value => _value.Written;

    /// <summary>Throws <see cref="InvalidDataException"/> for a record that the kind can not unpack: a newer program packed it.</summary>
    public static void Check(ActorKind kind, OutboxChunk chunk)
    {
        using UnpackedRecord record = new();
        for (OutboxCodec.Reader reader = new(chunk.Records.Span); reader.Next();)
        {
            if (reader.IsPacked)
            {
                record.Unpack(kind, reader.Key, reader.Value);
            }
        }
    }

    public void Unpack(ActorKind kind, ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed)
    {
        _count = 0;
        _headers.Clear();
        _value.Clear();
        HeaderBlock.Begin(_headers, 0);
        kind.Unpack(key, packed, this);
    }

    public void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        HeaderBlock.Add(_headers, name, value);
        _headers.At(0, 1)[0] = checked((byte)++_count);
    }

    public IBufferWriter<byte> BeginValue() => _value;

    public void Dispose()
    {
        _headers.Dispose();
        _value.Dispose();
    }
}
