using System.Buffers;
using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Streams.Runtime.Tests.Log;
using Streams.Runtime.Tests.Simulation;
using Streams.Tests;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>What leaves a node, in which order, and what waits for what.</summary>
public sealed class PublisherTests : IDisposable
{
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly KeptLines _lines = new();
    private readonly ShardId _id = new(1, 0);

    public PublisherTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    [Fact]
    public void A_decision_does_not_wait_for_bulk_that_nobody_takes()
    {
        using StubbornLog log = new() { OnWriter = name => name.EndsWith("bulk", StringComparison.Ordinal) ? StubbornLog.Taking.Waits : StubbornLog.Taking.Takes };
        using Publisher publisher = Start(log);
        Shard shard = Claim();
        publisher.Publish(shard, Chunk(Lane.Bulk, 1, 2), null);

        publisher.Publish(shard, Chunk(Lane.Urgent, 1, 2), null);

        WaitFor(() => log.Taken.Count == 2);
        Assert.Equal(["Urgent 1", "Urgent 2"], log.Taken);
    }

    [Fact]
    public void An_outage_is_told_once_at_its_start_and_once_at_its_end_and_keeps_the_order()
    {
        int producers = 0;
        using StubbornLog log = new() { OnWriter = _ => Interlocked.Increment(ref producers) < 4 ? StubbornLog.Taking.Fails : StubbornLog.Taking.Takes };
        using Publisher publisher = Start(log);
        Shard shard = Claim();
        for (int i = 0; i < 10; i++)
        {
            publisher.Publish(shard, Chunk(Lane.Bulk, 1 + (i * 5), 5), null);
        }

        WaitFor(() => log.Taken.Count == 50 && _lines.Of(1402).Count > 0);

        Assert.Equal(Enumerable.Range(1, 50).Select(number => $"Bulk {number}"), log.Taken);
        Assert.Single(_lines.Of(1401));
        Assert.Contains("3 new producers", Assert.Single(_lines.Of(1402)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_lasting_writer_tells_what_failed_and_takes_the_next_record_with_a_new_producer()
    {
        int producers = 0;
        using StubbornLog log = new() { OnWriter = _ => Interlocked.Increment(ref producers) == 1 ? StubbornLog.Taking.Fails : StubbornLog.Taking.Takes };
        using LastingWriter writer = new(() => log.CreateWriter("test", 0));
        Deliveries deliveries = new();

        writer.Send(new OutgoingRecord { Topic = "results", Partition = 0, Value = "first"u8 }, deliveries);
        writer.Send(new OutgoingRecord { Topic = "results", Partition = 0, Value = "second"u8 }, deliveries);
        writer.Send(new OutgoingRecord { Topic = "results", Partition = 0, Value = "third"u8 }, deliveries);

        Assert.Equal(("no", true), Assert.Single(deliveries.Failures));
        Assert.Equal(["second", "third"], log.Taken);
        Assert.Equal(2, producers);
    }

    [Fact]
    public void A_worker_answers_while_a_shard_of_it_is_given_back_and_its_output_can_not_leave()
    {
        using StubbornLog log = new() { OnWriter = _ => StubbornLog.Taking.Waits };
        using Publisher publisher = Start(log);
        using Worker worker = new(0, publisher, (_, _) => { }, new EngineMeter(), TimeProvider.System, _lines);
        worker.Start();
        Shard shard = Claim(Chunk(Lane.Bulk, 1, 1));
        worker.Attach(shard);
        bool isLate = false;
        Handover handover = new(shard, () => Volatile.Read(ref isLate), () => false, _ => { });
        worker.Leave(handover);

        using ManualResetEventSlim answered = new(false);
        worker.Do(answered.Set);

        Assert.True(answered.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken), "a command waited for the hand-over");
        Assert.False(handover.Done.IsSet);
        Volatile.Write(ref isLate, true);
        Assert.True(handover.Done.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_shard_that_is_written_is_given_back_in_order_although_its_output_has_not_left()
    {
        using StubbornLog log = new() { OnWriter = _ => StubbornLog.Taking.Waits };
        using Publisher publisher = Start(log);
        using Worker worker = new(0, publisher, (_, _) => { }, new EngineMeter(), TimeProvider.System, _lines);
        worker.Start();
        Shard shard = Claim(Chunk(Lane.Bulk, 1, 1));
        worker.Attach(shard);
        bool isPublishedLate = false, isReleased = false;
        Handover handover = new(shard, () => false, () => Volatile.Read(ref isPublishedLate), _ => isReleased = true);
        worker.Leave(handover);

        Volatile.Write(ref isPublishedLate, true);

        Assert.True(handover.Done.Wait(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken));
        Assert.True(isReleased);
    }

    [Fact]
    public void While_output_has_no_room_input_from_outside_waits_and_that_of_the_cluster_itself_does_not()
    {
        using StubbornLog log = new() { OnWriter = _ => StubbornLog.Taking.Waits };
        using Publisher publisher = Start(log);
        using Worker worker = new(0, publisher, (_, _) => { }, new EngineMeter(), TimeProvider.System, _lines);
        Shard outer = Claim();
        Shard inner = Claim();
        publisher.Publish(outer, new OutboxChunk(Lane.Bulk, 1, 1, Chunk(Lane.Bulk, 1, 1, padding: 65 << 20).Records), null);
        Assert.False(publisher.HasRoom);
        Assert.True(worker.TryAdd(worker.IntakeOf(isInner: false), outer, Batch("meter-1|7"), TimeSpan.Zero));
        Assert.True(worker.TryAdd(worker.IntakeOf(isInner: true), inner, Batch("meter-1|7"), TimeSpan.Zero));
        worker.Start();

        WaitFor(() => inner.NextToRead == 1);

        Assert.Equal(0, outer.NextToRead);
    }

    public void Dispose() => _store.Dispose();

    private static SimulatedBatch Batch(string text) => new(new("meters", 0), 0, [SimulatedRecord.Of(text.Split('|')[0], text)]);

    private static OutboxChunk Chunk(Lane lane, long first, int count, int padding = 0)
    {
        using CommitDraft draft = new();
        for (int i = 0; i < count; i++)
        {
            draft.BeginRecord(lane, "results", "key"u8);
            draft.BeginValue().Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{lane} {first + i}") + new string(' ', padding)));
            draft.EndRecord();
        }

        return new OutboxChunk(lane, first, count, draft.ToCommit(default, 1, 1, 0, [0, 0], [0, 0], 0).Outbox[0].Records.ToArray());
    }

    private Publisher Start(StubbornLog log)
    {
        Publisher publisher = new(log, new InboxRoom(log, [], _ => null, TimeProvider.System, _lines), new EngineMeter(), TimeProvider.System, _lines);
        publisher.Start();
        return publisher;
    }

    private Shard Claim(params IReadOnlyList<OutboxChunk> unpublished)
    {
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch) with { LastNumbers = [0, unpublished.Count] };
        return new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, new("meters", 0), 1, false, claim, unpublished, 0, 0, _store, new ShardOptions(), _ => { }, (_, _) => { }, NullLogger.Instance));
    }

    private static void WaitFor(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "not within 30 s");
}
