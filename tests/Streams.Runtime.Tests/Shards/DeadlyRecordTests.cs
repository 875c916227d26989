using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Shards;

/// <summary>A record that ends the process (a stack too deep, memory used up), met by owner after owner.</summary>
public sealed class DeadlyRecordTests : IDisposable
{
    private const int Records = 100;

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);

    public DeadlyRecordTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(55)]
    [InlineData(Records - 1)]
    public void A_record_of_which_the_process_dies_is_a_dead_letter_after_a_few_deaths_and_the_others_count_once(int deadly)
    {
        int deaths = 0;
        while (!Live(deadly))
        {
            Assert.True(++deaths < 10, "it dies for ever");
        }

        Assert.InRange(deaths, 3, 5);
        Document letter = Assert.Single(_store.Query(new DocumentQuery(Clerk.Collection)));
        Assert.Equal("process_killed", letter.Category);
        Assert.Equal($"meters-0-{deadly}", letter.Id);
        StoredActor meter = Assert.Single(_store.Load(_id, ["meter-1"]));
        SnapshotEnvelope.Read(meter.Snapshot, out ReadOnlySpan<byte> state);
        Assert.Equal(Records - 1, new TallyKind(1, "meters", null).Restore("meter-1", state).Sum);
        Assert.True(Live(deadly), "it was met again");
    }

    [Fact]
    public void Owners_that_give_the_shard_back_in_order_leave_no_suspicion()
    {
        for (int i = 0; i < 10; i++)
        {
            ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
            Assert.Equal(1, claim.IdleClaims);
            _store.Release(_id, claim.Epoch, TimeSpan.Zero);
        }
    }

    [Fact]
    public void A_record_before_one_that_was_refused_is_not_suspected_though_it_was_noted_last()
    {
        const int Noted = 30;
        const int Refused = 40;
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
        _store.Commit([ClerkAt(Refused, claim)]);
        _store.Try(_id, claim.Epoch, new Attempted(Noted, 1));
        for (int i = 0; i < 4; i++)
        {
            _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
        }

        Assert.True(Live(deadly: -1));

        Assert.Empty(_store.Query(new DocumentQuery(Clerk.Collection)));
        SnapshotEnvelope.Read(Assert.Single(_store.Load(_id, ["meter-1"])).Snapshot, out ReadOnlySpan<byte> state);
        Assert.Equal(Records, new TallyKind(1, "meters", null).Restore("meter-1", state).Sum);
    }

    public void Dispose() => _store.Dispose();

    /// <summary>The shard's clerk as written by an owner that had refused this record, and nothing else of its work.</summary>
    private ShardCommit ClerkAt(long position, ShardClaim claim)
    {
        Clerk clerk = new() { Position = position, Index = 0 };
        CommitDraft draft = new();
        int start = draft.BeginSnapshot();
        SnapshotEnvelope.Write(draft.Snapshot, clerk, claim.Generation);
        clerk.Write(draft, new ShardOptions(), new InboxPartition("meters", 0), claim.Generation);
        draft.EndSnapshot(clerk, isNew: true, null, start);
        return draft.ToCommit(_id, claim.Epoch, 1, 0, [0, 0], [0, 0], 0);
    }

    /// <summary>One process: claims, reads, and is gone without a word when it meets the record. True when it came to the end and left in order.</summary>
    private bool Live(int deadly)
    {
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
        List<PostedCommit> posted = [];
        Shard shard = new DeadlyKind(deadly).ForShard().CreateShard(new ShardSeed(
            _id, new("meters", 0), 1, false, claim, [], Records, 0, _store, new ShardOptions(), posted.Add, (_, _) => { }, NullLogger.Instance));
        SimulatedRecord[] records = [.. Enumerable.Range(0, Records).Select(_ => SimulatedRecord.Of("meter-1", "meter-1|1"))];
        try
        {
            shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), claim.NextOffset, records[(int)claim.NextOffset..]), 0);
        }
        catch (ProcessDied)
        {
            return false;
        }

        shard.WriteAll(0);
        Assert.All(_store.Commit([.. posted.Select(commit => commit.Commit)]), result => Assert.Equal(CommitResult.Written, result));
        _store.Release(_id, claim.Epoch, TimeSpan.Zero);
        return true;
    }

    /// <summary>Stands for the end of the process: thrown where no shard catches it.</summary>
    private sealed class ProcessDied : Exception;

    private sealed class DeadlyKind(int deadly) : ActorKind<TallyActor, TallyMessage>(1, "meters", "meters")
    {
        private readonly TallyKind _inner = new(1, "meters", null);

        public override ActorKind<TallyActor, TallyMessage> ForShard() => new DeadlyKind(deadly);

        public override bool Admit(in Record record, TallyMessage message, long nowInMs) =>
            record.Offset == deadly ? throw new ProcessDied() : _inner.Admit(record, message, nowInMs);

        public override ReadOnlySpan<byte> KeyOf(TallyMessage message) => _inner.KeyOf(message);

        public override TallyActor Create(string key) => _inner.Create(key);

        public override TallyActor Restore(string key, ReadOnlySpan<byte> snapshot) => _inner.Restore(key, snapshot);

        public override Reaction Receive(TallyActor actor, TallyMessage message, long nowInMs) => _inner.Receive(actor, message, nowInMs);

        public override Reaction Wake(TallyActor actor, long nowInMs) => _inner.Wake(actor, nowInMs);

        public override long DueOf(TallyActor actor) => _inner.DueOf(actor);

        public override void Write(TallyActor actor, CommitDraft draft) => _inner.Write(actor, draft);

        public override int SizeOf(TallyActor actor) => _inner.SizeOf(actor);
    }
}
