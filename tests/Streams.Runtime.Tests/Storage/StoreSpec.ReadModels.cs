using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>The part of the spec about what the API lists, what stays of the past, and whose store it is.</summary>
public abstract partial class StoreSpec
{
    private static Document Device(string id, string scope, string category, string state, long atInMs) =>
        new("devices", id, scope, category, state, atInMs, ShardOwner.Bytes($"{id}@{atInMs}"));

    private string[] Ids(DocumentQuery query) => [.. Store.Query(query).Select(d => d.Id)];

    private ShardOwner WithDevices()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.Next(1);
        commit.Documents.Add(Device("d-1", "dijon", "air", "ok", 100));
        commit.Documents.Add(Device("d-2", "dijon/toison-dor", "air", "silent", 200));
        commit.Documents.Add(Device("d-3", "dijon/toison-dor/nord", "noise", "ok", 300));
        commit.Documents.Add(Device("d-4", "dijon-sud", "air", "ok", 400));
        commit.Documents.Add(Device("d-5", "dijon0", "noise", "ok", 400));
        commit.Documents.Add(Device("d-6", "", "air", "silent", 50));
        commit.Documents.Add(new Document("areas", "d-1", "dijon", "air", "ok", 100, ShardOwner.Bytes("an area")));
        owner.Write(commit);
        return owner;
    }

    [Fact]
    public void Documents_come_newest_first_then_by_id()
    {
        WithDevices();

        Assert.Equal(["d-4", "d-5", "d-3", "d-2", "d-1", "d-6"], Ids(new("devices")));
        Document second = Store.Query(new("devices"))[1];
        Assert.Equal(("devices", "d-5", "dijon0", "noise", "ok", 400L, "d-5@400"),
            (second.Collection, second.Id, second.Scope, second.Category, second.State, second.AtInMs, Text(second.Body)));
        Assert.Equal(6, Store.Count("devices"));
        Assert.Equal(0, Store.Count("nothing"));
    }

    [Fact]
    public void Documents_are_counted_by_category_and_state()
    {
        WithDevices();

        Assert.Equal(
            [new Tally("air", "ok", 2), new Tally("air", "silent", 2), new Tally("noise", "ok", 2)],
            Store.Tally("devices").OrderBy(tally => tally.Category, StringComparer.Ordinal).ThenBy(tally => tally.State, StringComparer.Ordinal));
        Assert.Empty(Store.Tally("nothing"));
    }

    [Fact]
    public void A_query_filters_by_scope_and_all_below_it_by_category_state_and_time()
    {
        WithDevices();

        Assert.Equal(["d-3", "d-2", "d-1"], Ids(new("devices", ScopePrefix: "dijon")));
        Assert.Equal(["d-3", "d-2"], Ids(new("devices", ScopePrefix: "dijon/toison-dor")));
        Assert.Equal([], Ids(new("devices", ScopePrefix: "dij")));
        Assert.Equal(["d-5", "d-3"], Ids(new("devices", Category: "noise")));
        Assert.Equal(["d-2", "d-6"], Ids(new("devices", State: "silent")));
        Assert.Equal(["d-3", "d-2"], Ids(new("devices", AtFromInMs: 200, AtToInMs: 400)));
        Assert.Equal(["d-2"], Ids(new("devices", "dijon", "air", "silent", 100, 300)));
        Assert.Equal(["d-4", "d-5"], Ids(new("devices", Limit: 2)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Ids(new("devices", Limit: 1001)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public void Pages_follow_each_other_without_gap_or_repeat(int limit)
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.Next(1);
        for (int i = 0; i < 40; i++)
        {
            commit.Documents.Add(Device($"d-{i * 7919 % 40:00}", i % 2 == 0 ? "dijon" : "lyon", "air", "ok", i / 6));
        }

        owner.Write(commit);
        List<string> paged = [];
        (long, string)? after = null;
        for (IReadOnlyList<Document> page; (page = Store.Query(new("devices", "dijon", After: after, Limit: limit))).Count > 0;)
        {
            paged.AddRange(page.Select(d => d.Id));
            after = (page[^1].AtInMs, page[^1].Id);
        }

        Assert.Equal(Ids(new("devices", "dijon", Limit: 1000)), paged);

        // And back again, each page in the same order.
        List<string> back = [];
        (long, string)? before = (-1, "");
        for (IReadOnlyList<Document> page; (page = Store.Query(new("devices", "dijon", Before: before, Limit: limit))).Count > 0;)
        {
            back.InsertRange(0, page.Select(d => d.Id));
            before = (page[0].AtInMs, page[0].Id);
        }

        Assert.Equal(paged, back);
        Assert.Equal(20, paged.Distinct().Count());
    }

    [Fact]
    public void Order_by_id_is_by_bytes_in_every_store()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.Next(1);
        string[] ids = ["b", "B", "a-b", "ab", "é", "a b", "Z", "10", "9"];
        foreach (string id in ids)
        {
            commit.Documents.Add(Device(id, "", "", "", 1));
        }

        owner.Write(commit);

        Assert.Equal(ids.Order(StringComparer.Ordinal), Ids(new("devices")));
    }

    [Fact]
    public void A_later_document_replaces_the_one_of_its_id_and_an_empty_one_deletes_it()
    {
        ShardOwner owner = WithDevices();

        owner.Write(owner.WithDocument(2, Device("d-1", "lyon", "noise", "silent", 900)));
        Assert.Equal(["d-1"], Ids(new("devices", "lyon", "noise", "silent", 900, 901)));
        Assert.Equal([], Ids(new("devices", "dijon", State: "ok", AtToInMs: 200)));
        owner.Write(owner.WithDocument(3, Device("d-1", "lyon", "noise", "silent", 950)));
        Assert.Equal("d-1@950", Text(Store.Get("devices", "d-1")!.Value.Body));

        owner.Write(owner.WithDocument(4, new Document("devices", "d-1", "", "", "", 0, ReadOnlyMemory<byte>.Empty)));
        Assert.Null(Store.Get("devices", "d-1"));
        Assert.Equal("an area", Text(Store.Get("areas", "d-1")!.Value.Body));
        Assert.Equal(5, Store.Count("devices"));
    }

    [Fact]
    public void The_journal_of_an_actor_is_read_newest_first()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit both = owner.WithJournal(1, "d-0", 10, "one");
        both.Journal.Add(new JournalRow("d-1", 10, "other", ShardOwner.Bytes("another actor's")));
        both.Journal.Add(new JournalRow("d-0", 10, "anomaly_cleared", ShardOwner.Bytes("two")));
        owner.Write(both);
        owner.Write(owner.WithJournal(2, "d-0", 5, "three"));

        IReadOnlyList<JournalRow> rows = Store.ReadJournal(Shard, "d-0", 10);

        Assert.Equal([("three", 5L, "anomaly_raised"), ("two", 10L, "anomaly_cleared"), ("one", 10L, "anomaly_raised")],
            rows.Select(r => (Text(r.Body), r.AtInMs, r.Type)));
        Assert.All(rows, r => Assert.Equal("d-0", r.Key));
        Assert.Equal("three", Text(Assert.Single(Store.ReadJournal(Shard, "d-0", 1)).Body));
        Assert.Empty(Store.ReadJournal(Neighbour, "d-0", 10));
    }

    [Fact]
    public void History_rows_of_a_part_that_begin_in_the_range_come_oldest_first_or_newest_first()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.WithActor(1, 3, "d-3", "s");
        commit.Actors.Add(new ActorRow(4, "d-4", true, null, ShardOwner.Bytes("s")));
        commit.History.Add(new HistoryRow(3, 2, 60, ShardOwner.Bytes("two")));
        commit.History.Add(new HistoryRow(3, 2, 0, ShardOwner.Bytes("one")));
        commit.History.Add(new HistoryRow(3, 2, 120, ShardOwner.Bytes("three")));
        commit.History.Add(new HistoryRow(3, 2, 120, ShardOwner.Bytes("as early, later written")));
        commit.History.Add(new HistoryRow(3, 1, 60, ShardOwner.Bytes("another part's")));
        commit.History.Add(new HistoryRow(4, 2, 60, ShardOwner.Bytes("another actor's")));
        owner.Write(commit);

        Assert.Equal(["one", "two", "three", "as early, later written"], Bodies("d-3", 0, 1000));
        Assert.Equal(["two"], Bodies("d-3", 60, 120));
        Assert.Equal(["one", "two"], Bodies("d-3", long.MinValue, 61));
        Assert.Equal(["one"], Bodies("d-3", 0, 1000, 1));
        Assert.Equal(["as early, later written", "three"], Bodies("d-3", 0, long.MaxValue, 2, newestFirst: true));
        Assert.Equal([], Bodies("unknown", 0, 1000));
        HistoryRow row = Store.ReadHistory(Shard, "d-3", 2, 60, 120, 10)[0];
        Assert.Equal((3, (byte)2, 60L), (row.ActorIndex, row.Part, row.FromInMs));

        string[] Bodies(string key, long from, long to, int limit = 10, bool newestFirst = false) =>
            [.. Store.ReadHistory(Shard, key, 2, from, to, limit, newestFirst).Select(r => Text(r.Body))];
    }

    [Fact]
    public void Pruning_deletes_documents_that_were_done_before_the_time_and_the_oldest_beyond_the_number_to_keep()
    {
        ShardOwner owner = WithDevices();
        ShardCommit commit = owner.Next(2, atInMs: 500);
        commit.Documents.Add(Device("d-1", "lyon", "noise", "cleared", 7_000) with { IsDone = true });
        commit.Documents.Add(Device("d-2", "lyon", "noise", "cleared", 9_000) with { IsDone = true });
        owner.Write(commit);
        commit = owner.Next(3, atInMs: 600);
        commit.Documents.Add(Device("d-2", "lyon", "noise", "raised", 9_000));
        commit.Documents.Add(Device("d-3", "lyon", "noise", "cleared", 1) with { IsDone = true });
        owner.Write(commit);

        Assert.Equal(0, Store.Prune("devices", 500));
        Assert.Equal(1, Store.Prune("devices", 501));
        Assert.Null(Store.Get("devices", "d-1"));
        Assert.NotNull(Store.Get("devices", "d-2"));
        Assert.Equal(1, Store.Prune("devices", 601));
        Assert.Equal(0, Store.Prune("devices", long.MaxValue));
        long left = Store.Count("devices");
        Assert.Equal(left - 2, Store.Prune("devices", 0, keep: 2));
        Assert.Equal(["d-2", "d-4"], Ids(new("devices")));
        Assert.Equal(1, Store.Count("areas"));
    }

    [Fact]
    public void Pruning_history_deletes_rows_of_the_part_that_were_written_before_the_time_whatever_they_are_of()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.WithActor(1, 0, "d-0", "s");
        owner.Write(commit);
        Add(100, (0, 9_000), (1, 0));
        Add(200, (0, 0), (2, 0));
        Assert.Equal(0, Store.PruneHistory(0, 100));
        Assert.Equal(1, Store.PruneHistory(0, 101));
        Assert.Equal(["0 written 200"], Bodies(0));
        Assert.Equal(["1 written 100"], Bodies(1));
        Assert.Equal(1, Store.PruneHistory(0, 201));
        OpenAgain(Layout);
        owner = new ShardOwner(Store, Shard);
        Add(300, (0, 5), (1, 5));
        Assert.Equal(["0 written 300"], Bodies(0));
        Assert.Equal(["1 written 100", "1 written 300"], Bodies(1));
        Assert.Equal(0, Store.PruneHistory(3, long.MaxValue));

        void Add(long atInMs, params (byte Part, long From)[] rows)
        {
            ShardCommit commit = owner.Next(1, atInMs);
            commit.History.AddRange(rows.Select(row => new HistoryRow(0, row.Part, row.From, ShardOwner.Bytes($"{row.Part} written {atInMs}"))));
            owner.Write(commit);
        }

        string[] Bodies(byte part) => [.. Store.ReadHistory(Shard, "d-0", part, 0, long.MaxValue, 10).Select(row => Text(row.Body))];
    }

    [Fact]
    public void Pruning_takes_a_piece_at_a_time_the_oldest_first()
    {
        ShardOwner owner = new(Store, Shard);
        owner.Write(owner.WithActor(1, 0, "d-0", "s"));
        for (int at = 0; at < 3; at++)
        {
            ShardCommit commit = owner.Next(1, at);
            for (int i = 0; i < 200; i++)
            {
                commit.History.Add(new HistoryRow(0, 0, at, ShardOwner.Bytes("r")));
                commit.Journal.Add(new JournalRow("d-0", 7, "t", ShardOwner.Bytes("{}")));
            }

            owner.Write(commit);
        }

        Assert.Equal(IStore.PrunedAtOnce, Store.PruneHistory(0, 2));
        Assert.Equal(150, Store.ReadHistory(Shard, "d-0", 0, 0, 2, 1000).Count);
        Assert.Equal(150, Store.PruneHistory(0, 2));
        Assert.Equal(IStore.PrunedAtOnce, Store.PruneJournal(2));
        Assert.Equal(150, Store.PruneJournal(2));
        Assert.Equal((0, 0), (Store.PruneHistory(0, 2), Store.PruneJournal(2)));
        Assert.Equal((200, 200), (Store.ReadHistory(Shard, "d-0", 0, 0, 9, 1000).Count, Store.ReadJournal(Shard, "d-0", 1000).Count));
    }

    [Fact]
    public void A_time_is_found_by_the_index_among_all_of_an_actors_past()
    {
        ShardOwner owner = new(Store, Shard);
        ShardCommit commit = owner.WithActor(1, 0, "d-0", "s");
        commit.Actors.AddRange(Enumerable.Range(1, 99).Select(i => new ActorRow(i, $"d-{i}", true, null, ShardOwner.Bytes("s"))));
        commit.History.AddRange(Enumerable.Range(0, 10_000).Select(i => new HistoryRow(i % 100, (byte)(i / 100 % 4), i, ShardOwner.Bytes("r"))));
        owner.Write(commit);
        foreach (bool newestFirst in new[] { false, true })
        {
            string plan = Explain(newestFirst);
            Assert.Contains("history_actor", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("Seq Scan on history", plan, StringComparison.Ordinal);
            Assert.DoesNotContain("SCAN history", plan, StringComparison.Ordinal);
        }
    }

    // ---- whose store it is ----

    [Fact]
    public void Another_partition_count_is_refused_with_what_is_stored_what_is_configured_and_what_to_do()
    {
        _ = Store;

        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => OpenAgain(LayoutOf(("device", 64), ("district", 8))));

        Assert.Contains("'device:32'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("'device:64'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("set the configuration back", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_kind_under_a_stored_number_is_refused_and_so_is_a_missing_one()
    {
        _ = Store;

        Assert.Throws<StoreMismatchException>(() => OpenAgain(LayoutOf(("incident", 32), ("district", 8))));
        Assert.Throws<StoreMismatchException>(() => OpenAgain(LayoutOf(("device", 32))));
    }

    [Fact]
    public void A_new_kind_is_added_and_fixed_from_then_on()
    {
        _ = Store;

        OpenAgain(LayoutOf(("device", 32), ("district", 8), ("incident", 4)));
        Assert.Throws<StoreMismatchException>(() => OpenAgain(LayoutOf(("device", 32), ("district", 8), ("incident", 5))));
        Assert.Throws<StoreMismatchException>(() => OpenAgain(Layout));
    }

    [Fact]
    public void A_store_of_another_cluster_is_refused()
    {
        _ = Store;

        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => OpenAgain(Layout with { Cluster = "another-city" }));

        Assert.Contains("'test-city'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_newer_schema_is_refused()
    {
        _ = Store;
        SetSchemaVersion(999);

        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => OpenAgain(Layout));

        Assert.Contains("schema version 999", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_is_not_open_says_so()
    {
        using IStore closed = Connect();

        Assert.Throws<InvalidOperationException>(() => closed.ReadShards());
        Assert.Throws<InvalidOperationException>(() => closed.Claim(Shard, "node-1", "log-1", ShardOwner.Noon));
    }

    [Fact]
    public void Claims_are_counted_until_the_shard_comes_further_and_a_note_is_for_the_next_owner_unless_it_was_passed()
    {
        ShardOwner first = new(Store, Shard);
        Store.Try(Shard, first.Claim.Epoch, new Attempted(5, 3));
        ShardOwner second = new(Store, Shard);
        Store.Try(Shard, first.Claim.Epoch, new Attempted(9, 9));
        ShardOwner third = new(Store, Shard);
        third.Write(third.Next(0));
        ShardOwner fourth = new(Store, Shard);
        fourth.Write(fourth.Next(6));
        ShardOwner fifth = new(Store, Shard);

        Assert.Equal([1, 2, 3, 4, 1], new[] { first, second, third, fourth, fifth }.Select(owner => owner.Claim.IdleClaims));
        Assert.Equal(default, first.Claim.Trying);
        Assert.All([second, third, fourth], owner => Assert.Equal(new Attempted(5, 3), owner.Claim.Trying));
        Assert.Equal(default, fifth.Claim.Trying);
    }

    [Fact]
    public void A_lineage_is_given_once()
    {
        long lineage = Store.Lineage;

        Assert.NotEqual(0, lineage);
        Store.Open(Layout);
        Assert.Equal(lineage, Store.Lineage);
        using SqliteStore other = SqliteStore.InMemory();
        other.Open(Layout);
        Assert.NotEqual(lineage, other.Lineage);
    }

    [Fact]
    public void What_a_store_of_version_2_kept_is_kept_from_now_on()
    {
        if (!MakeVersionTwo("""
            INSERT INTO actors (id, shard, key, snapshot) VALUES (281474976710656 + 7 * 4294967296, 65543, 'd-0', 's');
            INSERT INTO history (actor_id, sequence, from_in_ms, to_in_ms, body) VALUES
                (281474976710656 + 7 * 4294967296, 1, 60, 120, 'two'), (281474976710656 + 7 * 4294967296, 0, 0, 60, 'one');
            INSERT INTO journal (shard, key, at_in_ms, type, body) VALUES (65543, 'd-0', 5, 't', '{}');
            INSERT INTO documents (collection, id, scope, category, state, at_in_ms, body) VALUES
                ('anomalies', 'a-1', '', '', 'cleared', 5, 'x'), ('anomalies', 'a-2', '', '', 'raised', 5, 'x'), ('alerts', 'b-1', '', '', 'expired', 5, 'x'),
                ('dead-letters', 'c-1', '', '', 'refused', 5, 'x'), ('devices', 'd-0', '', '', 'silent', 5, 'x');
            """))
        {
            return;
        }

        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        long earlier = now - (24 * 3_600_000);
        long later = now + (24 * 3_600_000);
        Assert.Equal(["one", "two"], Store.ReadHistory(Shard, "d-0", 4, 0, 100, 10).Select(row => Text(row.Body)));
        Assert.Equal((0, 0, 0, 0), (Store.PruneHistory(4, earlier), Store.PruneJournal(earlier), Store.Prune("anomalies", earlier), Store.Prune("alerts", earlier)));
        Assert.Equal(1, Store.Prune("dead-letters", 6));
        Assert.Equal((2, 1, 1, 1), (Store.PruneHistory(4, later), Store.PruneJournal(later), Store.Prune("anomalies", later), Store.Prune("alerts", later)));
        Assert.Equal((1, 1), (Store.Count("anomalies"), Store.Count("devices")));
    }

    /// <summary>Makes the tables as version 2 had them, and these rows; false where a store can not be made behind its back.</summary>
    protected abstract bool MakeVersionTwo(string rows);

    /// <summary>The plan of the query of history.</summary>
    protected abstract string Explain(bool newestFirst);

    /// <summary>The store under test.</summary>
    protected IStore Opened => Store;

    /// <summary>Pretends that another build of Streams wrote the schema.</summary>
    protected abstract void SetSchemaVersion(int version);

    /// <summary>Opens with another layout: anew where the store survives that, else on the open store.</summary>
    private void OpenAgain(StoreLayout layout)
    {
        if (SurvivesRestart)
        {
            Restart(layout);
        }
        else
        {
            Store.Open(layout);
        }
    }
}
