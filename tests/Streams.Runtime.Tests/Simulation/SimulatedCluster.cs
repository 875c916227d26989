using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>
/// A whole cluster in one thread: production shards over a simulated log and a real store, driven step by step from a seed. Any step
/// may be a crash; a killed node's memory is gone, a replaced one goes on as a zombie until it is fenced.
/// </summary>
internal sealed partial class SimulatedCluster : IDisposable
{
    private const int InputPartitions = 4;
    private const int GroupPartitions = 2;
    private const int Meters = 12;

    /// <summary>A shard looks for stored deadlines once a second.</summary>
    private const int LatestWakingInMs = 5000;

    /// <summary>About every fourth time, nothing comes for a meter in that long.</summary>
    private const int SilenceInMs = 300;

    private readonly Random _random;
    private readonly Sabotage _sabotage;
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly SimulatedTopics _log = new(("meters", InputPartitions), ("groups", GroupPartitions), ("results", 1), ("city.dead-letters", 1));
    private readonly List<SimulatedNode> _nodes = [];
    private readonly Dictionary<InboxPartition, SimulatedNode> _owners = [];
    private readonly Dictionary<string, long> _expectedSums = [];
    private readonly Dictionary<string, long> _expectedCounts = [];
    private readonly Dictionary<(ShardId, long), int> _writers = [];
    private readonly Dictionary<ShardId, (long Epoch, long Next)> _highest = [];
    private readonly List<string> _violations = [];
    private readonly List<Shard> _shards = [];
    private readonly NotedGaps _gaps = new();
    private readonly Wakings _wakings = new();
    private int _expectedDeadLetters;
    private int _sabotageGeneration;
    private long _sabotageNumber;
    private long _nowInMs = 1_800_000_000_000;

    public SimulatedCluster(int seed, Sabotage sabotage = Sabotage.None)
    {
        _random = new Random(seed);
        _sabotage = sabotage;
        _store.Open(new StoreLayout("simulated", "all", new Dictionary<byte, KindLayout>
        {
            [1] = new("meters", InputPartitions),
            [2] = new("groups", GroupPartitions),
        }));
        Kinds = [new TallyKind(1, "meters", "groups", SilenceInMs, _wakings), new TallyKind(2, "groups", null, SilenceInMs, _wakings)];
    }

    private ActorKind[] Kinds { get; }

    /// <summary>How often what happened, for the tests to see that the seeds exercise it.</summary>
    public SortedDictionary<string, int> Happened { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs the faulty part, then heals and lets everything finish. Empty when every invariant held.</summary>
    public IReadOnlyList<string> Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Step();
        }

