using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>
/// What a shard takes care of after owners that died without coming further: each record is noted in the store before it is read, so that what the process dies of stands alone in the
/// note in the end. That one is refused then, and an actor that can not even be loaded is left alone.
/// </summary>
internal sealed partial class Caution
{
    /// <summary>Claims without progress before records are handled with care. A node that is killed a few times for other reasons costs nothing.</summary>
    private const int FearlessClaims = 3;

    private readonly ShardSeed _seed;
    private readonly Attempted _suspects;
    private bool _hasNoted;

    /// <summary>Actors that end the process when they are loaded. They are left alone while the shard is here.</summary>
    private readonly HashSet<string> _unloadable = new(StringComparer.Ordinal);

    /// <param name="refusedThrough">Offset of the last record that was refused or forwarded.</param>
    public Caution(ShardSeed seed, long refusedThrough)
    {
        _seed = seed;
        IsCareful = seed.Claim.IdleClaims > FearlessClaims;
        if (!IsCareful)
        {
            return;
        }

        LogCareful(seed.Logger, seed.Partition, seed.Claim.IdleClaims - 1, seed.Claim.NextOffset);
        _suspects = seed.Claim.Trying;
        if (_suspects.IsOne && _suspects.From <= refusedThrough
            && seed.Store.Get(Clerk.Collection, Clerk.IdOf(seed.Partition, _suspects.From, seed.Claim.Generation)) is null)
        {
            // What lies before a record that was refused has been read by an owner that lived: the process died of another shard's record.
            // And its dead letter would not be written, for the clerk has passed it.
            _suspects = default;
        }
    }

    /// <summary>
    /// Of a process that may die of a record, one shard at a time has records noted: what it dies of then is one of them, and no other shard's record is
    /// suspected for it.
    /// </summary>
    public static Lock Noting { get; } = new();

    /// <summary>Owners before this one died without coming further: what is taken next is to be announced.</summary>
    public bool IsCareful { get; }

    /// <summary>The process dies of this record.</summary>
    public bool IsDeadly(long offset) => _suspects.IsOne && _suspects.From == offset;

    /// <summary>Of the deadly record: the process died as it loaded the record's actor.</summary>
    public bool IsOfLoading => _suspects.IsLoading;

    public bool IsUnloadable(string key) => _unloadable.Count > 0 && _unloadable.Contains(key);

    public bool HasUnloadable => _unloadable.Count > 0;

    public void LeaveAlone(string key)
    {
        if (_unloadable.Add(key))
        {
            LogUnloadable(_seed.Logger, _seed.Partition, key);
        }
    }

    /// <summary>Why a deadly record is refused, or one of an actor that is left alone.</summary>
    public RecordRefusal Refusal(bool ofLoading) =>
        new("process_killed", "", $"The process ended each time it {(ofLoading ? "loaded this record's actor" : "read this record")}, {_seed.Claim.IdleClaims - 1} times at least.") { IsByItself = true };

    /// <summary>
    /// Notes the records that are taken next, sixteen at a time; where the process died in such a group, each of its records by itself. What it dies of
    /// then stands alone in the note.
    /// </summary>
    /// <returns>How many of them may be taken together.</returns>
    public int Announce(RecordBatch batch, int at, int count)
    {
        long from = batch.OffsetAt(at);
        for (int i = 0; i < count; i++)
        {
            if (_suspects.Holds(batch.OffsetAt(at + i)))
            {
                // Those before it are a group, it is one by itself.
                count = Math.Max(i, 1);
                break;
            }
        }

        if (!IsDeadly(from))
        {
            _hasNoted = true;
            Note(new Attempted(from, batch.OffsetAt(at + count - 1) - from + 1));
        }

        return count;
    }

    /// <summary>Of a record taken by itself it is also noted whether the process has come so far as to load its actor.</summary>
    /// <param name="count">Records that are taken together.</param>
    public void Loading(long offset, int count)
    {
        if (_hasNoted && count == 1)
        {
            Note(Attempted.Loading(offset));
        }
    }

    public void Loaded(long offset, int count)
    {
        if (_hasNoted && count == 1)
        {
            Note(new Attempted(offset, 1));
        }
    }

    /// <summary>Alive: what ends the process from here on was none of those announced.</summary>
    public void Survived()
    {
        if (_hasNoted)
        {
            _hasNoted = false;
            Note(default);
        }
    }

    private void Note(Attempted attempted) => _seed.Store.Try(_seed.Id, _seed.Claim.Epoch, attempted);

    [LoggerMessage(1204, LogLevel.Warning, "{Partition} was claimed {Claims} times and never came beyond offset {Offset}: records are noted before they are read, and one of which the process dies goes to the dead letters.")]
    private static partial void LogCareful(ILogger logger, InboxPartition partition, int claims, long offset);

    [LoggerMessage(1205, LogLevel.Error, "{Partition}: the process ended each time it loaded actor {Key}. It is left alone while the shard is here: what comes for it goes to the dead letters, and its timers do not fire.")]
    private static partial void LogUnloadable(ILogger logger, InboxPartition partition, string key);
}
