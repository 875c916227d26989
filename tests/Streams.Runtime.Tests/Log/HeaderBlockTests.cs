using System.Buffers;
using System.Text;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Log;

public sealed class HeaderBlockTests
{
    [Fact]
    public void Headers_come_back_in_order_as_written()
    {
        (string Name, byte[] Value)[] written = [("ce_id", [1, 2, 3]), ("", []), ("content-type", "application/json"u8.ToArray()), ("big", new byte[ushort.MaxValue])];

        HeaderBlock.Reader reader = HeaderBlock.Read(BlockOf(written));

        Assert.Equal(4, reader.Count);
        foreach ((string name, byte[] value) in written)
        {
            Assert.True(reader.Next(out ReadOnlySpan<byte> readName, out ReadOnlySpan<byte> readValue));
            Assert.Equal(name, Encoding.UTF8.GetString(readName));
            Assert.Equal(value, readValue.ToArray());
        }

        Assert.False(reader.Next(out _, out _));
    }

    [Fact]
    public void An_empty_block_has_no_headers()
    {
        HeaderBlock.Reader reader = HeaderBlock.Read([]);

        Assert.Equal(0, reader.Count);
        Assert.False(reader.Next(out _, out _));
    }

    [Fact]
    public void What_would_not_fit_its_length_is_refused()
    {
        var block = new ArrayBufferWriter<byte>();

        Assert.Throws<ArgumentOutOfRangeException>(() => HeaderBlock.Add(block, new byte[256], []));
        Assert.Throws<ArgumentOutOfRangeException>(() => HeaderBlock.Add(block, [], new byte[ushort.MaxValue + 1]));
        Assert.Throws<ArgumentOutOfRangeException>(() => HeaderBlock.Begin(block, 256));
    }

    internal static byte[] BlockOf(params (string Name, byte[] Value)[] headers)
    {
        var block = new ArrayBufferWriter<byte>();
        HeaderBlock.Begin(block, headers.Length);
        foreach ((string name, byte[] value) in headers)
        {
            HeaderBlock.Add(block, Encoding.UTF8.GetBytes(name), value);
        }

        return block.WrittenSpan.ToArray();
    }
}
