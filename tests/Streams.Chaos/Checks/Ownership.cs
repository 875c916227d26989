using System.Globalization;
using Streams.Chaos.Truth;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Chaos.Checks;

/// <summary>
/// Judges every change of the store: I2 epochs and positions never go back, I3 nothing is written past the fence, I7 under one epoch of a
/// shard only its claimant commits, and I5 outbox numbers follow each other without a gap.
/// </summary>
internal sealed class Ownership(Publications publications, Violations violations) : IStoreSink
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, ShardNote> _last = [];
    private readonly Dictionary<(int Shard, long Epoch), string> _claimants = [];
    private readonly Dictionary<(int Shard, Lane Lane), long> _numbers = [];
    private readonly HashSet<(int Shard, long Transaction)> _fencedIn = [];
    private readonly Dictionary<(int Shard, long Transaction), string> _wrote = [];

    public long Changes { get; private set; }

    public long Claims { get; private set; }

    public long Commits { get; private set; }

    public long Releases { get; private set; }

    public long NextOf(int shard)
    {
        lock (_gate)
        {
            return _last.TryGetValue(shard, out ShardNote note) ? note.NextOffset : 0;
        }
    }

    public void See(in ShardNote now)
    {
        lock (_gate)
        {
            Changes++;
            bool known = _last.TryGetValue(now.Shard, out ShardNote before);
            _last[now.Shard] = now;
            if (!known)
            {
                return;
            }

            string subject = $"shard {ShardId.FromNumber(now.Shard)}";
            if (now.Epoch < before.Epoch)
            {
                violations.Add("I2", subject, $"epoch {now.Epoch} after {before.Epoch}", "never goes back", now.Writer);
            }

            if (now.Generation == before.Generation && now.NextOffset < before.NextOffset)
            {
                violations.Add("I2", subject, $"next offset {now.NextOffset} after {before.NextOffset}", "never goes back", $"{now.Writer}, epoch {now.Epoch}, commit {now.CommitNumber}");
            }

            if (now.UrgentNumber < before.UrgentNumber || now.BulkNumber < before.BulkNumber)
            {
                violations.Add("I2", subject, $"outbox numbers {now.UrgentNumber}/{now.BulkNumber} after {before.UrgentNumber}/{before.BulkNumber}", "never go back", now.Writer);
            }

            if (now.Epoch > before.Epoch)
            {
                Claim(now, before, subject);
            }
            else if (now.CommitNumber != before.CommitNumber)
            {
                Commit(now, before, subject);
            }
            else if (now.Owner is null && before.Owner is not null)
            {
                Releases++;
                ExpectClaimant(now, subject, "gave it back");
            }
        }
    }

    public void See(in RowsNote note)
    {
        lock (_gate)
        {
            _wrote.TryAdd((note.Shard, note.Transaction), $"{note.Table} by {note.Writer}");
        }
    }

    public void See(in OutboxNote note)
    {
        lock (_gate)
        {
            _wrote.TryAdd((note.Shard, note.Transaction), "outbox by " + note.Writer);
            long last = _numbers.GetValueOrDefault((note.Shard, note.Chunk.Lane));
            if (note.Chunk.FirstNumber != last + 1)
            {
                violations.Add("I5", $"shard {ShardId.FromNumber(note.Shard)}, lane {note.Chunk.Lane}", $"number {note.Chunk.FirstNumber} after {last}", "each number once, none left out", note.Writer);
            }

            _numbers[(note.Shard, note.Chunk.Lane)] = Math.Max(last, note.Chunk.LastNumber);
        }

        publications.NoteCommitted(note.Shard, note.Chunk);
    }

    public void Check()
    {
        lock (_gate)
        {
            foreach (((int shard, long transaction), string what) in _wrote)
            {
                if (!_fencedIn.Contains((shard, transaction)))
                {
                    violations.Add("I3", $"shard {ShardId.FromNumber(shard)}", $"rows of {what} without a commit of its owner", "the fence first", string.Create(CultureInfo.InvariantCulture, $"transaction {transaction}"));
                }
            }
        }
    }

    private void Claim(in ShardNote now, in ShardNote before, string subject)
    {
        Claims++;
        _claimants[(now.Shard, now.Epoch)] = now.Writer;
        if (now.Epoch != before.Epoch + 1 || now.CommitNumber != 0)
        {
            violations.Add("I2", subject, $"claimed with epoch {now.Epoch} after {before.Epoch} and commit number {now.CommitNumber}", "one more, and none");
        }
    }

    private void Commit(in ShardNote now, in ShardNote before, string subject)
    {
        Commits++;
        _fencedIn.Add((now.Shard, now.Transaction));
        ExpectClaimant(now, subject, "committed");
        if (now.CommitNumber < before.CommitNumber)
        {
            violations.Add("I2", subject, $"commit {now.CommitNumber} after {before.CommitNumber} of epoch {now.Epoch}", "never goes back", now.Writer);
        }
    }

    private void ExpectClaimant(in ShardNote now, string subject, string did)
    {
        if (_claimants.TryGetValue((now.Shard, now.Epoch), out string? claimant) && claimant != now.Writer)
        {
            violations.Add("I7", subject, $"{now.Writer} {did} under epoch {now.Epoch}", $"only {claimant}, who claimed it", $"commit {now.CommitNumber}");
        }
    }
}
