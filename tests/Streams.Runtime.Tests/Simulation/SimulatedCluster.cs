using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>What to break on purpose, to see that the simulation notices.</summary>
[Flags]
internal enum Sabotage
{
    None = 0,

    /// <summary>Every commit is given the epoch that is stored, so nobody is ever fenced.</summary>
    NoFence = 1,

    /// <summary>Every claim starts a new generation, so no actor knows what it has already applied.</summary>
    NoPositions = 2,

    /// <summary>Every publication gets a new number, so no repeat is recognised.</summary>
    NoMarks = 4,

    /// <summary>A jump in the offsets is taken as it is, without reading again.</summary>
    NoOffsetCheck = 8,

    /// <summary>A new owner does not publish what the earlier one left.</summary>
    NoLeftovers = 16,

    /// <summary>Chunks of a lane are published in any order.</summary>
    NoOutboxOrder = 32,

    /// <summary>The state is written without the output that belongs to it.</summary>
    NoOutbox = 64,
}

/// <summary>
/// A whole cluster in one thread: production shards over a simulated log and a real store, driven step by step from a seed. Any step
/// may be a crash; a killed node's memory is gone, a replaced one goes on as a zombie until it is fenced.
/// </summary>
internal sealed class SimulatedCluster : IDisposable
{
    private const int InputPartitions = 3;
    private const int GroupPartitions = 2;
    private const int Meters = 7;

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
        Kinds = [new TallyKind(1, "meters", "groups"), new TallyKind(2, "groups", null)];
    }

    private ActorKind[] Kinds { get; }

    public int Crashes { get; private set; }

    public int Handovers { get; private set; }

    public int Fenced { get; private set; }

    /// <summary>Runs the faulty part, then heals and lets everything finish. Empty when every invariant held.</summary>
    public IReadOnlyList<string> Run(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            Step();
        }

        Heal();
        Check();
        return _violations;
    }

    public void Dispose() => _store.Dispose();

    private void Step()
    {
        _nowInMs += _random.Next(0, 50);
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
                    Work(Pick(_nodes), mayCrash: true);
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
                _log.Append("meters", meter, "not a number");
                _expectedDeadLetters++;
                continue;
            }

            if (dice == 1)
            {
                _log.Append("meters", meter, $"{meter}|-5");
                _expectedDeadLetters++;
                continue;
            }

            if (dice == 2)
            {
                _log.Append("meters", meter, $"{meter}|666");
                _expectedDeadLetters++;
                continue;
            }

            long amount = _random.Next(1, 100);
            _expectedSums[meter] = _expectedSums.GetValueOrDefault(meter) + amount;
            _expectedCounts[meter] = _expectedCounts.GetValueOrDefault(meter) + 1;
            if (dice < 8)
            {
                // A producer with another partitioner, or none.
                _log.Append("meters", _random.Next(InputPartitions), SimulatedRecord.Of(dice < 5 ? "" : meter, $"{meter}|{amount}"));
            }
            else
            {
                _log.Append("meters", meter, $"{meter}|{amount}");
            }
        }
    }

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
            id, partition, _log.PartitionsOf(partition.Topic), partition.Topic == "groups", claim, leftovers, _log[partition].Count, _store,
            new ShardOptions { SpeakWithin = TimeSpan.Zero, MaxUnsaid = 3, SweepSize = 2, MemoryInBytes = 500, ReplayWork = TimeSpan.FromMilliseconds(1) },
            posted => node.Posted.Enqueue(posted),
            (from, offset) => node.Seek(from, offset),
            NullLogger.Instance));
        _shards.Add(shard);
        node.Attach(shard, claim.NextOffset);
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
        Crashes++;
        _nodes.Remove(node);
        foreach (InboxPartition partition in _owners.Where(pair => pair.Value == node).Select(pair => pair.Key).ToArray())
        {
            _owners.Remove(partition);
        }
    }

    /// <summary>The group takes a partition away: sometimes gracefully, sometimes the old owner does not notice and goes on.</summary>
    private void HandOver()
    {
        Handovers++;
        InboxPartition partition = Pick(_owners.Keys.OrderBy(key => key.ToString(), StringComparer.Ordinal).ToArray());
        SimulatedNode node = _owners[partition];
        if (_random.Next(2) == 0 && node.ShardOf(partition) is { NeedsRestart: false } shard)
        {
            shard.WriteAll(_nowInMs);
            while (node.Posted.Count > 0)
            {
                CommitOne(node);
            }

            while (node.ToPublish.Count > 0)
            {
                PublishOne(node, int.MaxValue);
            }

            shard.Drop();
            node.Detach(partition);
        }

        _owners.Remove(partition);
    }

    private void Work(SimulatedNode node, bool mayCrash)
    {
        switch (_random.Next(4))
        {
            case 0 when node.Posted.Count > 0:
                bool crashBefore = mayCrash && _random.Next(60) == 0;
                if (crashBefore)
                {
                    Crash(node);
                    return;
                }

                CommitOne(node);
                if (mayCrash && _random.Next(60) == 0)
                {
                    Crash(node);
                }

                break;
            case 1 when node.ToPublish.Count > 0:
                bool crashMidway = mayCrash && _random.Next(40) == 0;
                PublishOne(node, crashMidway ? _random.Next(3) : int.MaxValue);
                if (crashMidway)
                {
                    Crash(node);
                }

                break;
            default:
                Process(node);
                break;
        }
    }

    private void Process(SimulatedNode node)
    {
        if (node.Shards.Count == 0)
        {
            return;
        }

        SimulatedShard at = Pick(node.Shards);
        Shard shard = at.Shard;
        if (shard.NeedsRestart)
        {
            if (shard.CommitsInFlight == 0)
            {
                shard.Restart();
            }

            return;
        }

        if (at.SeekTo is { } offset)
        {
            at.SeekTo = null;
            at.HasItsPlace = false;
            at.ReadFrom = offset;
            shard.Sought();
        }
        else if (at.HasItsPlace && _random.Next(50) == 0)
        {
            // The client lost its place.
            at.ReadFrom += _random.Next(1, 3);
        }

        if (_sabotage.HasFlag(Sabotage.NoOffsetCheck))
        {
            shard.Sought();
        }

        using RecordBatch batch = _log.Read(shard.Partition, at.ReadFrom, _random.Next(1, 20));
        at.ReadFrom += batch.Count;
        at.HasItsPlace |= batch.Count > 0;
        shard.Process(batch, _nowInMs);
        shard.Tick(_nowInMs, hasTimeToSpare: _random.Next(2) == 0, applyingShare: _random.NextDouble());
    }

    private void CommitOne(SimulatedNode node)
    {
        PostedCommit posted = node.Posted.Dequeue();
        ShardCommit commit = posted.Commit;
        if (posted.Owner.IsDropped)
        {
            return;
        }

        if (_sabotage.HasFlag(Sabotage.NoFence))
        {
            ShardRow stored = _store.ReadShards().Single(row => row.Shard == commit.Shard);
            commit = Copy(commit, stored.Epoch, Math.Max(stored.NextOffset, commit.NextOffset), ++_sabotageNumber + 1_000_000);
        }

        if (_sabotage.HasFlag(Sabotage.NoOutbox) && _random.Next(10) == 0)
        {
            commit.Outbox.Clear();
        }

        if (_store.Commit([commit])[0] == CommitResult.Fenced)
        {
            Fenced++;
            posted.Owner.Drop();
            node.Shards.RemoveAll(at => at.Shard == posted.Owner);
            return;
        }

        (long epoch, long next) = _highest.GetValueOrDefault(commit.Shard);
        if (commit.Epoch < epoch || (commit.Epoch == epoch && commit.NextOffset < next))
        {
            _violations.Add($"I2/I3: {commit.Shard} wrote epoch {commit.Epoch} next {commit.NextOffset} after epoch {epoch} next {next}");
        }

        _highest[commit.Shard] = (commit.Epoch, commit.NextOffset);
        if (_writers.TryGetValue((commit.Shard, commit.Epoch), out int writer) && writer != node.Number)
        {
            _violations.Add($"I7: {commit.Shard} epoch {commit.Epoch} was written by two owners");
        }

        _writers[(commit.Shard, commit.Epoch)] = node.Number;
        foreach (OutboxChunk chunk in commit.Outbox)
        {
            node.ToPublish.Add((posted.Owner, chunk));
        }

        posted.Owner.Committed();
    }

    private static ShardCommit Copy(ShardCommit from, long epoch, long next, long number)
    {
        ShardCommit copy = new()
        {
            Shard = from.Shard, Epoch = epoch, NextOffset = next, Number = number, LastNumbers = from.LastNumbers, PublishedThrough = from.PublishedThrough,
        };
        copy.Actors.AddRange(from.Actors);
        copy.Outbox.AddRange(from.Outbox);
        copy.Journal.AddRange(from.Journal);
        copy.Documents.AddRange(from.Documents);
        return copy;
    }

    /// <summary>Publishes the oldest chunk of some lane, up to so many records.</summary>
    private void PublishOne(SimulatedNode node, int most)
    {
        int at = _sabotage.HasFlag(Sabotage.NoOutboxOrder) ? _random.Next(node.ToPublish.Count) : 0;
        (Shard shard, OutboxChunk chunk) = node.ToPublish[at];
        OutboxCodec.Reader reader = new(chunk.Records.Span);
        int index = 0;
        for (; index < most && reader.Next(); index++)
        {
            List<KeyValuePair<string, byte[]>> headers = [];
            HeaderBlock.Reader block = HeaderBlock.Read(reader.Headers);
            while (block.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
            {
                headers.Add(new(Encoding.UTF8.GetString(name), value.ToArray()));
            }

            if (reader.IsNumbered)
            {
                byte[] source = new byte[SourceHeader.Length];
                long number = _sabotage.HasFlag(Sabotage.NoMarks) ? ++_sabotageNumber : chunk.FirstNumber + index;
                new SourceHeader(SourceMarks.SourceOf(shard.Id, chunk.Lane), number, shard.Lineage).Write(source);
                headers.Add(new(SourceHeader.Name, source));
            }

            _log.Append(
                reader.Topic,
                Partitioner.PartitionOf(reader.Key, _log.PartitionsOf(reader.Topic)),
                new SimulatedRecord(reader.Key.ToArray(), reader.Value.ToArray(), headers));
        }

        if (index == chunk.Count)
        {
            node.ToPublish.RemoveAt(at);
            shard.Published(chunk.Lane, chunk.LastNumber);
        }
    }

    private void Heal()
    {
        for (int round = 0; round < 400; round++)
        {
            Assign();
            _nowInMs += 1000;
            foreach (SimulatedNode node in _nodes.ToArray())
            {
                foreach (SimulatedShard shard in node.Shards.ToArray())
                {
                    for (int i = 0; i < 3; i++)
                    {
                        ProcessQuietly(shard);
                        while (node.Posted.Count > 0)
                        {
                            CommitOne(node);
                        }

                        while (node.ToPublish.Count > 0)
                        {
                            PublishOne(node, int.MaxValue);
                        }
                    }
                }
            }

            bool done = _nodes.All(node => node.Shards.All(at =>
                at.Shard.NextToRead == _log[at.Shard.Partition].Count && !at.Shard.HasUnwritten && !at.Shard.NeedsRestart && at.SeekTo is null));
            if (done && _owners.Count == InputPartitions + GroupPartitions)
            {
                return;
            }
        }

        _violations.Add("I10: no end within 400 rounds after healing");
    }

    private void ProcessQuietly(SimulatedShard at)
    {
        Shard shard = at.Shard;
        if (shard.IsDropped)
        {
            return;
        }

        if (shard.NeedsRestart && shard.CommitsInFlight == 0)
        {
            shard.Restart();
        }

        if (at.SeekTo is { } offset)
        {
            at.SeekTo = null;
            at.HasItsPlace = false;
            at.ReadFrom = offset;
            shard.Sought();
        }

        using RecordBatch batch = _log.Read(shard.Partition, at.ReadFrom, 1000);
        at.ReadFrom += batch.Count;
        at.HasItsPlace |= batch.Count > 0;
        shard.Process(batch, _nowInMs);
        shard.Tick(_nowInMs, hasTimeToSpare: true, applyingShare: 0.1);
        if (batch.Count == 0)
        {
            shard.WriteAll(_nowInMs);
        }
    }

    private void Check()
    {
        foreach (Shard shard in _shards.Where(shard => shard.Counts.Missing > 0 && _sabotage == Sabotage.None))
        {
            _violations.Add($"I8: {shard.Partition} took {shard.Counts.Missing} records for missing that the log has");
        }

        Dictionary<string, long> groups = [];
        foreach ((string meter, long expected) in _expectedSums)
        {
            TallyActor? actor = Stored(1, meter, InputPartitions);
            if (actor?.Sum != expected || actor.Count != _expectedCounts[meter])
            {
                _violations.Add($"I1: {meter} has {actor?.Sum} in {actor?.Count}, expected {expected} in {_expectedCounts[meter]}");
            }

            if (actor is not null && actor.Decisions != actor.Count / 5)
            {
                _violations.Add($"I1: {meter} decided {actor.Decisions} times, expected {actor.Count / 5}");
            }

            string group = "group-" + meter[^1];
            groups[group] = groups.GetValueOrDefault(group) + expected;
        }

        foreach ((string group, long expected) in groups)
        {
            TallyActor? actor = Stored(2, group, GroupPartitions);
            if (actor?.Sum != expected)
            {
                _violations.Add($"I4: {group} has {actor?.Sum}, expected {expected}");
            }
        }

        CheckResults();
        int deadLetters = _log.All("city.dead-letters").Select(record => record.Header("ce_id")).Distinct().Count();
        if (deadLetters != _expectedDeadLetters || _store.Count("dead-letters") != _expectedDeadLetters)
        {
            _violations.Add($"I8: {deadLetters} dead letters published, {_store.Count("dead-letters")} stored, expected {_expectedDeadLetters}");
        }
    }

    /// <summary>Every decision is there, the same each time it is there, and first appears in order.</summary>
    private void CheckResults()
    {
        Dictionary<string, string> seen = [];
        Dictionary<string, long> last = [];
        foreach (SimulatedRecord record in _log.All("results"))
        {
            string id = record.Header("ce_id")!;
            if (seen.TryGetValue(id, out string? text))
            {
                if (text != record.Text)
                {
                    _violations.Add($"I5: {id} was published as {text} and as {record.Text}");
                }

                continue;
            }

            seen[id] = record.Text;
            string actor = id[..id.LastIndexOf('/')];
            long number = long.Parse(id[(actor.Length + 1)..], CultureInfo.InvariantCulture);
            if (number != last.GetValueOrDefault(actor) + 1)
            {
                _violations.Add($"I6: {id} came after decision {last.GetValueOrDefault(actor)}");
            }

            last[actor] = number;
        }

        foreach ((string meter, long count) in _expectedCounts)
        {
            if (last.GetValueOrDefault("meters/" + meter) != count / 5)
            {
                _violations.Add($"I5: {meter} published {last.GetValueOrDefault("meters/" + meter)} decisions, expected {count / 5}");
            }
        }
    }

    private TallyActor? Stored(byte kind, string key, int partitions)
    {
        ShardId shard = new(kind, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), partitions));
        foreach (StoredActor stored in _store.Load(shard, [key]))
        {
            SnapshotEnvelope.Read(stored.Snapshot, out ReadOnlySpan<byte> state);
            return new TallyKind(kind, "", null).Restore(key, state);
        }

        return null;
    }
}

internal sealed class SimulatedShard(Shard shard, long readFrom)
{
    public Shard Shard { get; } = shard;

    public long ReadFrom = readFrom;
    public long? SeekTo;

    /// <summary>Has read since it was last told where; only then can it lose its place.</summary>
    public bool HasItsPlace;
}

internal sealed class SimulatedNode
{
    private static int s_number;

    public int Number { get; } = Interlocked.Increment(ref s_number);

    public List<SimulatedShard> Shards { get; } = [];

    public Queue<PostedCommit> Posted { get; } = new();

    public List<(Shard Shard, OutboxChunk Chunk)> ToPublish { get; } = [];

    public void Attach(Shard shard, long readFrom)
    {
        Detach(shard.Partition);
        Shards.Add(new SimulatedShard(shard, readFrom));
    }

    public void Detach(InboxPartition partition) => Shards.RemoveAll(at => at.Shard.Partition == partition);

    public Shard? ShardOf(InboxPartition partition) => Shards.Find(at => at.Shard.Partition == partition)?.Shard;

    public void Seek(Shard shard, long offset)
    {
        foreach (SimulatedShard at in Shards.Where(at => at.Shard == shard))
        {
            at.SeekTo = offset;
        }
    }
}
