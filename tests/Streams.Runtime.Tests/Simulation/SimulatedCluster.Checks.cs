using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>What must be true in the end, reckoned from what was produced and from what the log holds.</summary>
internal sealed partial class SimulatedCluster
{
    private void Check()
    {
        CheckGaps();
        Dictionary<string, long> groups = [];
        Dictionary<string, long> decisions = [];
        foreach ((string meter, long expected) in _expectedSums)
        {
            List<(long Sum, long Count, long Decisions, long Silences)> lives = Lives(meter);
            (long sum, long count) = (lives.Sum(life => life.Sum), lives.Sum(life => life.Count));
            if (sum != expected || count != _expectedCounts[meter])
            {
                _violations.Add($"I1: {meter} has {sum} in {count}, expected {expected} in {_expectedCounts[meter]}");
            }

            CheckSilences(1, meter, PartitionOf("meters", meter), lives.Sum(life => life.Silences));
            if (lives.Any(life => life.Decisions != life.Count / 5))
            {
                _violations.Add($"I1: {meter} decided {string.Join(", ", lives)} times, expected a fifth of each count");
            }

            decisions[meter] = lives.Sum(life => life.Decisions);

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

            if (actor is not null)
            {
                CheckSilences(2, group, PartitionOf("groups", group), actor.Silences);
            }
        }

        CheckResults(decisions);
        int deadLetters = _log.All("city.dead-letters").Select(record => record.Header("ce_id")).Distinct().Count();
        if (deadLetters != _expectedDeadLetters || _store.Count("dead-letters") != _expectedDeadLetters)
        {
            _violations.Add($"I8: {deadLetters} dead letters published, {_store.Count("dead-letters")} stored, expected {_expectedDeadLetters}");
        }
    }

    /// <summary>What was taken for missing is not in the log, and all that is not in the log was noticed.</summary>
    private void CheckGaps()
    {
        long counted = _shards.Sum(shard => shard.Counts.Missing);
        if (counted != _gaps.Missing)
        {
            _violations.Add($"I8: {counted} offsets were counted as missing, {_gaps.Missing} were told");
        }

        foreach (InboxPartition partition in _owners.Keys)
        {
            for (int offset = 0; offset < _log[partition].Count; offset++)
            {
                bool isThere = _log[partition][offset] is not null;
                if (isThere == _gaps.Offsets.Contains((partition, offset)))
                {
                    _violations.Add($"I8: {partition} {(isThere ? "has" : "does not have")} offset {offset}, and it was {(isThere ? "" : "not ")}noted as missing");
                }
            }
        }
    }

    /// <summary>
    /// Each silence was noted once: as many as there are gaps in what the log holds for an actor, whoever read it when. One too many
    /// would be a false one, or one noted twice; one too few a lost one.
    /// </summary>
    private void CheckSilences(byte kind, string key, InboxPartition partition, long noted)
    {
        Dictionary<int, long> marks = [];
        long dueInMs = long.MaxValue;
        long silences = 0;
        foreach (SimulatedRecord record in _log[partition].OfType<SimulatedRecord>())
        {
            string[] parts = record.Text.Split('|');
            if (parts[0] != key || !long.TryParse(parts[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long amount) || IsRepeat(record, marks)
                || amount < 0 || (amount == 666 && kind == 1))
            {
                continue;
            }

            silences += record.TimestampInMs > dueInMs ? 1 : 0;
            dueInMs = record.TimestampInMs + SilenceInMs;
        }

        silences += dueInMs < long.MaxValue ? 1 : 0;
        if (noted != silences)
        {
            _violations.Add($"I9: {key} noted {noted} silences, expected {silences}");
        }
    }

    private static bool IsRepeat(SimulatedRecord record, Dictionary<int, long> marks)
    {
        byte[]? header = record.Headers.Where(header => header.Key == SourceHeader.Name).Select(header => header.Value).LastOrDefault();
        if (header is null || !SourceHeader.TryRead(header, out SourceHeader source))
        {
            return false;
        }

        bool isRepeat = source.Number <= marks.GetValueOrDefault(source.Source);
        marks[source.Source] = Math.Max(source.Number, marks.GetValueOrDefault(source.Source));
        return isRepeat;
    }

    private void CountUp()
    {
        Count("gaps noted", _gaps.Count);
        Count("actors woken", _wakings.All);
        Count("actors woken out of the store", _wakings.FromStore);
        Count("actors woken by a later owner", _wakings.ByLaterOwner);
        Count("actors that left", _wakings.Left);
        Count("actors that came again after they had left", _expectedCounts.Keys.Count(meter => Lives(meter).Count > 1));
        Count("actors passivated", (int)_shards.Sum(shard => shard.Counts.Passivated));
        Count("shards restarted", (int)_shards.Sum(shard => shard.Counts.Restarts));
    }

    /// <summary>Every decision is there, the same each time it is there, and first appears in order.</summary>
    private void CheckResults(Dictionary<string, long> decisions)
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

        ILookup<string, long> byMeter = last.Where(pair => pair.Key.StartsWith("meters/", StringComparison.Ordinal)).ToLookup(pair => pair.Key.Split('/')[1], pair => pair.Value);
        foreach ((string meter, long expected) in decisions)
        {
            if (byMeter[meter].Sum() != expected)
            {
                _violations.Add($"I5: {meter} published {byMeter[meter].Sum()} decisions, expected {expected}");
            }
        }
    }

    /// <summary>What a meter came to each time, until it left: and now, where it is there.</summary>
    private List<(long Sum, long Count, long Decisions, long Silences)> Lives(string meter)
    {
        List<(long, long, long, long)> lives = [];
        foreach (Document document in _store.Query(new DocumentQuery(TallyKind.Remains, Limit: 1000)).Where(document => document.Id.StartsWith(meter + "/", StringComparison.Ordinal)))
        {
            long[] remains = JsonSerializer.Deserialize<long[]>(document.Body.Span)!;
            lives.Add((remains[0], remains[1], remains[2], remains[3]));
        }

        if (Stored(1, meter, InputPartitions) is { } actor)
        {
            lives.Add((actor.Sum, actor.Count, actor.Decisions, actor.Silences));
        }

        return lives;
    }

    private InboxPartition PartitionOf(string topic, string key) => new(topic, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), _log.PartitionsOf(topic)));

    private TallyActor? Stored(byte kind, string key, int partitions)
    {
        ShardId shard = new(kind, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), partitions));
        foreach (StoredActor stored in _store.Load(shard, [key]))
        {
            SnapshotEnvelope.Read(stored.WithSections(_store, shard).Snapshot, out ReadOnlySpan<byte> state);
            return new TallyKind(kind, "", null).Restore(key, state);
        }

        return null;
    }
}
