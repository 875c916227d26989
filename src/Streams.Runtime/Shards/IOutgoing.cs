using System.Buffers;

namespace Streams.Runtime.Shards;

/// <summary>An outgoing record being written: first its headers, then its value.</summary>
public interface IOutgoing
{
    /// <summary>Adds a header.</summary>
    void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>Ends the headers; the value goes into what this answers.</summary>
    IBufferWriter<byte> BeginValue();
}
