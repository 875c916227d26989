using System.Text;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>What every store does. Inherited by a class per store, which says how to make one.</summary>
public abstract partial class StoreSpec : IDisposable
{
    protected static readonly StoreLayout Layout = LayoutOf(("device", 32), ("district", 8));

    private static readonly ShardId Shard = new(1, 7);
    private static readonly ShardId Neighbour = new(1, 8);

    private IStore? _store;

    private IStore Store
    {
        get
        {
            if (_store is null)
            {
                _store = Connect();
                _store.Open(Layout);
            }

            return _store;
        }
    }

    public void Dispose()
    {
        _store?.Dispose();
        Delete();
        GC.SuppressFinalize(this);
    }

    /// <summary>A store on this test's own database, empty at the first call, not yet open.</summary>
    protected abstract IStore Connect();

    /// <summary>Removes the database, where that takes something.</summary>
    protected virtual void Delete()
    {
    }

    /// <summary>Closes the store and opens it again on the same database, as a restarted node does.</summary>
    private IStore Restart(StoreLayout? layout = null)
    {
        _store!.Dispose();
        _store = Connect();
        _store.Open(layout ?? Layout);
        return _store;
    }

    private static StoreLayout LayoutOf(params (string Name, int Partitions)[] kinds) => new(
        "test-city", "node-1", kinds.Index().ToDictionary(k => (byte)(k.Index + 1), k => new KindLayout(k.Item.Name, k.Item.Partitions)));

    private static string Text(ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    private string SnapshotOf(ShardId shard, string key) => Text(Assert.Single(Store.Load(shard, [key])).Snapshot);

    // ---- claims and fencing ----

    [Fact]
    public void The_first_claim_starts_at_epoch_1_from_offset_0()
    {
        ShardClaim claim = Store.Claim(Shard, "node-1", "log-1", ShardOwner.Noon);

        Assert.Equal((1, 0, 0, false, 0), (claim.Epoch, claim.NextOffset, claim.Generation, claim.LogReplaced, claim.NextActorIndex));
        Assert.Equal([0, 0], claim.LastNumbers);
    }

    [Fact]
    public void A_later_claim_raises_the_epoch_and_continues_where_the_last_owner_was()
    {
        ShardOwner first = new(Store, Shard);
        first.Write(first.WithActor(100, 0, "d-0", "a"));
        first.Write(first.WithActor(120, 4, "d-4", "b"));
        first.Write(first.WithChunk(150, Lane.Urgent, 3, "u"));
        first.Write(first.WithChunk(200, Lane.Bulk, 5, "b"));

        ShardClaim claim = Store.Claim(Shard, "node-2", "log-1", ShardOwner.Noon.AddMinutes(1));

        Assert.Equal((2, 200, 0, false, 5), (claim.Epoch, claim.NextOffset, claim.Generation, claim.LogReplaced, claim.NextActorIndex));
        Assert.Equal([3, 5], claim.LastNumbers);
        ShardRow row = Assert.Single(Store.ReadShards());
        Assert.Equal(new ShardRow(Shard, "node-2", 2, 200, 0, ShardOwner.Noon.AddMinutes(1), "log-1"), row);
    }

    [Fact]
    public void The_owner_of_an_older_epoch_writes_nothing_while_neighbours_in_the_same_transaction_do()
    {
        ShardOwner stale = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        ShardOwner current = new(Store, Shard, "node-2");
        ShardCommit everything = stale.WithActor(900, 0, "d-0", "stale", dueInMs: 5);
        everything.Outbox.Add(new OutboxChunk(Lane.Urgent, 1, 1, ShardOwner.Bytes("stale")));
        everything.Journal.Add(new JournalRow("d-0", 1, "stale", ShardOwner.Bytes("stale")));
        everything.Documents.Add(new Document("devices", "d-0", "", "", "", 1, ShardOwner.Bytes("stale")));
        everything.History.Add(new HistoryRow(0, 1, 0, ShardOwner.Bytes("stale")));

        IReadOnlyList<CommitResult> results = Store.Commit([everything, neighbour.WithActor(10, 0, "n-0", "fresh")]);

        Assert.Equal([CommitResult.Fenced, CommitResult.Written], results);
        Assert.Empty(Store.Load(Shard, ["d-0"]));
        Assert.Empty(Store.LoadDue(Shard, long.MaxValue, 10));
        Assert.Empty(Store.LoadOutbox(Shard));
        Assert.Empty(Store.ReadJournal(Shard, "d-0", 10));
        Assert.Null(Store.Get("devices", "d-0"));
        Assert.Equal("fresh", SnapshotOf(Neighbour, "n-0"));
        Assert.Equal([0L, 10L], Store.ReadShards().Select(s => s.NextOffset));
        Assert.Equal(CommitResult.Written, current.Write(current.WithActor(1, 0, "d-0", "current")));
        Assert.Empty(Store.ReadHistory(Shard, "d-0", 1, 0, 60, 10));
    }

    [Fact]
    public void An_epoch_that_was_never_given_out_is_fenced()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit ahead = new() { Shard = Shard, Epoch = owner.Claim.Epoch + 1, Number = 1, NextOffset = 5, LastNumbers = [0, 0], PublishedThrough = [0, 0] };
        ShardCommit unclaimed = new() { Shard = Neighbour, Epoch = 0, Number = 1, NextOffset = 5, LastNumbers = [0, 0], PublishedThrough = [0, 0] };

        Assert.Equal([CommitResult.Fenced, CommitResult.Fenced], Store.Commit([ahead, unclaimed]));
    }

