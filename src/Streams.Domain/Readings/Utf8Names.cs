using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Streams.Domain.Readings;

/// <summary>A fixed set of names looked up by their UTF-8 bytes, so that a name in a record never becomes a string.</summary>
public sealed class Utf8Names<T>
{
    private readonly (byte[] Name, T Value)[] _slots;
    private readonly int _mask;

    /// <exception cref="ArgumentException">A name is there twice.</exception>
    public Utf8Names(IReadOnlyCollection<KeyValuePair<string, T>> entries)
    {
        // At most half full: a miss ends at the first or second slot.
        int size = 4;
        while (size < entries.Count * 2)
        {
            size *= 2;
        }

        _slots = new (byte[], T)[size];
        _mask = size - 1;
        foreach ((string text, T value) in entries)
        {
            byte[] name = Encoding.UTF8.GetBytes(text);
            int slot = Hash(name) & _mask;
            for (; _slots[slot].Name is { } taken; slot = (slot + 1) & _mask)
            {
                if (taken.AsSpan().SequenceEqual(name))
                {
                    throw new ArgumentException($"The name '{text}' is there twice.", nameof(entries));
                }
            }

            _slots[slot] = (name, value);
        }
    }

    public bool TryGet(ReadOnlySpan<byte> name, [MaybeNullWhen(false)] out T value)
    {
        for (int slot = Hash(name) & _mask; _slots[slot].Name is { } known; slot = (slot + 1) & _mask)
        {
            if (name.SequenceEqual(known))
            {
                value = _slots[slot].Value;
                return true;
            }
        }

        value = default;
        return false;
    }

    /// <summary>From the first and last bytes and the length: names of one city differ there, and reading 16 bytes costs two loads.</summary>
    private static int Hash(ReadOnlySpan<byte> name)
    {
        ulong hash;
        if (name.Length >= 8)
        {
            hash = BinaryPrimitives.ReadUInt64LittleEndian(name)
                ^ (BinaryPrimitives.ReadUInt64LittleEndian(name[^8..]) * 0x9E37_79B9_7F4A_7C15UL);
        }
        else
        {
            hash = 0;
            foreach (byte next in name)
            {
                hash = (hash << 8) | next;
            }
        }

        hash = (hash + (ulong)name.Length) * 0xD6E8_FEB8_6659_FD93UL;
        return (int)(hash >> 33);
    }
}
