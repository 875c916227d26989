using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Partitioner = Streams.Runtime.Log.Partitioner;

namespace Streams.Runtime.Hosting;

/// <summary>
/// A node's share of the cluster: joins the consumer groups, claims the shards it is assigned, runs them on its workers, and hands them
/// back. A polling thread for each kind, one thread per worker, one or more that commit, two that publish, one that tells the others.
/// </summary>
public sealed class Engine : IDisposable
{
    /// <summary>Ticks of 10 ms or more that a question waits for a commit.</summary>
    private const int MostPutOff = 100;

    /// <summary>Tries at a copy of an actor that is written meanwhile.</summary>
    private const int MostReadAnew = 5;

    /// <summary>Of each partition; those of a future that the store does not know are the last.</summary>
    private const int LookedBackAt = 100;

    private readonly EngineOptions _options;
    private readonly ILog _log;
    private readonly IStore _store;
    private readonly Dictionary<string, ActorKind> _kinds;
    private readonly InboxRoom _room;
    private readonly Publisher _publisher;
    private readonly CommitWriter[] _writers;
    private readonly Worker[] _workers;
    private readonly Ownership[] _ownerships;
    private readonly Poller[] _pollers;

    /// <summary>Those of kinds that only others write to.</summary>
    private readonly Poller[] _outer;
    private readonly LogEnds _ends;
    private readonly Presence _presence;
    private bool _isDisposed;

    /// <param name="kinds">The actor kinds this node runs; each has an inbox of its own.</param>
    public Engine(EngineOptions options, ILog log, IStore store, IEnumerable<ActorKind> kinds, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _log = log;
        _store = store;
        _kinds = kinds.ToDictionary(kind => kind.Inbox, StringComparer.Ordinal);
        HashSet<string> inner = [.. _kinds.Values.SelectMany(kind => kind.Tells)];
        ILogger logger = loggers.CreateLogger("Streams.Runtime.Engine");
        ILogger publishLogger = loggers.CreateLogger("Streams.Runtime.Publisher");
        ILogger commitLogger = loggers.CreateLogger("Streams.Runtime.Commit");
        ILogger workLogger = loggers.CreateLogger("Streams.Runtime.Worker");
        _ownerships = [];
        _room = new InboxRoom(log, [.. _kinds.Values.Where(kind => inner.Contains(kind.Inbox)).Select(kind => (kind.Inbox, options.GroupOf(kind, isInner: true)))], partition => OwnershipOf(partition)?.ReadHere(partition), time, publishLogger);
        _publisher = new Publisher(log, _room, Meter, time, publishLogger);
        _writers = [.. Enumerable.Range(0, options.CommitWriters).Select(i => new CommitWriter(i, store, _publisher, shard => OwnershipOf(shard.Partition)?.Fenced(shard), Meter, time, commitLogger))];
        _workers = [.. Enumerable.Range(0, options.Workers).Select(i => new Worker(i, _publisher, (partition, why) => OwnershipOf(partition)?.Break(partition, why), Meter, time, workLogger))];
        int Shards() => _kinds.Keys.Sum(log.PartitionsOf);
        _ownerships = [.. _kinds.Values.Select(kind => new Ownership(options, log, store, kind, inner.Contains(kind.Inbox), Shards, _publisher, _writers, _workers, Meter, time, logger))];
        Poller PollerOf(Ownership ownership, bool isInner, Func<bool> isNeeded) => new(options, options.GroupOf(ownership.Kind, isInner), log, ownership, isNeeded, () => _room.SilentFor, time, logger);
        _outer = [.. _ownerships.Where(ownership => !inner.Contains(ownership.Kind.Inbox)).Select(ownership => PollerOf(ownership, isInner: false, () => false))];

        // What comes from outside leaves first, and meanwhile what actors told each other is still read: output that waits for room there would not leave otherwise.
        _pollers = [.. _outer, .. _ownerships.Where(ownership => inner.Contains(ownership.Kind.Inbox)).Select(ownership => PollerOf(ownership, isInner: true, () => _outer.Any(outer => outer.IsMember)))];
        _ends = new LogEnds(log, options.Group ?? options.Cluster, _ownerships, time);
        _presence = new Presence(options, store, _ownerships, () => State, Meter, time, logger);
        Meter.Watch(this, _workers, _writers, _publisher, time);
    }

    /// <summary>What this engine counts and times.</summary>
    public EngineMeter Meter { get; } = new();

    /// <summary>The kinds this node runs.</summary>
    public IReadOnlyCollection<ActorKind> Kinds => _kinds.Values;

    /// <summary>Why the log's client had to be given up, in words; null since another one works.</summary>
    public string? LogFailure => _pollers.Select(poller => poller.Failure).FirstOrDefault(failure => failure is not null);

    /// <summary>How long no broker has answered a question that is asked every few seconds; before the first answer, since the start.</summary>
    public TimeSpan BrokersSilentFor => _room.SilentFor;

