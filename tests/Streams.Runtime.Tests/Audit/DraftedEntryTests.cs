using Streams.Runtime.Audit;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Audit;

/// <summary>What actors note in the chain while their commit is drafted.</summary>
public sealed class DraftedEntryTests
{
    private static readonly ShardId Shard = new(2, 5);

    private static AuditDraft Entry(string action, string id = "") => new(id, DateTimeOffset.UnixEpoch, AuditActor.Actor("area", "dijon/nord"), action, "alert:a");

    private static void Record(CommitDraft draft, Lane lane)
    {
        draft.BeginRecord(lane, "city.alerts", "k"u8);
        draft.BeginValue();
        draft.EndRecord();
    }

    private static ShardCommit Commit(CommitDraft draft, long number, params long[] lastNumbers) => draft.ToCommit(Shard, 1, number, 0, lastNumbers, [0, 0], 0);

    [Fact]
    public void An_entry_is_named_by_the_record_that_tells_of_the_same_decision()
    {
        using CommitDraft draft = new();
        Record(draft, Lane.Bulk);
        Record(draft, Lane.Urgent);
        draft.Audit(Entry("alert.raise"));
        draft.Audit(Entry("alert.more"));
        Record(draft, Lane.Urgent);
        draft.Audit(Entry("alert.update"));
        Record(draft, Lane.Bulk);
        draft.Audit(Entry("said.bulk"));
        draft.Audit(Entry("order.refuse", "order/7"));

        ShardCommit commit = Commit(draft, 1, 40, 7);

        Assert.Equal(["2/5/urgent/41", "2/5/urgent/41.2", "2/5/urgent/42", "2/5/bulk/9", "order/7"], commit.Audit.Select(entry => entry.Id));
        Assert.Equal(["alert.raise", "alert.more", "alert.update", "said.bulk", "order.refuse"], commit.Audit.Select(entry => entry.Action));
    }

    [Fact]
    public void Without_a_record_or_an_id_there_is_no_name_that_would_be_the_same_again()
    {
        using CommitDraft draft = new();
        Assert.Throws<InvalidOperationException>(() => draft.Audit(Entry("alert.raise")));
        draft.Audit(Entry("order.refuse", "order/7"));
    }

    [Fact]
    public void Entries_are_sealed_with_the_commit_and_a_fenced_one_leaves_none()
    {
        using SqliteStore store = SqliteStore.InMemory();
        store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [2] = new("area", 8) }));
        long epoch = store.Claim(Shard, "n", "log", DateTimeOffset.UnixEpoch).Epoch;
        Assert.Equal(CommitResult.Written, Write(epoch));
        Assert.Equal(CommitResult.Fenced, Write(epoch - 1));

        AuditEntry entry = Assert.Single(store.ReadAudit(new AuditQuery()));
        Assert.Equal(("2/5/urgent/1", "area:dijon/nord", 1L), (entry.Id, entry.Actor, entry.Link.Number));
        AuditWalk walk = new(store.ReadAuditChain());
        using System.Text.Json.JsonDocument body = System.Text.Json.JsonDocument.Parse(entry.Body);
        Assert.Null(walk.Step(body.RootElement));
        Assert.Null(walk.End());

        CommitResult Write(long atEpoch)
        {
            using CommitDraft draft = new();
            Record(draft, Lane.Urgent);
            draft.Audit(Entry("alert.raise"));
            return Assert.Single(store.Commit([draft.ToCommit(Shard, atEpoch, 1, 0, [0, 0], [0, 0], 0)]));
        }
    }
}
