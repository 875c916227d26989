using System.Globalization;
using System.Text;
using Streams.Chaos.Checks;
using Streams.Chaos.Load;
using Streams.Domain.Readings;
using Streams.Node.Actors;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Chaos.Truth;

/// <summary>A refused record, as its dead letter has to tell of it.</summary>
internal sealed record Refused(string Reason, string Field, UInt128 Print);

/// <summary>
/// The city as one thread would have it: applies the readings that the log holds, each partition's in order, with the domain's own code. There
/// is no crash, no commit and no repeat here, so what comes out is what must come out of the cluster. Beacons' readings are kept: their
/// silences depend on the clock, and are gone through at the end.
/// </summary>
internal sealed class CityModel(DeviceKind kind, int partitions, Func<string, bool> isKept)
{
    private readonly DeviceKind _kind = (DeviceKind)kind.ForShard();
    private readonly Reading _reading = new();
    private readonly Dictionary<string, int> _misroutedByPrint = [];
    private readonly Dictionary<string, HashSet<(int, long)>> _forwardedByPrint = [];

    public Dictionary<string, ModelDevice> Devices { get; } = new(StringComparer.Ordinal);

    /// <summary>Readings of devices that are gone through at the end, in the log's order.</summary>
    public Dictionary<string, List<KeptRecord>> Kept { get; } = new(StringComparer.Ordinal);

    /// <summary>By topic, partition and offset: <c>city.readings-3-4711</c>.</summary>
    public Dictionary<string, Refused> Refusals { get; } = new(StringComparer.Ordinal);

    public SortedDictionary<string, long> RefusedByReason { get; } = new(StringComparer.Ordinal);

    public long Readings { get; private set; }

    public long Accepted { get; private set; }

    public long Repeats { get; private set; }

    public long Misrouted { get; private set; }

    public long ForwardedRepeats { get; private set; }

    public void Apply(RecordBatch batch, int index)
    {
        Record record = batch[index];
        Readings++;
        if (!_kind.Admit(record, _reading, record.TimestampInMs))
        {
            Refuse(record);
            return;
        }

        byte[] key = _kind.KeyOf(_reading).ToArray();
        if (Partitioner.PartitionOf(key, partitions) != batch.Partition.Partition)
        {
            Misrouted++;
            string print = Print(record);
            _misroutedByPrint[print] = _misroutedByPrint.GetValueOrDefault(print) + 1;
            return;
        }

        string id = Encoding.UTF8.GetString(key);
        if (id is TestCity.Throwing or TestCity.Deadly)
        {
            Refuse(record, id == TestCity.Throwing ? "actor_failed" : "process_killed", "");
            return;
        }

        if (isKept(id))
        {
            if (!Kept.TryGetValue(id, out List<KeptRecord>? kept))
            {
                Kept[id] = kept = [];
            }

            kept.Add(new KeptRecord(batch, index));
            return;
        }

        Apply(DeviceOf(id), record, batch, index);
    }

    /// <summary>A kept reading's turn.</summary>
    public void Apply(ModelDevice device, KeptRecord kept)
    {
        if (!_kind.Admit(kept[0], _reading, kept.TimestampAt(0)))
        {
            throw new InvalidOperationException("A kept reading was admitted once and is no more.");
        }

        Apply(device, kept[0], kept, 0);
    }

    public int PartitionOf(string id) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(id), partitions);

    public ModelDevice DeviceOf(string id)
    {
        if (!Devices.TryGetValue(id, out ModelDevice? device))
        {
            Devices[id] = device = new ModelDevice(id);
        }

        return device;
    }

    /// <summary>Each record that lay in a wrong partition was forwarded as one record, however often that one was published.</summary>
    public void CheckForwarding(Violations violations)
    {
        foreach ((string print, int count) in _misroutedByPrint)
        {
            int forwarded = _forwardedByPrint.GetValueOrDefault(print)?.Count ?? 0;
            if (forwarded != count)
            {
                violations.Add("I4", "misrouted record", $"forwarded {forwarded} times", $"{count} times", print);
            }
        }

        foreach (string print in _forwardedByPrint.Keys.Where(print => !_misroutedByPrint.ContainsKey(print)).Take(5))
        {
            violations.Add("I4", "forwarded record", "forwarded", "nothing like it lay in a wrong partition", print);
        }
    }

    private void Apply(ModelDevice device, in Record record, RecordBatch batch, int index)
    {
        if (batch.TryGetHeader(index, SourceHeader.NameUtf8, out ReadOnlySpan<byte> header) && SourceHeader.TryRead(header, out SourceHeader source))
        {
            string print = Print(record);
            if (!_forwardedByPrint.TryGetValue(print, out HashSet<(int, long)>? forwarded))
            {
                _forwardedByPrint[print] = forwarded = [];
            }

            forwarded.Add((source.Source, source.Number));
            if (!device.IsNew(source.Source, source.Number))
            {
                ForwardedRepeats++;
                return;
            }
        }

        device.AtOffset = record.Offset;
        device.AtTimeInMs = record.TimestampInMs;
        switch (_kind.Receive(device.Actor, _reading, record.TimestampInMs))
        {
            case Reaction.Refused:
                Refuse(record);
                break;
            case Reaction.Repeat:
                Repeats++;
                break;
            default:
                Accepted++;
                break;
        }

        device.Drain();
    }

    private void Refuse(in Record record) => Refuse(record, _kind.Refusal.Reason, _kind.Refusal.Field);

    private void Refuse(in Record record, string reason, string field)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{record.Batch.Partition.Topic}-{record.Batch.Partition.Partition}-{record.Offset}");
        Refusals[id] = new Refused(reason, field, Publications.Print(record.Key, record.Value));
        RefusedByReason[reason] = RefusedByReason.GetValueOrDefault(reason) + 1;
    }

    private static string Print(in Record record) => Publications.Print(default, record.Value).ToString("x32", CultureInfo.InvariantCulture);
}
