using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>A worker that is held up by one partition while another's records wait in the log.</summary>
public sealed class PausedPartitionTests : IDisposable
{
    private const int Partitions = 2;
    private const int SilenceInMs = 1000;

    /// <summary>More than may wait before a worker, but for a single batch.</summary>
    private const int LargeInBytes = 17 << 20;

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly MemoryLog _log = new(("meters", Partitions), (TallyKind.Results, 1), ("city.dead-letters", 1));
    private readonly StillTime _time = new();
    private readonly ManualResetEventSlim _goOn = new(false);

    [Fact]
    public void Whose_records_wait_in_the_log_while_its_partition_is_paused_is_not_silent()
    {
        string busy = KeyIn(0);
        string quiet = KeyIn(1);
        long start = NowInMs;
        using HeldUpKind kind = new(_goOn);
        using Engine engine = new(
            new EngineOptions { Cluster = "test", Workers = 1 }, _log, _store, [kind], _time, NullLoggerFactory.Instance);
        engine.Start();
        _log.Append("meters", quiet, $"{quiet}|1", start);
        WaitFor(() => ShardOf(engine, 1) is { NextToRead: 1 }, "the quiet one is read");

        // One record holds the worker up, and what comes then fills its intake.
        _log.Append("meters", busy, $"{busy}|{HeldUpKind.Amount}", start);
        WaitFor(() => kind.IsHeldUp, "the worker is held up");
        _log.Append("meters", busy, new string('x', LargeInBytes), start);
        WaitFor(() => _log.HandedOut == 3, "one waits for the worker");
        _log.Append("meters", busy, new string('x', LargeInBytes), start);
        WaitFor(() => _log.Paused == Partitions, "both are paused");

        Pass(900);
        _log.Append("meters", quiet, $"{quiet}|1", NowInMs);
        Pass(300);
        Pass(300);
        _goOn.Set();
        WaitFor(() => ShardOf(engine, 1) is { NextToRead: 2 }, "the quiet one is read on");

        Assert.Equal(0, ShardOf(engine, 1)!.Counts.Woken);
    }

    private long NowInMs => _time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Dispose()
    {
        _goOn.Set();
        _store.Dispose();
        _goOn.Dispose();
    }

    /// <summary>A key of that partition.</summary>
    private static string KeyIn(int partition) =>
        Enumerable.Range(0, 100).Select(i => $"meter-{i}").First(key => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), Partitions) == partition);

    private static Shard? ShardOf(Engine engine, int partition) => engine.Shards.Where(shard => shard.Id.Partition == partition).Select(shard => shard.Shard).FirstOrDefault();

    private static void WaitFor(Func<bool> condition, string what) => Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromSeconds(30)), $"not within 30 s: {what}");

    /// <summary>Time passes, and the log's end is asked for.</summary>
    private void Pass(int ms)
    {
        int before = _log.Asked;
        _time.Pass(TimeSpan.FromMilliseconds(ms));
        WaitFor(() => _log.Asked >= before + Partitions, "the log's end is asked for");
    }

    /// <summary>Waits in the turn of one actor.</summary>
    private sealed class HeldUpKind(ManualResetEventSlim goOn) : ActorKind<TallyActor, TallyMessage>(1, "meters", "meters"), IDisposable
    {
        public const int Amount = 4711;

        private readonly TallyKind _inner = new(1, "meters", null, SilenceInMs);
        private readonly ManualResetEventSlim _isHeldUp = new(false);

        public bool IsHeldUp => _isHeldUp.IsSet;

        public void Dispose() => _isHeldUp.Dispose();

        public override ActorKind<TallyActor, TallyMessage> ForShard() => this;

        public override bool Admit(in Record record, TallyMessage message, long nowInMs)
        {
            bool isAdmitted = _inner.Admit(record, message, nowInMs);
            Refusal = _inner.Refusal;
            return isAdmitted;
        }

        public override ReadOnlySpan<byte> KeyOf(TallyMessage message) => _inner.KeyOf(message);

        public override TallyActor Create(string key) => _inner.Create(key);

        public override TallyActor Restore(string key, ReadOnlySpan<byte> snapshot) => _inner.Restore(key, snapshot);

        public override Reaction Receive(TallyActor actor, TallyMessage message, long nowInMs)
        {
            if (message.Amount == Amount)
            {
                _isHeldUp.Set();
                goOn.Wait();
            }

            return _inner.Receive(actor, message, nowInMs);
        }

        public override Reaction Wake(TallyActor actor, long nowInMs) => _inner.Wake(actor, nowInMs);

        public override long DueOf(TallyActor actor) => _inner.DueOf(actor);

        public override void Write(TallyActor actor, CommitDraft draft) => _inner.Write(actor, draft);

        public override int SizeOf(TallyActor actor) => _inner.SizeOf(actor);
    }
}