    [Fact]
    public void An_old_and_a_new_owner_in_one_transaction_are_told_apart()
    {
        ShardOwner stale = new(Store, Shard);
        ShardOwner current = new(Store, Shard);

        IReadOnlyList<CommitResult> results = Store.Commit([stale.WithActor(5, 0, "d-0", "stale"), current.WithActor(3, 0, "d-0", "current"), stale.Next(9)]);

        Assert.Equal([CommitResult.Fenced, CommitResult.Written, CommitResult.Fenced], results);
        Assert.Equal("current", SnapshotOf(Shard, "d-0"));
    }

    [Fact]
    public void A_replaced_log_starts_at_offset_0_in_a_new_generation_and_keeps_the_numbers()
    {
        ShardOwner owner = new(Store, Shard);
        owner.Write(owner.WithChunk(500, Lane.Bulk, 2, "b"));

        ShardClaim replaced = Store.Claim(Shard, "node-1", "log-2", ShardOwner.Noon);
        ShardClaim same = Store.Claim(Shard, "node-1", "log-2", ShardOwner.Noon);

        Assert.Equal((2, 0, 1, true, 500), (replaced.Epoch, replaced.NextOffset, replaced.Generation, replaced.LogReplaced, replaced.OldNextOffset));
        Assert.Equal([0, 2], replaced.LastNumbers);
        Assert.Equal((3, 0, 1, false), (same.Epoch, same.NextOffset, same.Generation, same.LogReplaced));
    }

    [Fact]
    public void A_release_clears_the_owner_of_its_own_epoch_only()
    {
        ShardOwner first = new(Store, Shard);
        ShardOwner second = new(Store, Shard, "node-2");

        Store.Release(Shard, first.Claim.Epoch, TimeSpan.Zero);
        Assert.Equal("node-2", Assert.Single(Store.ReadShards()).Owner);

        Store.Release(Shard, second.Claim.Epoch, TimeSpan.Zero);
        Assert.Null(Assert.Single(Store.ReadShards()).Owner);
    }

    // ---- commits ----

