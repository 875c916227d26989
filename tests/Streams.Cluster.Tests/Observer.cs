using System.Text;
using System.Text.Json;
using Streams.Runtime.Log;

namespace Streams.Cluster.Tests;

/// <summary>A published record as a subscriber has it.</summary>
/// <param name="Id">CloudEvents id: the decision's.</param>
internal sealed record Published(string Topic, string Key, string Id, string Text, long TimestampInMs)
{
    /// <summary>Not for dead letters: their value is the refused input, whatever that is.</summary>
    public JsonElement Json => Parse(Text);

    /// <summary>Readings in each device's minutes as last revised, by device and the minute's start.</summary>
    public static Dictionary<string, Dictionary<long, int>> MinutesOf(IEnumerable<Published> aggregates)
    {
        Dictionary<string, Dictionary<long, int>> minutes = [];
        foreach (JsonElement aggregate in aggregates.Select(each => each.Json))
        {
            string[] subject = aggregate.GetProperty("subject").GetString()!.Split(':', 2);
            JsonElement window = aggregate.GetProperty("window");
            if (subject[0] == "device" && window.GetProperty("size").GetString() == "PT1M")
            {
                minutes.TryAdd(subject[1], []);

                // Revisions of a window come in order, and each holds all that came before it.
                minutes[subject[1]][window.GetProperty("start").GetDateTimeOffset().ToUnixTimeMilliseconds()] = aggregate.GetProperty("count").GetInt32();
            }
        }

        return minutes;
    }

    private static JsonElement Parse(string text)
    {
        using JsonDocument json = JsonDocument.Parse(text);
        return json.RootElement.Clone();
    }
}

/// <summary>Subscribes to what the cluster publishes and keeps all of it, each topic's records in the order they came.</summary>
internal sealed class Observer : IDisposable, IAssignmentListener
{
    private readonly ILogReader _reader;
    private readonly Thread _thread;
    private readonly Lock _gate = new();
    private readonly List<Published> _records = [];
    private volatile bool _stop;

    public Observer(ILog log, params string[] topics)
    {
        _reader = log.CreateReader("observer");
        _reader.Subscribe(topics, this);
        _thread = new Thread(Listen) { IsBackground = true, Name = "observer" };
        _thread.Start();
    }

    public List<Published> Of(string topic)
    {
        lock (_gate)
        {
            return [.. _records.Where(record => record.Topic == topic)];
        }
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    IReadOnlyList<long> IAssignmentListener.Assigned(IReadOnlyList<InboxPartition> partitions) => [.. partitions.Select(_ => 0L)];

    void IAssignmentListener.Revoked(IReadOnlyList<InboxPartition> partitions)
    {
    }

    void IAssignmentListener.Lost(IReadOnlyList<InboxPartition> partitions)
    {
    }

    private void Listen()
    {
        using (_reader)
        {
            List<RecordBatch> batches = [];
            while (!_stop)
            {
                batches.Clear();
                _reader.Poll(TimeSpan.FromMilliseconds(100), batches);
                lock (_gate)
                {
                    batches.ForEach(Keep);
                }
            }
        }
    }

    private void Keep(RecordBatch batch)
    {
        using (batch)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                string id = batch.TryGetHeader(i, "ce_id"u8, out ReadOnlySpan<byte> given) ? Encoding.UTF8.GetString(given) : "";
                _records.Add(new Published(
                    batch.Partition.Topic, Encoding.UTF8.GetString(batch.KeyAt(i)), id, Encoding.UTF8.GetString(batch.ValueAt(i)), batch.TimestampAt(i)));
            }
        }
    }
}