    /// <summary>How long the store has not taken commits; zero while it does.</summary>
    public TimeSpan StoreAwayFor => _writers.Max(writer => writer.AwayFor);

    /// <summary>How long the store has not answered a question that is asked every second or so, whether there is something to write or not.</summary>
    public TimeSpan StoreSilentFor => _presence.SilentFor;

    /// <summary>How long a polling thread has been at what it does: an endless wait there, and the node does nothing any more.</summary>
    public TimeSpan PollingFor => _pollers.Max(poller => poller.TurnFor);

    /// <summary>Assigned to this node and not to be worked on, with the reason.</summary>
    public IReadOnlyDictionary<InboxPartition, string> Broken => _ownerships.SelectMany(ownership => ownership.Broken).ToDictionary();

    /// <summary>The group of each kind has given this node its part since it last joined.</summary>
    public bool IsReady => Array.TrueForAll(_pollers, poller => poller.HasPart);

    public NodeState State => _isDisposed ? NodeState.Left : _pollers[0].IsWanted ? NodeState.Working
        : Array.TrueForAll(_pollers, poller => poller.IsDrained) ? NodeState.Drained
        : NodeState.Draining;

    /// <summary>All nodes that share the store, as last heard of: a second or so old.</summary>
    public IReadOnlyList<NodeRow> Nodes => _presence.Nodes;

    /// <summary>Where other nodes reach this one's API; empty as long as it has none.</summary>
    public string Url
    {
        get => _presence.Url;
        set
        {
            _presence.Url = value;
            _presence.TellNow();
        }
    }

    public long Published => _publisher.Published;

    public long Transactions => _writers.Sum(writer => writer.Transactions);

    public double BusyShare => _workers.Average(worker => worker.BusyShare);

    /// <summary>Shards held now, with what they did since they were claimed.</summary>
    public IReadOnlyList<(ActorKind Kind, ShardId Id, long Epoch, long NextOffset, Shard Shard)> Shards =>
        [.. _ownerships.SelectMany(ownership => ownership.Owned).Select(pair => (_kinds[pair.Key.Topic], pair.Value.Shard.Id, pair.Value.Shard.Epoch, pair.Value.Shard.NextToRead, pair.Value.Shard))];

    /// <summary>What this node's shards did since its start, by kind; also those it has no more.</summary>
    public IReadOnlyDictionary<string, ShardCounts> Counts => Meter.Ledger.Sum();

    /// <summary>Records this node has refused to the dead letters since its start, by reason.</summary>
    public IReadOnlyDictionary<string, long> RefusedByReason => Counts.Values
        .SelectMany(counts => counts.RefusedByReason)
        .GroupBy(pair => pair.Key, StringComparer.Ordinal)
        .ToDictionary(reason => reason.Key, reason => reason.Sum(pair => pair.Value), StringComparer.Ordinal);

    /// <summary>Checks the store against the kinds' partition counts and against the log, and starts the threads.</summary>
    /// <exception cref="StoreMismatchException">See <see cref="IStore.Open"/>; or the store was read from another log (<see cref="EngineOptions.AcceptLog"/>).</exception>
    public void Start()
    {
        _store.Open(new StoreLayout(
            _options.Cluster,
            _options.Node,
            _kinds.Values.ToDictionary(kind => kind.Number, kind => new KindLayout(kind.Name, _log.PartitionsOf(kind.Inbox)))));
        _ownerships[0].CheckLog();
        CheckStore();
        _room.Start();
        _publisher.Start();
        Array.ForEach(_writers, writer => writer.Start());
        Array.ForEach(_workers, worker => worker.Start());
        _presence.Start();
        _ends.Start();
        Array.ForEach(_pollers, poller => poller.Start());
    }