    [Fact]
    public void A_commit_given_again_is_written_once_even_after_later_ones()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit first = owner.WithChunk(10, Lane.Urgent, 2, "decision");
        first.Actors.Add(new ActorRow(0, "d-0", true, null, ShardOwner.Bytes("old")));
        first.Journal.Add(new JournalRow("d-0", 1, "anomaly_raised", ShardOwner.Bytes("{}")));
        first.Documents.Add(new Document("anomalies", "a-1", "", "", "raised", 1, ShardOwner.Bytes("old")));
        owner.Write(first);
        Assert.Equal(CommitResult.Written, owner.Write(first));
        ShardCommit later = owner.WithPublished(20, Lane.Urgent, 2);
        later.Actors.Add(new ActorRow(0, "d-0", false, null, ShardOwner.Bytes("new")));
        later.Documents.Add(new Document("anomalies", "a-1", "", "", "cleared", 2, ShardOwner.Bytes("new")));
        owner.Write(later);

        Assert.Equal([CommitResult.Written, CommitResult.Written], Store.Commit([first, later]));

        Assert.Empty(Store.LoadOutbox(Shard));
        Assert.Single(Store.ReadJournal(Shard, "d-0", 10));
        Assert.Equal("new", SnapshotOf(Shard, "d-0"));
        Assert.Equal("cleared", Store.Get("anomalies", "a-1")!.Value.State);
        Assert.Equal(20, Assert.Single(Store.ReadShards()).NextOffset);
    }

    [Fact]
    public void Commit_numbers_start_again_after_a_claim()
    {
        ShardOwner first = new(Store, Shard);
        first.Write(first.Next(1));
        first.Write(first.Next(2));
        ShardOwner second = new(Store, Shard);

        second.Write(second.WithActor(3, 0, "d-0", "second"));

        Assert.Equal("second", SnapshotOf(Shard, "d-0"));
    }

    [Fact]
    public void Several_commits_of_a_shard_in_one_call_leave_what_the_last_one_says()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit first = owner.WithActor(5, 0, "d-0", "first", dueInMs: 50);
        first.Documents.Add(new Document("devices", "d-0", "a", "", "", 1, ShardOwner.Bytes("first")));
        ShardCommit second = owner.WithActor(6, 0, "d-0", "second", dueInMs: 60, isNew: false);
        second.Documents.Add(new Document("devices", "d-0", "b", "", "", 2, ShardOwner.Bytes("second")));
        second.Documents.Add(new Document("devices", "d-0", "c", "", "", 3, ShardOwner.Bytes("third")));

        Assert.Equal([CommitResult.Written, CommitResult.Written], Store.Commit([first, second]));

        StoredActor actor = Assert.Single(Store.Load(Shard, ["d-0"]));
        Assert.Equal(("second", 60L), (Text(actor.Snapshot), actor.DueInMs));
        Assert.Equal(("third", "c"), (Text(Store.Get("devices", "d-0")!.Value.Body), Store.Get("devices", "d-0")!.Value.Scope));
        Assert.Equal(6, Assert.Single(Store.ReadShards()).NextOffset);
    }

    [Fact]
    public void Sections_of_a_snapshot_are_written_one_by_one_and_the_last_word_on_each_counts()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        owner.Write(With(owner.WithActor(1, 0, "d-0", "base"), 0, (7, "seven"), (1L << 50, "large"), (3, "three")));
        neighbour.Write(With(neighbour.WithActor(1, 0, "n-0", "base"), 0, (3, "other")));

        Assert.Equal([CommitResult.Written, CommitResult.Written], Store.Commit(
        [
            With(owner.WithActor(2, 0, "d-0", "base", isNew: false), 0, (3, ""), (7, "gone"), (8, "eight"), (9, "")),
            With(owner.WithActor(3, 0, "d-0", "base", isNew: false), 0, (7, "seven again"), (8, "")),
        ]));

        Assert.Equal([(7L, "seven again"), (1L << 50, "large")], Read(Shard));
        Assert.Equal([(3L, "other")], Read(Neighbour));
        Assert.Empty(Store.LoadSections(Shard, 1));
        ShardCommit fenced = With(owner.WithActor(4, 0, "d-0", "base", isNew: false), 0, (7, "late"));
        _ = new ShardOwner(Store, Shard);
        Assert.Equal([CommitResult.Fenced], Store.Commit([fenced]));
        Assert.Equal([(7L, "seven again"), (1L << 50, "large")], Read(Shard));

        static ShardCommit With(ShardCommit commit, int actor, params (long Number, string Body)[] sections)
        {
            commit.Sections.AddRange(sections.Select(section => new SectionRow(actor, section.Number, ShardOwner.Bytes(section.Body))));
            return commit;
        }

        IEnumerable<(long, string)> Read(ShardId shard) => Store.LoadSections(shard, 0).Select(section => (section.Number, Text(section.Body)));
    }

    [Fact]
    public void Of_an_actor_that_leaves_nothing_stays_and_its_key_may_be_anothers_in_the_same_transaction()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        owner.Write(Full(owner, 1, 0, "d-0", "as it was"));
        owner.Write(Full(owner, 2, 1, "d-1", "stays"));
        neighbour.Write(Full(neighbour, 1, 0, "d-0", "of another shard"));

        ShardCommit changed = Full(owner, 3, 0, "d-0", "changed once more", isNew: false);
        ShardCommit left = owner.Next(4);
        left.Left.Add(0);
        Assert.Equal([CommitResult.Written, CommitResult.Written, CommitResult.Written], Store.Commit([changed, left, owner.WithActor(5, 2, "d-0", "another")]));

        StoredActor stored = Assert.Single(Store.Load(Shard, ["d-0"]));
        Assert.Equal((2, "another"), (stored.Index, Text(stored.Snapshot)));
        Assert.Empty(Store.LoadSections(Shard, 0));
        Assert.Equal([new DueActor("d-1", 50)], Store.LoadDue(Shard, long.MaxValue, 10));
        Assert.Empty(Store.ReadHistory(Shard, "d-0", 1, 0, 60, 10));
        Assert.Single(Store.ReadHistory(Shard, "d-1", 1, 0, 60, 10));
        Assert.Equal("of another shard", Text(Assert.Single(Store.Load(Neighbour, ["d-0"])).Snapshot));
        Assert.Single(Store.LoadSections(Neighbour, 0));

        // The highest index is free once its actor left, and whoever gets it next inherits nothing.
        ShardCommit last = owner.Next(6);
        last.Left.AddRange([1, 2]);
        owner.Write(last);
        Assert.Equal(0, new ShardOwner(Store, Shard).Claim.NextActorIndex);

        static ShardCommit Full(ShardOwner owner, long offset, int index, string key, string snapshot, bool isNew = true)
        {
            ShardCommit commit = owner.Next(offset);
            commit.Actors.Add(new ActorRow(index, key, isNew, 50, ShardOwner.Bytes(snapshot)));
            commit.Sections.Add(new SectionRow(index, 1, ShardOwner.Bytes("section")));
            commit.History.Add(new HistoryRow(index, 1, 10, ShardOwner.Bytes("past")));
            return commit;
        }
    }

    [Fact]
    public void A_position_that_goes_back_throws_and_writes_nothing_at_all()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        owner.Write(owner.Next(100));

        InvalidOperationException thrown = Assert.Throws<InvalidOperationException>(() =>
            Store.Commit([neighbour.WithActor(10, 0, "n-0", "fresh"), owner.WithActor(99, 0, "d-0", "back")]));

        Assert.Contains("99 after 100", thrown.Message, StringComparison.Ordinal);
        Assert.Empty(Store.Load(Neighbour, ["n-0"]));
        Assert.Empty(Store.Load(Shard, ["d-0"]));
        Assert.Equal([100L, 0L], Store.ReadShards().Select(s => s.NextOffset));
    }

    [Fact]
    public void A_failure_in_the_middle_of_a_transaction_leaves_no_trace_of_it()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        owner.Write(owner.WithChunk(10, Lane.Urgent, 1, "once"));
        ShardCommit repeated = owner.WithActor(20, 0, "d-0", "half");
        repeated.Outbox.Add(new OutboxChunk(Lane.Urgent, 1, 1, ShardOwner.Bytes("the same number twice")));

        Assert.Throws<InvalidOperationException>(() => Store.Commit([neighbour.WithActor(5, 0, "n-0", "half"), repeated]));

        Assert.Empty(Store.Load(Shard, ["d-0"]));
        Assert.Empty(Store.Load(Neighbour, ["n-0"]));
        Assert.Equal([10L, 0L], Store.ReadShards().Select(s => s.NextOffset));
        Assert.Equal(CommitResult.Written, owner.Write(owner.WithActor(30, 0, "d-0", "whole")));
        Assert.Equal("whole", SnapshotOf(Shard, "d-0"));
    }

    [Fact]
    public void Two_actors_of_a_shard_can_not_have_one_key()
    {
        ShardOwner owner = new(Store, Shard);
        owner.Write(owner.WithActor(1, 0, "d-0", "first"));

        Assert.Throws<InvalidOperationException>(() => owner.Write(owner.WithActor(2, 1, "d-0", "second")));
    }

    [Fact]
    public void An_empty_commit_moves_the_position()
    {
        ShardOwner owner = new(Store, Shard);

        Assert.Equal(CommitResult.Written, owner.Write(owner.Next(77)));
        Assert.Empty(Store.Commit([]));
        Assert.Equal(77, Assert.Single(Store.ReadShards()).NextOffset);
    }

    [Fact]
    public async Task Of_two_owners_that_race_exactly_one_commits_per_epoch()
    {
        // Each of four threads claims and commits in turn as fast as it can; what a commit wrote must have been its epoch's to write.
        const int Rounds = 25;
        IStore store = Store;
        store.Claim(Shard, "nobody", "log-1", ShardOwner.Noon);
        System.Collections.Concurrent.ConcurrentBag<(long Epoch, CommitResult Result)> outcomes = [];
        await Task.WhenAll(Enumerable.Range(0, 4).Select(node => Task.Run(() =>
        {
            for (int i = 0; i < Rounds; i++)
            {
                ShardOwner owner = new(store, Shard, $"node-{node}");
                for (int n = 0; n < 2; n++)
                {
                    CommitResult result = owner.Write(owner.WithJournal(owner.Claim.NextOffset + 1 + n, "d-0", owner.Claim.Epoch, $"{n}"));
                    outcomes.Add((owner.Claim.Epoch, result));
                }
            }
        })));

        Assert.Equal(4 * Rounds, outcomes.Select(o => o.Epoch).Distinct().Count());
        List<long> written = [.. outcomes.Where(o => o.Result == CommitResult.Written).Select(o => o.Epoch).Order()];
        IReadOnlyList<JournalRow> journal = store.ReadJournal(Shard, "d-0", 1000);
        Assert.Equal(written, journal.Select(r => r.AtInMs).Reverse());
        Assert.Equal((4 * Rounds) + 1, Assert.Single(store.ReadShards()).Epoch);
    }

    // ---- actors ----

    [Fact]
    public void Actors_load_by_key_and_unknown_ones_are_left_out()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        ShardCommit commit = owner.WithActor(1, 2, "d-2", "two", dueInMs: 22);
        commit.Actors.Add(new ActorRow(0, "d-0", true, null, ShardOwner.Bytes("zero")));
        commit.Actors.Add(new ActorRow(1, "Nice/été", true, null, ReadOnlyMemory<byte>.Empty));
        owner.Write(commit);
        neighbour.Write(neighbour.WithActor(1, 0, "d-0", "the neighbour's"));

        StoredActor[] actors = [.. Store.Load(Shard, ["d-0", "unknown", "Nice/été", "d-2"]).OrderBy(a => a.Index)];

        Assert.Equal([(0, "d-0", null, "zero"), (1, "Nice/été", null, ""), (2, "d-2", 22L, "two")],
            actors.Select(a => (a.Index, a.Key, a.DueInMs, Text(a.Snapshot))));
        Assert.Empty(Store.Load(Shard, []));
        Assert.Equal("the neighbour's", SnapshotOf(Neighbour, "d-0"));
    }

    [Fact]
    public void A_snapshot_of_a_megabyte_comes_back_as_it_was()
    {
        ShardOwner owner = new(Store, Shard);
        byte[] large = new byte[1 << 20];
        new Random(1).NextBytes(large);
        ShardCommit commit = owner.Next(1);
        commit.Actors.Add(new ActorRow(0, "d-0", true, null, large.AsMemory(1, large.Length - 2)));

        owner.Write(commit);

        Assert.Equal(large[1..^1], Assert.Single(Store.Load(Shard, ["d-0"])).Snapshot);
    }

    [Fact]
    public void Due_actors_come_earliest_first_and_only_from_their_shard()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        ShardCommit commit = owner.WithActor(1, 0, "late", "s", dueInMs: 300);
        commit.Actors.Add(new ActorRow(1, "early", true, 100, ShardOwner.Bytes("s")));
        commit.Actors.Add(new ActorRow(2, "never", true, null, ShardOwner.Bytes("s")));
        commit.Actors.Add(new ActorRow(3, "middle", true, 200, ShardOwner.Bytes("s")));
        commit.Actors.Add(new ActorRow(4, "done", true, 50, ShardOwner.Bytes("s")));
        owner.Write(commit);
        owner.Write(owner.WithActor(2, 4, "done", "s", dueInMs: null, isNew: false));
        neighbour.Write(neighbour.WithActor(1, 0, "elsewhere", "s", dueInMs: 1));

        Assert.Equal([new DueActor("early", 100), new DueActor("middle", 200)], Store.LoadDue(Shard, 300, 10));
        Assert.Equal([new DueActor("early", 100)], Store.LoadDue(Shard, long.MaxValue, 1));
    }

    // ---- outbox ----

    [Fact]
    public void The_outbox_is_read_by_lane_and_number_and_forgets_what_was_published()
    {
        ShardOwner owner = new(Store, Shard);
        ShardOwner neighbour = new(Store, Neighbour);
        neighbour.Write(neighbour.WithChunk(1, Lane.Urgent, 1, "the neighbour's"));
        ShardCommit[] commits =
        [
            owner.WithChunk(1, Lane.Bulk, 10, "b1-10"), owner.WithChunk(2, Lane.Urgent, 1, "u1"),
            owner.WithChunk(3, Lane.Bulk, 2, "b11-12"), owner.WithChunk(4, Lane.Urgent, 3, "u2-4"),
        ];
        Store.Commit(commits);

        IReadOnlyList<OutboxChunk> chunks = Store.LoadOutbox(Shard);
        Assert.Equal(["u1", "u2-4", "b1-10", "b11-12"], chunks.Select(c => Text(c.Records)));
        Assert.Equal([(1L, 1), (2L, 3), (1L, 10), (11L, 2)], chunks.Select(c => (c.FirstNumber, c.Count)));

        owner.Write(owner.WithPublished(5, Lane.Bulk, 11));
        Assert.Equal(["u1", "u2-4", "b11-12"], Store.LoadOutbox(Shard).Select(c => Text(c.Records)));

        owner.Write(owner.WithPublished(6, Lane.Urgent, 4));
        Assert.Equal(["b11-12"], Store.LoadOutbox(Shard).Select(c => Text(c.Records)));
        Assert.Equal(["the neighbour's"], Store.LoadOutbox(Neighbour).Select(c => Text(c.Records)));
    }

    [Fact]
    public void What_was_committed_is_there_after_a_restart()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.WithChunk(9, Lane.Bulk, 1, "b");
        commit.Actors.Add(new ActorRow(0, "d-0", true, 5, ShardOwner.Bytes("s")));
        owner.Write(commit);
        if (!SurvivesRestart)
        {
            return;
        }

        IStore restarted = Restart();

        Assert.Equal("s", SnapshotOf(Shard, "d-0"));
        Assert.Single(restarted.LoadOutbox(Shard));
        Assert.Equal(2, restarted.Claim(Shard, "node-1", "log-1", ShardOwner.Noon).Epoch);
    }

    /// <summary>False for a store in memory.</summary>
    protected virtual bool SurvivesRestart => true;
}
