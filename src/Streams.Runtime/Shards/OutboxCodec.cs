using System.Buffers.Binary;
using System.Text;

namespace Streams.Runtime.Shards;

/// <summary>
/// The bytes of an outbox chunk: records one after the other, each
/// <c>flags:u8 topic:u8 [topicLength:u8 topicName] [timestampInMs:i64] keyLength:i32 key headersLength:i32 headers valueLength:i32 value</c> (little endian).
/// A topic's name stands where its number first occurs in the chunk, so a chunk can be read without any table beside it.
/// </summary>
internal static class OutboxCodec
{
    /// <summary>Publish with the source's number in a header, so that the receiving actor can drop repeats.</summary>
    public const byte Numbered = 1;

    /// <summary>The topic's name follows.</summary>
    public const byte NewTopic = 2;

    /// <summary>The record's own timestamp follows; without it, the time of publishing.</summary>
    public const byte Timestamped = 4;

    /// <summary>The value is the kind's short form, without headers: the record is made of it when it is published.</summary>
    public const byte Packed = 8;

    /// <summary>Reads a chunk: <c>while (reader.Next()) …</c>.</summary>
    public ref struct Reader(ReadOnlySpan<byte> chunk)
    {
        private readonly List<string> _topics = [];
        private ReadOnlySpan<byte> _rest = chunk;

        public string Topic { get; private set; } = "";

        public bool IsNumbered { get; private set; }

        public bool IsPacked { get; private set; }

        /// <summary>0 for the time of publishing.</summary>
        public long TimestampInMs { get; private set; }

        public ReadOnlySpan<byte> Key { get; private set; }

        public ReadOnlySpan<byte> Headers { get; private set; }

        public ReadOnlySpan<byte> Value { get; private set; }

        public bool Next()
        {
            if (_rest.IsEmpty)
            {
                return false;
            }

            byte flags = _rest[0];
            int topic = _rest[1];
            _rest = _rest[2..];
            if ((flags & NewTopic) != 0)
            {
                int length = _rest[0];
                _topics.Add(string.Intern(Encoding.UTF8.GetString(_rest.Slice(1, length))));
                _rest = _rest[(1 + length)..];
            }

            TimestampInMs = 0;
            if ((flags & Timestamped) != 0)
            {
                TimestampInMs = BinaryPrimitives.ReadInt64LittleEndian(_rest);
                _rest = _rest[8..];
            }

            IsNumbered = (flags & Numbered) != 0;
            IsPacked = (flags & Packed) != 0;
            Topic = _topics[topic];
            Key = Take();
            Headers = Take();
            Value = Take();
            return true;
        }

        private ReadOnlySpan<byte> Take()
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(_rest);
            ReadOnlySpan<byte> bytes = _rest.Slice(4, length);
            _rest = _rest[(4 + length)..];
            return bytes;
        }
    }
}
