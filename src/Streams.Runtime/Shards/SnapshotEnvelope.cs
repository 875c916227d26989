using System.Buffers;
using Streams.Runtime.Actors;

namespace Streams.Runtime.Shards;

/// <summary>
/// What the runtime writes before an actor's own state: <c>version:u8 generation:varint (position+1):varint marks</c>. A position
/// counts only in the generation of the log it was written in; marks count for ever.
/// </summary>
internal readonly record struct SnapshotEnvelope(int Generation, long Position, SourceMarks? Marks)
{
    private const byte Version = 2;

    /// <summary>As <see cref="Version"/>, and the state goes on in sections, which programs of before would not look for.</summary>
    private const byte Sectioned = 3;

    /// <summary>Marks without lineages.</summary>
    private const byte First = 1;

    public static bool HasSections(ReadOnlySpan<byte> snapshot) => !snapshot.IsEmpty && snapshot[0] == Sectioned;

    public static void Write(IBufferWriter<byte> to, Actor actor, int generation, bool hasSections = false)
    {
        to.GetSpan(1)[0] = hasSections ? Sectioned : Version;
        to.Advance(1);
        to.WriteVarint((ulong)generation);
        to.WriteVarint((ulong)(actor.Position + 1));
        if (actor.Marks is null)
        {
            to.WriteVarint(0);
        }
        else
        {
            actor.Marks.Save(to);
        }
    }

    /// <exception cref="InvalidDataException">Written by a newer program.</exception>
    public static SnapshotEnvelope Read(ReadOnlySpan<byte> snapshot, out ReadOnlySpan<byte> state)
    {
        if (snapshot.IsEmpty || snapshot[0] is not (First or Version or Sectioned))
        {
            throw new InvalidDataException(
                $"A snapshot has envelope version {(snapshot.IsEmpty ? 0 : snapshot[0])}; this program reads {First} to {Sectioned}. Run the version that wrote it, or a newer one.");
        }

        bool hasLineages = snapshot[0] != First;
        snapshot = snapshot[1..];
        int generation = (int)snapshot.ReadVarint();
        long position = (long)snapshot.ReadVarint() - 1;
        SourceMarks? marks = SourceMarks.Restore(ref snapshot, hasLineages);
        state = snapshot;
        return new SnapshotEnvelope(generation, position, marks);
    }

    public void ApplyTo(Actor actor, int generation)
    {
        actor.Position = Generation == generation ? Position : -1;
        actor.Marks = Marks;
    }
}
