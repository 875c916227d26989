using System.Numerics;

namespace Streams.Runtime.Actors;

/// <summary>
/// The actors of one shard that are in memory, found by the bytes of their id: open addressing with linear probing over an array of
/// (hash, actor), so that a hit costs one comparison of hashes and one of keys and makes no string.
/// </summary>
internal sealed class ActorTable<TActor>
    where TActor : Actor
{
    private Slot[] _slots = new Slot[64];
    private int _used;

    private struct Slot
    {
        public uint Hash;
        public TActor? Actor;
    }

    public int Count => _used;

    public TActor? Find(uint hash, ReadOnlySpan<byte> key)
    {
        Slot[] slots = _slots;
        uint mask = (uint)slots.Length - 1;
        for (uint at = Spread(hash) & mask; ; at = (at + 1) & mask)
        {
            ref Slot slot = ref slots[at];
            if (slot.Actor is null)
            {
                return null;
            }

            if (slot.Hash == hash && slot.Actor.KeyUtf8.AsSpan().SequenceEqual(key))
            {
                return slot.Actor;
            }
        }
    }

    public void Add(TActor actor)
    {
        if ((_used + 1) * 2 > _slots.Length)
        {
            Grow();
        }

        Insert(_slots, actor);
        _used++;
    }

    public void Remove(TActor actor)
    {
        uint mask = (uint)_slots.Length - 1;
        uint at = Spread(actor.Hash) & mask;
        while (!ReferenceEquals(_slots[at].Actor, actor))
        {
            if (_slots[at].Actor is null)
            {
                return;
            }

            at = (at + 1) & mask;
        }

        // Close the hole: move back every later entry of the run that may stand here (Knuth, algorithm R).
        uint hole = at;
        for (uint next = (hole + 1) & mask; _slots[next].Actor is not null; next = (next + 1) & mask)
        {
            uint home = Spread(_slots[next].Hash) & mask;
            if (((next - home) & mask) >= ((next - hole) & mask))
            {
                _slots[hole] = _slots[next];
                hole = next;
            }
        }

        _slots[hole] = default;
        _used--;
    }

    public void Clear()
    {
        _slots = new Slot[64];
        _used = 0;
    }

    /// <summary>Slots from <paramref name="cursor"/> on, wrapping; for the passivation scan. Null for an empty slot.</summary>
    public TActor? AtSlot(ref int cursor)
    {
        cursor = (cursor + 1) & (_slots.Length - 1);
        return _slots[cursor].Actor;
    }

    public int SlotCount => _slots.Length;

    public IEnumerable<TActor> All()
    {
        foreach (Slot slot in _slots)
        {
            if (slot.Actor is not null)
            {
                yield return slot.Actor;
            }
        }
    }

    // All actors of a shard agree in hash mod partitions; fold the upper bits in, or every probe would start at the same few slots.
    private static uint Spread(uint hash) => BitOperations.RotateLeft(hash * 0x9E3779B1u, 15);

    private static void Insert(Slot[] slots, TActor actor)
    {
        uint mask = (uint)slots.Length - 1;
        uint at = Spread(actor.Hash) & mask;
        while (slots[at].Actor is not null)
        {
            at = (at + 1) & mask;
        }

        slots[at] = new Slot { Hash = actor.Hash, Actor = actor };
    }

    private void Grow()
    {
        Slot[] larger = new Slot[_slots.Length * 2];
        foreach (Slot slot in _slots)
        {
            if (slot.Actor is not null)
            {
                Insert(larger, slot.Actor);
            }
        }

        _slots = larger;
    }
}
