using System.Buffers;
using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Log;
using Streams.Tests;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>Actors that speak faster than those they speak to can listen, over a log that forgets what is unread.</summary>
public sealed class HeldBackTests
{
    private const int Words = 2000;

    [Fact]
    public void What_actors_tell_each_other_is_written_no_faster_than_it_is_read()
    {
        using EmbeddedBroker broker = new([new("speakers", 4), new("listeners", 2), new("city.dead-letters", 1)]);
        using KafkaLog log = broker.OpenLog(new() { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) });
        log.EnsureTopics([new("speakers", 4), new("listeners", 2)]);
        Say(log, Words);
        using SqliteStore store = SqliteStore.InMemory();
        KeptLines lines = new();
        using Engine engine = new(
            new EngineOptions { Cluster = "test", Workers = 2 }, log, store, [new Speakers(), new Listeners()], TimeProvider.System, lines);
        engine.Start();

        Assert.True(
            SpinWait.SpinUntil(() => engine.Shards.Where(shard => shard.Kind is Listeners).Sum(shard => shard.Shard.Counts.Applied + shard.Shard.Counts.Missing) >= Words, TimeSpan.FromMinutes(2)),
            "not all was heard in 2 min");

        Assert.Equal(0, engine.Shards.Sum(shard => shard.Shard.Counts.Missing));
        Assert.Equal(Words, engine.Shards.Where(shard => shard.Kind is Listeners).Sum(shard => shard.Shard.Counts.Applied));
        Assert.Empty(lines.Of(1404));
    }

    private static void Say(KafkaLog log, int count)
    {
        Deliveries deliveries = new();
        using ILogWriter writer = log.CreateWriter("test", 5);
        for (int i = 0; i < count; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"speaker-{i % 50}");
            writer.Send(new OutgoingRecord { Topic = "speakers", Partition = Partitioner.PartitionOf(key, 4), Key = key, Value = "word"u8 }, deliveries);
        }

        Assert.True(writer.Flush(TimeSpan.FromSeconds(20)));
        Assert.Equal(count, deliveries.Delivered);
    }

    private sealed class Person(string key) : Actor(key)
    {
        public Queue<byte[]> Speech { get; } = new();
    }

    private sealed class Word
    {
        public byte[] Key = [];
    }

    private abstract class People(byte number, string name) : ActorKind<Person, Word>(number, name, name)
    {
        public override bool Admit(in Record record, Word message, long nowInMs)
        {
            message.Key = record.Key.ToArray();
            return true;
        }

        public override ReadOnlySpan<byte> KeyOf(Word message) => message.Key;

        public override Person Create(string key) => new(key);

        public override Person Restore(string key, ReadOnlySpan<byte> snapshot) => new(key);

        public override Reaction Wake(Person actor, long nowInMs) => Reaction.Quiet;

        public override long DueOf(Person actor) => long.MaxValue;

        public override void Write(Person actor, CommitDraft draft)
        {
        }

        public override int SizeOf(Person actor) => 100;
    }

    /// <summary>Says 20 KB to the listener of its name for each word it gets, none of which can be compressed: 40 MB in all, where 10 MB are kept.</summary>
    private sealed class Speakers() : People(1, "speakers")
    {
        private readonly Random _random = new(1);

        public override IReadOnlyCollection<string> Tells => ["listeners"];

        public override ActorKind<Person, Word> ForShard() => new Speakers();

        public override Reaction Receive(Person actor, Word message, long nowInMs)
        {
            byte[] speech = new byte[20_000];
            _random.NextBytes(speech);
            actor.Speech.Enqueue(speech);
            return Reaction.Speaks;
        }

        public override void Write(Person actor, CommitDraft draft)
        {
            while (actor.Speech.TryDequeue(out byte[]? speech))
            {
                draft.BeginRecord(Lane.Bulk, "listeners", actor.KeySpan, numbered: true);
                draft.BeginValue().Write(speech);
                draft.EndRecord();
            }
        }
    }

    /// <summary>Takes a millisecond for each.</summary>
    private sealed class Listeners() : People(2, "listeners")
    {
        public override ActorKind<Person, Word> ForShard() => new Listeners();

        public override Reaction Receive(Person actor, Word message, long nowInMs)
        {
            long from = System.Diagnostics.Stopwatch.GetTimestamp();
            while (System.Diagnostics.Stopwatch.GetElapsedTime(from).TotalMilliseconds < 1)
            {
                Thread.SpinWait(100);
            }

            return Reaction.Quiet;
        }
    }
}
