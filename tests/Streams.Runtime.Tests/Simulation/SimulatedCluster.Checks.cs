using System.Globalization;
using System.Text;
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
        foreach ((string meter, long expected) in _expectedSums)
        {
            TallyActor? actor = Stored(1, meter, InputPartitions);
            if (actor?.Sum != expected || actor.Count != _expectedCounts[meter])
            {
                _violations.Add($"I1: {meter} has {actor?.Sum} in {actor?.Count}, expected {expected} in {_expectedCounts[meter]}");
            }

            if (actor is not null)
            {
                CheckSilences(1, meter, PartitionOf("meters", meter), actor);
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

            if (actor is not null)
            {
                CheckSilences(2, group, PartitionOf("groups", group), actor);
            }
        }

        CheckResults();
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
    private void CheckSilences(byte kind, string key, InboxPartition partition, TallyActor actor)
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
        if (actor.Silences != silences)
        {
            _violations.Add($"I9: {key} noted {actor.Silences} silences, expected {silences}");
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
        Count("actors passivated", (int)_shards.Sum(shard => shard.Counts.Passivated));
        Count("shards restarted", (int)_shards.Sum(shard => shard.Counts.Restarts));
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
