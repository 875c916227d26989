using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Partitioner = Streams.Runtime.Log.Partitioner;

namespace Streams.Runtime.Hosting;

/// <summary>
/// A node's share of the cluster: joins the consumer group, claims the shards it is assigned, runs them on its workers, and hands them
/// back. One polling thread, one thread per worker, one or more that commit, two that publish, one that tells the others.
/// </summary>
public sealed class Engine : IDisposable
{
    /// <summary>Ticks of 10 ms or more that a question waits for a commit.</summary>
    private const int MostPutOff = 100;

    private readonly EngineOptions _options;
    private readonly ILog _log;
    private readonly IStore _store;
    private readonly Dictionary<string, ActorKind> _kinds;
    private readonly InboxRoom _room;
    private readonly Publisher _publisher;
    private readonly CommitWriter[] _writers;
    private readonly Worker[] _workers;
    private readonly Ownership _ownership;
    private readonly Poller _poller;
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
        _room = new InboxRoom(log, options.Group ?? options.Cluster, inner, partition => _ownership?.ReadHere(partition), time, publishLogger);
        _publisher = new Publisher(log, _room, time, publishLogger);
        _writers = [.. Enumerable.Range(0, options.CommitWriters).Select(i => new CommitWriter(i, store, _publisher, shard => _ownership?.Fenced(shard), commitLogger))];
        _workers = [.. Enumerable.Range(0, options.Workers).Select(i => new Worker(i, _publisher, (partition, why) => _ownership?.Break(partition, why), time, workLogger))];
        _ownership = new Ownership(options, log, store, _kinds, inner, _publisher, _writers, _workers, time, logger);
        _poller = new Poller(options, log, _ownership, _kinds.Keys, inner, time, logger);
        _presence = new Presence(options, store, _ownership, () => State, time, logger);
    }

    /// <summary>Why the node can not work, in words; null while it can.</summary>
    public string? Failure => _poller.Failure
        ?? (_writers.Any(writer => writer.IsStoreAway) ? "the store can not be written to" : null)
        ?? (_ownership.Broken.Count == 0 ? null : string.Join("; ", _ownership.Broken.Select(pair => $"{pair.Key}: {pair.Value}")));

    /// <summary>A poll of the log has succeeded since this node last joined the group.</summary>
    public bool IsReady => _poller.HasPolled;

    public NodeState State => _isDisposed ? NodeState.Left : _poller.IsWanted ? NodeState.Working : _poller.IsDrained ? NodeState.Drained : NodeState.Draining;

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

    /// <summary>Told, on a thread of the engine's, of each hand-over of a shard that ended here.</summary>
    public Action<ActorKind, ShardHandover> HandedOver
    {
        set => _presence.HandedOver = (id, handover) => value(_kinds.Values.First(kind => kind.Number == id.Kind), handover);
    }

    public long Published => _publisher.Published;

    public long Transactions => _writers.Sum(writer => writer.Transactions);

    public double BusyShare => _workers.Average(worker => worker.BusyShare);

    /// <summary>Shards held now, with what they did since they were claimed.</summary>
    public IReadOnlyList<(ActorKind Kind, ShardId Id, long Epoch, long NextOffset, Shard Shard)> Shards =>
        [.. _ownership.Owned.Select(pair => (_kinds[pair.Key.Topic], pair.Value.Shard.Id, pair.Value.Shard.Epoch, pair.Value.Shard.NextToRead, pair.Value.Shard))];

    /// <summary>Refused records by reason over the shards held, counted for good.</summary>
    public IReadOnlyDictionary<string, long> RefusedByReason
    {
        get
        {
            SortedDictionary<string, long> sum = new(StringComparer.Ordinal);
            foreach (Owned owned in _ownership.Owned.Values)
            {
                foreach ((string reason, long count) in owned.Shard.RefusedByReason.ToArray())
                {
                    sum[reason] = sum.GetValueOrDefault(reason) + count;
                }
            }

            return sum;
        }
    }

    /// <summary>Checks the store against the kinds' partition counts and against the log, and starts the threads.</summary>
    /// <exception cref="StoreMismatchException">See <see cref="IStore.Open"/>; or the store was read from another log (<see cref="EngineOptions.AcceptLog"/>).</exception>
    public void Start()
    {
        _store.Open(new StoreLayout(
            _options.Cluster,
            _options.Node,
            _kinds.Values.ToDictionary(kind => kind.Number, kind => new KindLayout(kind.Name, _log.PartitionsOf(kind.Inbox)))));
        _ownership.CheckLog();
        _room.Start();
        _publisher.Start();
        Array.ForEach(_writers, writer => writer.Start());
        Array.ForEach(_workers, worker => worker.Start());
        _presence.Start();
        _poller.Start();
    }

    /// <summary>Gives all shards back, written and published, and leaves the group; the node stays and answers. Returns at once: see <see cref="State"/>.</summary>
    public void Drain()
    {
        _poller.IsWanted = false;
        _presence.TellNow();
    }

    /// <summary>Ends <see cref="Drain"/>: joins the group again.</summary>
    public void WorkAgain()
    {
        _poller.IsWanted = true;
        _presence.TellNow();
    }

    /// <summary>As <see cref="Drain"/>, for good: returns when it is done. <see cref="Dispose"/> ends the rest.</summary>
    public void Leave() => _poller.Dispose();

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
        Array.ForEach(_workers, worker => worker.Dispose());
        Array.ForEach(_writers, writer => writer.Dispose());
        _publisher.Dispose();
        _room.Dispose();
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
        return _store.Load(shard, [key]) is [var stored] ? question(of.CopyOf(stored)) : null;
    }

    /// <summary>The kind of that name; null where this node runs none such.</summary>
    public ActorKind? KindNamed(string name) => _kinds.Values.FirstOrDefault(kind => kind.Name == name);

    /// <summary>Whether this node owns the shard of that key now.</summary>
    public bool Owns(byte kind, string key) => Find(kind, key) is not null;

    private Owned? Find(byte kind, string key) => _kinds.Values.FirstOrDefault(candidate => candidate.Number == kind) is { } of
        ? _ownership.Owned.GetValueOrDefault(new InboxPartition(of.Inbox, PartitionOf(of, key)))
        : null;

    private int PartitionOf(ActorKind kind, string key) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), _log.PartitionsOf(kind.Inbox));
}
