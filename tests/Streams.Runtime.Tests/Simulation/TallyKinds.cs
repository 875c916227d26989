using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>A number on its way: "meter-3|17" says that meter-3 gets 17 more.</summary>
internal sealed class TallyMessage
{
    public byte[] Key = [];
    public long Amount;
    public long AtInMs;
}

internal sealed class TallyActor(string key) : Actor(key)
{
    public long Sum;
    public long Count;
    public long Unsent;
    public long Decisions;
    public long DueInMs = long.MaxValue;

    /// <summary>Silences noted: by the timer, or where that came too late by the message that ended them. What the log holds decides how many there are.</summary>
    public long Silences;

    /// <summary>As it was stored: nothing has come since.</summary>
    public bool IsAsStored;

    /// <summary>Time of its first message: it names one of its lives.</summary>
    public long BornInMs;

    /// <summary>Nothing has come for a while, and it is of those that leave then.</summary>
    public bool Leaves;

    public List<(long Decision, long Sum)> Pending { get; } = [];
}

/// <summary>How actors were woken.</summary>
internal sealed class Wakings
{
    public int All { get; set; }

    /// <summary>Straight out of the store, where they lay because memory was short or their node was gone.</summary>
    public int FromStore { get; set; }

    /// <summary>By an owner that had nothing for them, so that the deadline was an earlier owner's.</summary>
    public int ByLaterOwner { get; set; }

    public int Left { get; private set; }

    public void HasLeft() => Left++;
}

