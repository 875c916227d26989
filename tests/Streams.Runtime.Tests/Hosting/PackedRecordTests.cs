using System.Buffers;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Streams.Tests;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>Records that wait in a short form until they are published.</summary>
public sealed class PackedRecordTests : IDisposable
{
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly KeptLines _lines = new();

    public PackedRecordTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("counters", 1) }));

    [Fact]
    public void A_packed_record_leaves_whole_between_its_neighbours()
    {
        using StubbornLog log = new();
        using Publisher publisher = new(log, new InboxRoom(log, [], _ => null, TimeProvider.System, _lines), new EngineMeter(), TimeProvider.System, _lines);
        publisher.Start();

        publisher.Publish(Claim(), Chunk("7"), null);

        Assert.True(SpinWait.SpinUntil(() => log.Taken.Count == 3, TimeSpan.FromSeconds(30)), "not within 30 s");
        Assert.Equal(["before", "seven of key", "after"], log.Taken);
    }

    [Fact]
    public void Its_headers_are_made_with_it_and_nothing_of_the_record_before_is_left()
    {
        using UnpackedRecord record = new();
        record.Unpack(new Counters(), "a"u8, "7"u8);
        record.Unpack(new Counters(), "b"u8, "7"u8);

        HeaderBlock.Reader headers = HeaderBlock.Read(record.Headers);
        Assert.Equal(2, headers.Count);
        Assert.True(headers.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value));
        Assert.Equal("ce_id=b/7", $"{Encoding.UTF8.GetString(name)}={Encoding.UTF8.GetString(value)}");
        Assert.Equal("seven of b", Encoding.UTF8.GetString(record.Value));
    }

    [Theory]
    [InlineData("7", true)]
    [InlineData("8", false)]
    public void What_a_kind_can_not_unpack_is_noticed_before_its_shard_starts(string packed, bool isReadable)
    {
        if (isReadable)
        {
            UnpackedRecord.Check(new Counters(), Chunk(packed));
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => UnpackedRecord.Check(new Counters(), Chunk(packed)));
        }
    }

    public void Dispose() => _store.Dispose();

    private static OutboxChunk Chunk(string packed)
    {
        using CommitDraft draft = new();
        Put(draft, "before", isPacked: false);
        Put(draft, packed, isPacked: true);
        Put(draft, "after", isPacked: false);
        return new OutboxChunk(Lane.Bulk, 1, 3, draft.ToCommit(default, 1, 1, 0, [0, 0], [0, 0], 0).Outbox[0].Records.ToArray());
    }

    private static void Put(CommitDraft draft, string value, bool isPacked)
    {
        draft.BeginRecord(Lane.Bulk, "counts", "key"u8, packed: isPacked);
        draft.BeginValue().Write(Encoding.UTF8.GetBytes(value));
        draft.EndRecord();
    }

    private Shard Claim()
    {
        ShardClaim claim = _store.Claim(new ShardId(1, 0), "test", "log", DateTimeOffset.UnixEpoch);
        return new Counters().CreateShard(new ShardSeed(
            new ShardId(1, 0), new("counters", 0), 1, false, claim, [], 0, 0, _store, new ShardOptions(), _ => { }, (_, _) => { }, NullLogger.Instance));
    }

    private sealed class Counter(string key) : Actor(key);

    private sealed class Count;

    /// <summary>Knows what 7 stands for.</summary>
    private sealed class Counters() : ActorKind<Counter, Count>(1, "counter", "counters")
    {
        public override ActorKind<Counter, Count> ForShard() => new Counters();

        public override void Unpack(ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed, IOutgoing into)
        {
            if (!packed.SequenceEqual("7"u8))
            {
                throw new InvalidDataException("not a 7");
            }

            into.Header("ce_id"u8, [.. key, .. "/7"u8]);
            into.Header("ce_type"u8, "count"u8);
            into.BeginValue().Write([.. "seven of "u8, .. key]);
        }

        public override bool Admit(in Record record, Count message, long nowInMs) => true;

        public override ReadOnlySpan<byte> KeyOf(Count message) => "key"u8;

        public override Counter Create(string key) => new(key);

        public override Counter Restore(string key, ReadOnlySpan<byte> snapshot) => new(key);

        public override Reaction Receive(Counter actor, Count message, long nowInMs) => Reaction.Quiet;

        public override Reaction Wake(Counter actor, long nowInMs) => Reaction.Quiet;

        public override long DueOf(Counter actor) => long.MaxValue;

        public override void Write(Counter actor, CommitDraft draft)
        {
        }

        public override int SizeOf(Counter actor) => 100;
    }
}
