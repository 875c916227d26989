using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>What ends the process.</summary>
internal enum Death
{
    None,

    /// <summary>The actor's turn with one record.</summary>
    Receiving,

    /// <summary>Restoring one actor from the store.</summary>
    Loading,
}

/// <summary>
/// A node in a process of its own: an engine over a store in a file, and a log that is the same in every life. It leaves in order when it has read
/// everything, unless it dies before.
/// </summary>
internal static class MortalNode
{
    public const string Command = "mortal-node";
    public const int Meters = 5;
    public const int Deadly = 57;

    public static string MeterOf(int record) => $"meter-{record % Meters}";

    public static string StoreIn(string folder) => Path.Combine(folder, "store.db");

    public static int Run(string folder, Death death, int records)
    {
        using MemoryLog log = new(("meters", 1), (TallyKind.Results, 1), ("city.dead-letters", 1));
        for (int i = 0; i < records; i++)
        {
            log.Append("meters", MeterOf(i), $"{MeterOf(i)}|{(i == Deadly ? 1000 : 1)}");
        }

        using SqliteStore store = new(StoreIn(folder));
        using Engine engine = new(
            new EngineOptions { Cluster = "test", Workers = 1 }, log, store, [new MortalKind(death)], TimeProvider.System, NullLoggerFactory.Instance);
        engine.Start();
        return SpinWait.SpinUntil(() => engine.Shards.Any(shard => shard.NextOffset == records), TimeSpan.FromSeconds(30)) ? 0 : 1;
    }

    private sealed class MortalKind(Death death) : ActorKind<TallyActor, TallyMessage>(1, "meters", "meters")
    {
        private readonly TallyKind _inner = new(1, "meters", null);

        public override ActorKind<TallyActor, TallyMessage> ForShard() => new MortalKind(death);

        public override bool Admit(in Record record, TallyMessage message, long nowInMs) => _inner.Admit(record, message, nowInMs);

        public override ReadOnlySpan<byte> KeyOf(TallyMessage message) => _inner.KeyOf(message);

        public override TallyActor Create(string key) => _inner.Create(key);

        public override TallyActor Restore(string key, ReadOnlySpan<byte> snapshot)
        {
            Die(death == Death.Loading && key == MeterOf(Deadly));
            return _inner.Restore(key, snapshot);
        }

        public override Reaction Receive(TallyActor actor, TallyMessage message, long nowInMs)
        {
            Die(death == Death.Receiving && message.Amount == 1000);
            return _inner.Receive(actor, message, nowInMs);
        }

        public override Reaction Wake(TallyActor actor, long nowInMs) => _inner.Wake(actor, nowInMs);

        public override long DueOf(TallyActor actor) => _inner.DueOf(actor);

        public override void Write(TallyActor actor, CommitDraft draft) => _inner.Write(actor, draft);

        public override int SizeOf(TallyActor actor) => _inner.SizeOf(actor);

        /// <summary>No exception, no handler: as a stack that is too deep ends it.</summary>
        private static void Die(bool now)
        {
            if (now)
            {
                Environment.FailFast("on purpose");
            }
        }
    }
}