/// <summary>
/// An actor kind as small as can be that uses everything the runtime offers: sums amounts, announces every fifth as a decision, passes
/// what it got on to the actor above it, notes when nothing has come for a while, refuses negative amounts and throws on 666.
/// </summary>
/// <param name="silenceInMs">From a message's arrival in the log to the deadline that it sets.</param>
internal sealed class TallyKind(byte number, string inbox, string? above, int silenceInMs = 60_000, Wakings? wakings = null)
    : ActorKind<TallyActor, TallyMessage>(number, inbox, inbox)
{
    public const string Results = "results";

    /// <summary>What actors that left leave behind: sum, count, decisions, silences.</summary>
    public const string Remains = "remains";

    private readonly Dictionary<string, long> _gathered = [];
    private readonly HashSet<string> _heardHere = [];

    public override IReadOnlyCollection<string> Tells => above is null ? [] : [above];

    public override ActorKind<TallyActor, TallyMessage> ForShard() => new TallyKind(Number, Inbox, above, silenceInMs, wakings);

    public override bool Admit(in Record record, TallyMessage message, long nowInMs)
    {
        string[] parts = Encoding.UTF8.GetString(record.Value).Split('|');
        if (parts.Length != 2 || !long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out message.Amount))
        {
            Refusal = new RecordRefusal("malformed", "value", "expected key|amount");
            return false;
        }

        message.Key = Encoding.UTF8.GetBytes(parts[0]);
        message.AtInMs = record.TimestampInMs < 0 ? nowInMs : record.TimestampInMs;
        return true;
    }

    public override ReadOnlySpan<byte> KeyOf(TallyMessage message) => message.Key;

    public override TallyActor Create(string key) => new(key);

    public override TallyActor Restore(string key, ReadOnlySpan<byte> snapshot) => snapshot.Length != 48 ? throw new InvalidDataException($"{key}: {snapshot.Length} bytes") : new(key)
    {
        Decisions = BinaryPrimitives.ReadInt64LittleEndian(snapshot),
        DueInMs = BinaryPrimitives.ReadInt64LittleEndian(snapshot[8..]),
        Silences = BinaryPrimitives.ReadInt64LittleEndian(snapshot[16..]),
        BornInMs = BinaryPrimitives.ReadInt64LittleEndian(snapshot[24..]),
        Sum = BinaryPrimitives.ReadInt64LittleEndian(snapshot[32..]),
        Count = BinaryPrimitives.ReadInt64LittleEndian(snapshot[40..]),
        IsAsStored = true,
    };

    public override Reaction Receive(TallyActor actor, TallyMessage message, long nowInMs)
    {
        if (message.Amount < 0)
        {
            Refusal = new RecordRefusal("negative", "amount", "an amount is at least 0");
            return Reaction.Refused;
        }

        actor.BornInMs = actor.Count == 0 ? message.AtInMs : actor.BornInMs;
        actor.Leaves = false;
        actor.Sum += message.Amount;
        actor.Count++;
        actor.Unsent += message.Amount;
        if (message.AtInMs > actor.DueInMs)
        {
            actor.Silences++;
        }

        actor.DueInMs = message.AtInMs + silenceInMs;
        actor.IsAsStored = false;
        if (message.Amount == 666 && Number == 1)
        {
            throw new InvalidOperationException("poison");
        }

        if (wakings is not null)
        {
            _heardHere.Add(actor.Key);
        }

        if (actor.Count % 5 == 0)
        {
            actor.Decisions++;
            actor.Pending.Add((actor.Decisions, actor.Sum));
            return Reaction.Decided;
        }

        return actor.Count % 2 == 0 ? Reaction.Speaks : Reaction.Quiet;
    }

    public override Reaction Wake(TallyActor actor, long nowInMs)
    {
        if (wakings is not null)
        {
            wakings.All++;
            wakings.FromStore += actor.IsAsStored ? 1 : 0;
            wakings.ByLaterOwner += _heardHere.Contains(actor.Key) ? 0 : 1;
        }

        actor.DueInMs = long.MaxValue;
        actor.Silences++;

        // What was told with a number may be told again however late: who leaves would believe it.
        actor.Leaves = Number == 1 && actor.Key[^1] is '0' or '1' && actor.Marks is null;
        return above is null ? Reaction.Quiet : Reaction.Decided;
    }

    public override long DueOf(TallyActor actor) => actor.DueInMs;

    public override void Write(TallyActor actor, CommitDraft draft)
    {
        foreach ((long decision, long sum) in actor.Pending)
        {
            string id = $"{Inbox}/{actor.Key}/{actor.BornInMs}/{decision}";
            draft.BeginRecord(Lane.Urgent, Results, actor.KeySpan);
            draft.Header("ce_id"u8, Encoding.UTF8.GetBytes(id));
            draft.BeginValue().Write(Encoding.UTF8.GetBytes(sum.ToString(CultureInfo.InvariantCulture)));
            draft.EndRecord();
            draft.Journal(actor, decision, "reached", "{}"u8);
            draft.Put(new Document("tallies", id, "", "", "", decision, default), "{}"u8);
        }

        actor.Pending.Clear();
        if (above is not null && actor.Unsent > 0)
        {
            // Which group a meter belongs to is the last letter of its name.
            string group = "group-" + actor.Key[^1];
            _gathered[group] = _gathered.GetValueOrDefault(group) + actor.Unsent;
            actor.Unsent = 0;
        }

        if (actor.Leaves && draft.Leave())
        {
            draft.Put(
                new Document(Remains, $"{actor.Key}/{actor.BornInMs}", "", "", "", actor.BornInMs, default),
                JsonSerializer.SerializeToUtf8Bytes(new long[] { actor.Sum, actor.Count, actor.Decisions, actor.Silences }));
            wakings?.HasLeft();
            (actor.Sum, actor.Count, actor.Decisions, actor.Silences, actor.Leaves) = (0, 0, 0, 0, false);
            return;
        }

        Put(actor.Decisions);
        Put(actor.DueInMs);
        Put(actor.Silences);
        Put(actor.BornInMs);
        Section(0);
        Put(actor.Sum);
        Section(1 + (actor.Count % 3));
        Put(actor.Count);

        void Put(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(draft.Snapshot.GetSpan(8), value);
            draft.Snapshot.Advance(8);
        }

        void Section(long number)
        {
            if (HasSections)
            {
                draft.Section(number);
            }
        }
    }

    /// <summary>Those of groups: one that stays, and one that each message moves.</summary>
    public override bool HasSections => Number == 2;

    public override void EndWrite(CommitDraft draft)
    {
        foreach ((string group, long amount) in _gathered.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            draft.BeginRecord(Lane.Bulk, above!, Encoding.UTF8.GetBytes(group), numbered: true);
            draft.BeginValue().Write(Encoding.UTF8.GetBytes($"{group}|{amount}"));
            draft.EndRecord();
        }

        _gathered.Clear();
    }

    public override int SizeOf(TallyActor actor) => 200;
}
