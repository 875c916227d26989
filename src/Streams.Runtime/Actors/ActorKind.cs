using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Actors;

/// <summary>What an actor's turn came to.</summary>
public enum Reaction : byte
{
    /// <summary>State changed; nothing to say.</summary>
    Quiet,

    /// <summary>Nothing changed: the input was known already.</summary>
    Repeat,

    /// <summary>Has something to publish that may wait for a sweep.</summary>
    Speaks,

    /// <summary>Decided something others wait for: to be written and published at once.</summary>
    Decided,

    /// <summary>Refused the input; <see cref="ActorKind{TActor,TMessage}.Refusal"/> says why. The record goes to the dead letters.</summary>
    Refused,
}

/// <summary>Why a record was refused.</summary>
/// <param name="Reason">Stable snake_case code that is counted by.</param>
/// <param name="Field">The field at fault; empty where it is the record as a whole.</param>
/// <param name="Detail">For people: what is wrong and what is allowed.</param>
public readonly record struct RecordRefusal(string Reason, string Field, string Detail)
{
    /// <summary>There may be any number of them: refused ones of one actor are told together, in one dead letter with the bytes of the first.</summary>
    public bool IsOneOfMany { get; init; }

    /// <summary>It is told by itself, whatever else is refused: somebody will look for it.</summary>
    public bool IsByItself { get; init; }

    /// <summary>The actor has something to say of it that others wait for.</summary>
    public bool IsDecision { get; init; }
}

/// <summary>An actor kind: its name, its inbox and how its shards are made.</summary>
public abstract class ActorKind
{
    /// <param name="number">1 to 255, never reused: it is in stored rows.</param>
    protected ActorKind(byte number, string name, string inbox)
    {
        Number = number;
        Name = name;
        Inbox = inbox;
    }

    public byte Number { get; }

    public string Name { get; }

    /// <summary>The topic this kind's actors read.</summary>
    public string Inbox { get; }

    /// <summary>Inboxes of actors, of this kind or another, that this kind's actors write to. Written to no faster than they are read.</summary>
    public virtual IReadOnlyCollection<string> Tells => [];

    /// <summary>
    /// Makes a record of what <see cref="CommitDraft.BeginRecord"/> was given packed, when it is published. Pure, and not on a shard's thread:
    /// the instance it is called on serves no shard.
    /// </summary>
    /// <exception cref="InvalidDataException">The bytes are not readable.</exception>
    public virtual void Unpack(ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed, IOutgoing into) =>
        throw new InvalidDataException($"The outbox holds a packed record of a {Name}, which packs none. Run the version that wrote it.");

    /// <summary>A fresh instance that only unpacks.</summary>
    internal abstract ActorKind ForPublisher();

    internal abstract Shard CreateShard(ShardSeed seed);

    /// <summary>A copy of an actor as it was written, to be looked at and thrown away.</summary>
    /// <exception cref="InvalidDataException">The bytes are not readable.</exception>
    internal abstract Actor CopyOf(StoredActor stored);
}

/// <summary>
/// The behaviour of one kind of actor: pure apart from the state of the actor it is given. One instance serves one shard at a time
/// (so it may keep scratch buffers); <see cref="ForShard"/> makes them.
/// </summary>
/// <typeparam name="TMessage">A reusable object a record is decoded into; sixteen live per shard.</typeparam>
public abstract class ActorKind<TActor, TMessage>(byte number, string name, string inbox) : ActorKind(number, name, inbox)
    where TActor : Actor
    where TMessage : class, new()
{
    /// <summary>Set by <see cref="Admit"/> when it answers false and by <see cref="Receive"/> when it answers <see cref="Reaction.Refused"/>.</summary>
    public RecordRefusal Refusal { get; protected set; }

    /// <summary>A fresh instance, so that shards on different threads share no scratch state.</summary>
    public abstract ActorKind<TActor, TMessage> ForShard();

    /// <summary>Decodes a record; false refuses it. Must not throw on any bytes.</summary>
    public abstract bool Admit(in Record record, TMessage message, long nowInMs);

    /// <summary>The id of the actor the message is for, as UTF-8; valid until the message is reused.</summary>
    public abstract ReadOnlySpan<byte> KeyOf(TMessage message);

    /// <summary>An actor nobody has heard of before.</summary>
    public abstract TActor Create(string key);

    /// <summary>An actor as it was written. Throws <see cref="InvalidDataException"/> where the bytes are not readable.</summary>
    public abstract TActor Restore(string key, ReadOnlySpan<byte> snapshot);

    /// <summary>Asks the processor to fetch what <see cref="Receive"/> will touch first.</summary>
    public virtual void Prefetch(TActor actor)
    {
    }

    public abstract Reaction Receive(TActor actor, TMessage message, long nowInMs);

    /// <summary>The time <see cref="DueOf"/> named has come.</summary>
    public abstract Reaction Wake(TActor actor, long nowInMs);

    /// <summary>When the actor wants to be woken, in processing time; <see cref="long.MaxValue"/> for never.</summary>
    public abstract long DueOf(TActor actor);

    /// <summary>Puts what the actor has to say into the draft and its state into <see cref="CommitDraft.Snapshot"/>.</summary>
    public abstract void Write(TActor actor, CommitDraft draft);

    /// <summary>Snapshots have sections: see <see cref="CommitDraft.Section"/>.</summary>
    public virtual bool HasSections => false;

    /// <summary>Called once after a run of <see cref="Write"/>: puts into the draft what was gathered over several actors.</summary>
    public virtual void EndWrite(CommitDraft draft)
    {
    }

    /// <summary>Estimate of the actor's memory, for the bound on actors kept.</summary>
    public abstract int SizeOf(TActor actor);

    internal sealed override Actor CopyOf(StoredActor stored)
    {
        SnapshotEnvelope.Read(stored.Snapshot, out ReadOnlySpan<byte> state);
        return ForShard().Restore(stored.Key, state);
    }

    internal sealed override ActorKind ForPublisher() => ForShard();

    internal sealed override Shard CreateShard(ShardSeed seed) => new Shard<TActor, TMessage>(ForShard(), seed);
}