        Heal();
        CountUp();
        Check();
        return _violations;
    }

    public void Dispose() => _store.Dispose();

    private void Step()
    {
        _nowInMs += _random.Next(40) == 0 ? _random.Next(500, 1500) : _random.Next(1, 50);
        switch (_random.Next(100))
        {
            case < 25:
                Produce(_random.Next(1, 12));
                break;
            case < 30:
                Assign();
                break;
            case < 33 when _nodes.Count > 0:
                Crash(Pick(_nodes));
                break;
            case < 36 when _owners.Count > 0:
                HandOver();
                break;
            default:
                if (_nodes.Count > 0)
                {
                    Work(Pick(_nodes));
                }

                break;
        }
    }

    private T Pick<T>(IReadOnlyList<T> from) => from[_random.Next(from.Count)];

    private void Produce(int count)
    {
        for (int i = 0; i < count; i++)
        {
            string meter = $"meter-{_random.Next(Meters)}";
            int dice = _random.Next(100);
            if (dice == 0)
            {
                Append("meters", meter, "not a number");
                _expectedDeadLetters++;
                continue;
            }

            if (dice == 1)
            {
                Append("meters", meter, $"{meter}|-5");
                _expectedDeadLetters++;
                continue;
            }

            if (dice == 2)
            {
                Append("meters", meter, $"{meter}|666");
                _expectedDeadLetters++;
                continue;
            }

            long amount = _random.Next(1, 100);
            _expectedSums[meter] = _expectedSums.GetValueOrDefault(meter) + amount;
            _expectedCounts[meter] = _expectedCounts.GetValueOrDefault(meter) + 1;
            if (dice < 8)
            {
                // A producer with another partitioner, or none.
                Append("meters", _random.Next(InputPartitions), SimulatedRecord.Of(dice < 5 ? "" : meter, $"{meter}|{amount}"));
            }
            else
            {
                Append("meters", meter, $"{meter}|{amount}");
            }
        }
    }

    private void Append(string topic, string key, string value) =>
        Append(topic, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), _log.PartitionsOf(topic)), SimulatedRecord.Of(key, value));

    /// <summary>A record gets the time of its arrival. Now and then offsets before it stay empty.</summary>
    private void Append(string topic, int partition, SimulatedRecord record)
    {
        if (_random.Next(30) == 0)
        {
            _log.Skip(topic, partition, _random.Next(1, 4));
        }

        // Whoever looked at the log's end before looked in an earlier millisecond.
        _log.Append(topic, partition, record with { TimestampInMs = ++_nowInMs });
    }

    private void Count(string what, int times = 1) => Happened[what] = Happened.GetValueOrDefault(what) + times;

    /// <summary>Gives every partition that nobody owns to some node, starting one if need be.</summary>
    private void Assign()
    {
        if (_nodes.Count < 2)
        {
            _nodes.Add(new SimulatedNode());
        }

        foreach ((string topic, byte kind, int partitions) in new[] { ("meters", (byte)1, InputPartitions), ("groups", (byte)2, GroupPartitions) })
        {
            for (int p = 0; p < partitions; p++)
            {
                InboxPartition partition = new(topic, p);
                if (!_owners.ContainsKey(partition))
                {
                    Claim(Pick(_nodes), partition, kind);
                }
            }
        }
    }

    private void Claim(SimulatedNode node, InboxPartition partition, byte kind)
    {
        ShardId id = new(kind, partition.Partition);
        string incarnation = _sabotage.HasFlag(Sabotage.NoPositions) ? $"log-{_sabotageGeneration++}" : "log";
        ShardClaim claim = _store.Claim(id, "node", incarnation, DateTimeOffset.FromUnixTimeMilliseconds(_nowInMs));
        if (_sabotage.HasFlag(Sabotage.NoPositions))
        {
            claim = claim with { NextOffset = claim.OldNextOffset };
        }

        IReadOnlyList<OutboxChunk> leftovers = _store.LoadOutbox(id);
        Shard shard = Kinds[kind - 1].CreateShard(new ShardSeed(
            id, partition, _log.PartitionsOf(partition.Topic), partition.Topic == "groups", claim, leftovers, _sabotage.HasFlag(Sabotage.NoCatchUp) ? 0 : _log[partition].Count, _nowInMs, _store,
            new ShardOptions { SpeakWithin = TimeSpan.Zero, MaxUnsaid = 3, SweepSize = 2, MemoryInBytes = _random.Next(4) > 0 ? 500 : 5000, ReplayWork = TimeSpan.FromMilliseconds(1) },
            posted => node.Posted.Enqueue(posted),
            (from, offset) => node.Seeks.Enqueue((from, offset)),
            _gaps));
        _shards.Add(shard);
        node.Attach(shard, partition.Topic == "groups", claim.NextOffset, _log[partition].Count);
        _owners[partition] = node;
        if (!_sabotage.HasFlag(Sabotage.NoLeftovers))
        {
            foreach (OutboxChunk chunk in leftovers)
            {
                node.ToPublish.Add((shard, chunk));
            }
        }
    }

    private void Crash(SimulatedNode node)
    {
        Count("crashes");
        _nodes.Remove(node);
        foreach (InboxPartition partition in _owners.Where(pair => pair.Value == node).Select(pair => pair.Key).ToArray())
        {
            _owners.Remove(partition);
        }
    }

    /// <summary>The group takes a partition away: sometimes gracefully, sometimes the old owner does not notice and goes on.</summary>
    private void HandOver()
    {
        Count("hand-overs");
        InboxPartition partition = Pick(_owners.Keys.OrderBy(key => key.ToString(), StringComparer.Ordinal).ToArray());
        SimulatedNode node = _owners[partition];
        if (_random.Next(2) == 0 && node.ShardOf(partition) is { } shard)
        {
            node.Detach(partition);
            shard.WriteAll(_nowInMs);
            Finish(node);
            if (!shard.IsDropped)
            {
                shard.ForgetPublished();
                Finish(node);
                _store.Release(shard.Id, shard.Epoch, TimeSpan.Zero);
            }

            shard.Drop();
        }

        _owners.Remove(partition);
    }

    private void Heal()
    {
        long? allDoneAtInMs = null;
        for (int round = 0; round < 400; round++)
        {
            Assign();
            _nowInMs += 1000;
            foreach (SimulatedNode node in _nodes)
            {
                for (int i = 0; i < 3; i++)
                {
                    // Whoever looks at the log's end looks in a later millisecond than that of its last record.
                    _nowInMs++;
                    Poll(node, isCalm: true);
                    RunWorker(node, isCalm: true);
                    Finish(node);
                }
            }

            bool done = _owners.Count == InputPartitions + GroupPartitions && _nodes.All(node => node.IsIdle && node.Shards.All(at =>
                at.Shard.NextToRead == _log[at.Shard.Partition].Count && !at.Shard.HasUnwritten && !at.Shard.NeedsRestart));
            allDoneAtInMs = done ? allDoneAtInMs ?? _nowInMs : null;
            if (done && _owners.Keys.All(partition => _store.LoadDue(IdOf(partition), long.MaxValue, 1).Count == 0))
            {
                return;
            }

            if (_nowInMs - allDoneAtInMs > SilenceInMs + LatestWakingInMs)
            {
                _violations.Add($"I10: actors were not woken {LatestWakingInMs} ms after their time");
                return;
            }
        }

        _violations.Add($"I10: no end within 400 rounds after healing: {string.Join(", ", _nodes.SelectMany(node => node.Shards).Select(at =>
            $"{at.Shard.Partition} at {at.Shard.NextToRead} of {_log[at.Shard.Partition].Count}, {(at.Shard.HasUnwritten ? "unwritten, " : "")}{at.Shard.Counts.Restarts} restarts"))}");
    }

    private static ShardId IdOf(InboxPartition partition) => new(partition.Topic == "meters" ? (byte)1 : (byte)2, partition.Partition);
}
