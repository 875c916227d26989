namespace Streams.Runtime.Storage;

/// <summary>
/// A shard's stored row, and the two decisions taken on it while it is locked: who owns the shard from now on, and whether a commit
/// is its owner's. Both stores read the row, decide here and write it back, so that fencing is one piece of code.
/// </summary>
/// <param name="CommitNumber">Number of the owner's last commit; 0 after a claim.</param>
/// <param name="IdleClaims">Claims since the shard last came further in its log or was given back in order: its owners died of something.</param>
/// <param name="Trying">See <see cref="IStore.Try"/>.</param>
/// <param name="Incarnation">The log that <paramref name="NextOffset"/> counts in; empty before the first claim.</param>
internal readonly record struct ShardState(
    int Shard,
    string? Owner,
    long Epoch,
    long CommitNumber,
    long NextOffset,
    string Incarnation,
    int Generation,
    long UrgentNumber,
    long BulkNumber,
    long ClaimedAtInMs,
    int IdleClaims,
    Attempted Trying)
{
    /// <summary>A shard nobody has claimed yet. Its epoch, 0, is no owner's.</summary>
    public static ShardState Unclaimed(int shard) => new(shard, null, 0, 0, 0, "", 0, 0, 0, 0, 0, default);

    public ShardState ClaimedBy(string owner, string incarnation, long nowInMs)
    {
        bool replaced = IsOfAnotherLogThan(incarnation);
        return this with
        {
            Owner = owner,
            Epoch = Epoch + 1,
            CommitNumber = 0,
            NextOffset = replaced ? 0 : NextOffset,
            Incarnation = incarnation,
            Generation = replaced ? Generation + 1 : Generation,
            ClaimedAtInMs = nowInMs,
            IdleClaims = replaced ? 1 : IdleClaims + 1,
            Trying = replaced ? default : Trying,
        };
    }

    /// <summary>What the new owner is told; <paramref name="before"/> is the row it found.</summary>
    public ShardClaim ClaimAfter(in ShardState before, int nextActorIndex) => new(
        Epoch, NextOffset, Generation, before.IsOfAnotherLogThan(Incarnation), before.NextOffset, [UrgentNumber, BulkNumber], nextActorIndex)
    {
        IdleClaims = IdleClaims,
        Trying = Trying.From >= NextOffset ? Trying : default,
    };

    /// <summary>Whether the commit may be written; if so, <paramref name="after"/> is the row to write with it.</summary>
    /// <exception cref="InvalidOperationException">A position went back under the same owner: a broken invariant, never a race.</exception>
    public Admission Admit(ShardCommit commit, out ShardState after)
    {
        after = this;
        if (commit.Epoch != Epoch || Epoch == 0)
        {
            return Admission.Fenced;
        }

        if (commit.Number <= CommitNumber)
        {
            return Admission.AlreadyWritten;
        }

        long urgent = commit.LastNumbers[(int)Lane.Urgent];
        long bulk = commit.LastNumbers[(int)Lane.Bulk];
        if (commit.NextOffset < NextOffset || urgent < UrgentNumber || bulk < BulkNumber)
        {
            throw new InvalidOperationException(
                $"Shard {commit.Shard}, epoch {Epoch}, commit {commit.Number} goes back: next offset {commit.NextOffset} after {NextOffset}, " +
                $"last urgent number {urgent} after {UrgentNumber}, last bulk number {bulk} after {BulkNumber}. Nothing was written; stop the shard.");
        }

        after = this with
        {
            CommitNumber = commit.Number, NextOffset = commit.NextOffset, UrgentNumber = urgent, BulkNumber = bulk,
            IdleClaims = commit.NextOffset > NextOffset ? 0 : IdleClaims,
        };
        return Admission.Written;
    }

    /// <summary>Null while it is not at its end, or where the owner before never said that it lives.</summary>
    public static ShardHandover? HandoverOf(string from, bool wasDrained, long? stoppedAtInMs, long? releasedAtInMs, long? takenAtInMs, long? resumedAtInMs)
    {
        if (stoppedAtInMs is not { } stopped || takenAtInMs is not { } taken || resumedAtInMs is not { } resumed)
        {
            return null;
        }

        long released = wasDrained ? releasedAtInMs ?? stopped : stopped;
        return new ShardHandover(from, wasDrained, DateTimeOffset.FromUnixTimeMilliseconds(stopped), Span(stopped, released), Span(released, taken), Span(taken, resumed));

        static TimeSpan Span(long fromInMs, long toInMs) => TimeSpan.FromMilliseconds(Math.Max(0, toInMs - fromInMs));
    }

    private bool IsOfAnotherLogThan(string incarnation) => Incarnation.Length > 0 && Incarnation != incarnation;
}

internal enum Admission
{
    /// <summary>The owner's next commit: write it.</summary>
    Written,

    /// <summary>The owner's, and in the store since an earlier attempt: write nothing, it counts as written.</summary>
    AlreadyWritten,

    /// <summary>Another owner claimed the shard: write nothing.</summary>
    Fenced,
}