    /// <summary>
    /// The first node of a cluster looks whether the store is as new as the log: nothing is published that is not committed, so no message in an inbox has a greater
    /// number than its source has given out. If one has, the store was restored, and nobody may work before it has been told so: numbers given out again
    /// could not be told from those of before.
    /// </summary>
    private void CheckStore()
    {
        if (_options.AcceptLog == EngineOptions.AnyLog || _store.ReadNodes().Any(node => node.IsAlive && node.Name != _options.Node))
        {
            return;
        }

        IReadOnlyDictionary<int, long> numbers = _store.ReadNumbers();
        foreach (string inbox in _kinds.Values.SelectMany(kind => kind.Tells).Distinct())
        {
            _log.LookBack(inbox, LookedBackAt, batch =>
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    if (batch.TryGetHeader(i, SourceHeader.NameUtf8, out ReadOnlySpan<byte> header) && SourceHeader.TryRead(header, out SourceHeader from)
                        && from.Lineage == _store.Lineage && from.Number > numbers.GetValueOrDefault(from.Source))
                    {
                        throw new StoreMismatchException(
                            $"{batch.Partition} has a message at offset {batch.OffsetAt(i)} that this store has not sent: its source is at number {numbers.GetValueOrDefault(from.Source)}, the message has "
                            + $"{from.Number}. The store was restored from a backup, or lost commits. Run 'streams store restored', then start the nodes.");
                    }
                }
            });
        }
    }

    /// <summary>Gives all shards back, written and published, and leaves the group; the node stays and answers. Returns at once: see <see cref="State"/>.</summary>
    public void Drain()
    {
        Array.ForEach(_pollers, poller => poller.IsWanted = false);
        _presence.TellNow();
    }

    /// <summary>Ends <see cref="Drain"/>: joins the group again.</summary>
    public void WorkAgain()
    {
        Array.ForEach(_pollers, poller => poller.IsWanted = true);
        _presence.TellNow();
    }

    /// <summary>As <see cref="Drain"/>, for good: returns when it is done. <see cref="Dispose"/> ends the rest.</summary>
    public void Leave()
    {
        Array.ForEach(_pollers, poller => poller.Stop());
        Array.ForEach(_pollers, poller => poller.Dispose());
    }

    /// <summary>Finishes what is in hand, writes and publishes everything, gives the shards back and leaves the group.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        Leave();
        _isDisposed = true;
        CrashPoint.Reach(CrashPoint.InClose);
        _presence.Dispose();
        _ends.Dispose();
        Array.ForEach(_workers, worker => worker.Dispose());
        Array.ForEach(_writers, writer => writer.Dispose());
        _publisher.Dispose();
        _room.Dispose();
        Meter.Dispose();
    }

    /// <summary>Asks an actor of this node something, on its shard's thread; null where there is no such actor, or it lives elsewhere.</summary>
    /// <param name="whenWritten">
    /// Not before what the actor has put into a commit is in the store: who reads there next misses nothing it has let go of. But a second at most:
    /// while the store or the log is away, an answer that lacks the newest is better than none.
    /// </param>
    public Task<T?> AskAsync<T>(byte kind, string key, Func<Actor, T> question, bool whenWritten = false)
        where T : class
    {
        if (Find(kind, key) is not { } owned)
        {
            return Task.FromResult<T?>(null);
        }

        TaskCompletionSource<T?> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int putOff = 0;
        owned.Worker.Do(Ask);
        return answer.Task;

        void Ask()
        {
            try
            {
                if (whenWritten && putOff++ < MostPutOff && !owned.Shard.IsDropped && !owned.Shard.IsWritten(key))
                {
                    owned.Worker.Later(Ask);
                    return;
                }

                answer.SetResult(owned.Shard.IsDropped ? null : owned.Shard.Ask(key, question));
            }
#pragma warning disable CA1031 // The asker gets it, whatever it is; the worker goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer.SetException(e);
            }
        }
    }

    /// <summary>Asks a copy of an actor as it was last written, by whatever node: some seconds old. Null where there is none in the store.</summary>
    /// <exception cref="InvalidDataException">A newer program wrote it.</exception>
    public T? AskStored<T>(byte kind, string key, Func<Actor, T> question)
        where T : class
    {
        ActorKind of = _kinds.Values.First(candidate => candidate.Number == kind);
        ShardId shard = new(kind, PartitionOf(of, key));
        StoredActor? copy = null;
        for (int attempt = 0; attempt < MostReadAnew && copy is null && _store.Load(shard, [key]) is [var stored]; attempt++)
        {
            // Its owner writes on meanwhile: what was read in two steps counts where the first would still give the same.
            StoredActor whole = stored.WithSections(_store, shard);
            copy = whole.Sections is null || (_store.Load(shard, [key]) is [var again] && again.Snapshot.AsSpan().SequenceEqual(stored.Snapshot)) ? whole : null;
        }

        return copy is { } found ? question(of.CopyOf(found)) : null;
    }

    /// <summary>The kind of that name; null where this node runs none such.</summary>
    public ActorKind? KindNamed(string name) => _kinds.Values.FirstOrDefault(kind => kind.Name == name);

    /// <summary>Whether this node owns the shard of that key now.</summary>
    public bool Owns(byte kind, string key) => Find(kind, key) is not null;

    private Owned? Find(byte kind, string key) => _kinds.Values.FirstOrDefault(candidate => candidate.Number == kind) is { } of
        && new InboxPartition(of.Inbox, PartitionOf(of, key)) is var partition
        ? OwnershipOf(partition)?.Owned.GetValueOrDefault(partition)
        : null;

    /// <summary>Null while the engine is being made.</summary>
    private Ownership? OwnershipOf(InboxPartition partition) => Array.Find(_ownerships, ownership => ownership.Kind.Inbox == partition.Topic);

    private int PartitionOf(ActorKind kind, string key) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), _log.PartitionsOf(kind.Inbox));
}
