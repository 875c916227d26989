using System.Buffers;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Streams.Runtime.Tests.Simulation;
using Streams.Tests;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>What is told to actors whose inbox is read by another node, or by nobody: how long it waits, by what the brokers say.</summary>
public sealed class InboxRoomTests : IDisposable
{
    private const int NobodyReads = 1404;

    /// <summary>Three fifths of what is kept are 600 bytes: two records, unread, and the third waits.</summary>
    private const int Kept = 1000;
    private const int RecordInBytes = 300;

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly StubbornLog _log = new() { KeepsInBytes = Kept };
    private readonly StillTime _time = new();
    private readonly KeptLines _lines = new();
    private readonly Shard _shard;
    private long? _readHere;
    private InboxRoom? _room;
    private Publisher? _publisher;

    public InboxRoomTests()
    {
        _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));
        ShardId id = new(1, 0);
        ShardClaim claim = _store.Claim(id, "test", "log", DateTimeOffset.UnixEpoch);
        _shard = new TallyKind(1, "meters", "groups").ForShard().CreateShard(new ShardSeed(
            id, new("meters", 0), 1, false, claim, [], 0, 0, _store, new ShardOptions(), _ => { }, (_, _) => { }, NullLogger.Instance));
    }

    private bool HasRoom => _room!.Of("groups", 0)!.HasRoom;

    [Fact]
    public void What_another_node_is_told_waits_until_the_group_has_reported_that_it_read_the_earlier()
    {
        Tell(5);
        WaitForTaken(2);

        Measure(end: 2, reported: null);
        Assert.False(HasRoom);
        Assert.Equal(2, _log.Taken.Count);

        _log.Gauge.Answer(new GroupPosition(2, Reported: 1));
        WaitForTaken(3);
        Measure(end: 3, reported: 1);
        Assert.False(HasRoom);

        _log.Gauge.Answer(new GroupPosition(3, Reported: 3));
        WaitForTaken(5);
        Assert.Equal(["1", "2", "3", "4", "5"], _log.Taken.Select(value => value.Trim()));
    }

    [Fact]
    public void Brokers_are_asked_every_few_seconds_though_there_is_nothing_to_measure_so_that_their_silence_is_known()
    {
        _room = new InboxRoom(_log, [("groups", "test")], _ => _readHere, _time, _lines);
        _room.Start();
        _time.Pass(TimeSpan.FromSeconds(3));
        _log.Gauge.Answer(null);
        _time.Pass(TimeSpan.FromSeconds(3));
        _log.Gauge.IsAsked();
        Assert.Equal(TimeSpan.FromSeconds(6), _room.SilentFor);

        Measure(end: 0, reported: 0, after: TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.FromSeconds(3), _room.SilentFor);
        Assert.True(HasRoom);
    }

    [Fact]
    public void What_this_node_has_read_counts_before_the_group_reports_it()
    {
        _readHere = 2;
        Tell(3);
        WaitForTaken(2);

        _log.Gauge.Answer(new GroupPosition(2, Reported: 0));

        WaitForTaken(3);
    }

    [Fact]
    public void An_inbox_that_nobody_reads_for_a_minute_is_waited_for_no_more_which_is_said_once_and_again_as_soon_as_it_is_read()
    {
        Tell(3);
        WaitForTaken(2);
        Measure(end: 2, reported: null);
        _time.Pass(TimeSpan.FromSeconds(59));
        Measure(end: 2, reported: null);
        Assert.False(HasRoom);
        Assert.Empty(_lines.Of(NobodyReads));

        _time.Pass(TimeSpan.FromSeconds(2));
        _log.Gauge.Answer(new GroupPosition(2, Reported: null));
        WaitForTaken(3);
        _time.Pass(TimeSpan.FromMinutes(5));
        Measure(end: 3, reported: null);
        Measure(end: 3, reported: null);
        Assert.True(HasRoom);
        Assert.Contains("groups", Assert.Single(_lines.Of(NobodyReads)), StringComparison.Ordinal);

        // Somebody reads: two are unread, and the next waits for them.
        Measure(end: 3, reported: 1);
        Assert.False(HasRoom);
        Tell(1, first: 4);
        Measure(end: 3, reported: 1);
        Assert.Equal(3, _log.Taken.Count);

        _time.Pass(TimeSpan.FromSeconds(61));
        _log.Gauge.Answer(new GroupPosition(3, Reported: 1));
        WaitForTaken(4);
        _log.Gauge.IsAsked();
        Assert.Equal(2, _lines.Of(NobodyReads).Count);
    }

    [Fact]
    public void An_inbox_of_this_node_is_waited_for_however_long_it_takes()
    {
        _readHere = 0;
        Tell(3);
        WaitForTaken(2);
        Measure(end: 2, reported: 0);

        _time.Pass(TimeSpan.FromMinutes(10));
        Measure(end: 2, reported: 0);

        Assert.False(HasRoom);
        Assert.Empty(_lines.Of(NobodyReads));
    }

    [Fact]
    public void While_the_brokers_do_not_answer_nobody_is_said_to_read_nothing()
    {
        Tell(3);
        WaitForTaken(2);
        Measure(end: 2, reported: null);
        _log.Gauge.Answer(null);
        _time.Pass(TimeSpan.FromMinutes(10));
        _log.Gauge.Answer(null);

        Measure(end: 2, reported: null);

        Assert.False(HasRoom);
        Assert.Empty(_lines.Of(NobodyReads));
    }

    public void Dispose()
    {
        _log.Gauge.End();
        _publisher?.Dispose();
        _room?.Dispose();
        _log.Dispose();
        _store.Dispose();
    }

    /// <summary>Answers a question, and waits until that is taken in.</summary>
    /// <param name="after">Until the next one is asked.</param>
    private void Measure(long end, long? reported, TimeSpan after = default)
    {
        _log.Gauge.Answer(new GroupPosition(end, reported));
        WaitFor(() => _room!.SilentFor == TimeSpan.Zero);
        _time.Pass(after);
        _log.Gauge.IsAsked();
    }

    private void Tell(int count, int first = 1)
    {
        if (_publisher is null)
        {
            _room = new InboxRoom(_log, [("groups", "test")], _ => _readHere, _time, _lines);
            _room.Start();
            _publisher = new Publisher(_log, _room, new EngineMeter(), _time, _lines);
            _publisher.Start();
        }

        using CommitDraft draft = new();
        for (int i = 0; i < count; i++)
        {
            draft.BeginRecord(Lane.Bulk, "groups", "group"u8);
            draft.BeginValue().Write(System.Text.Encoding.UTF8.GetBytes($"{first + i}".PadRight(RecordInBytes)));
            draft.EndRecord();
        }

        OutboxChunk chunk = Assert.Single(draft.ToCommit(default, 1, 1, 0, [0, 0], [0, 0], 0).Outbox);
        _publisher.Publish(_shard, chunk with { FirstNumber = first, Records = chunk.Records.ToArray() }, null);
    }

    private static void WaitFor(Func<bool> condition) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), "not within 30 s");

    private void WaitForTaken(int count)
    {
        Assert.True(SpinWait.SpinUntil(() => _log.Taken.Count >= count, TimeSpan.FromSeconds(30)), $"{_log.Taken.Count} of {count} records within 30 s");
        Assert.Equal(count, _log.Taken.Count);
    }
}
