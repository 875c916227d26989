using System.Collections.Concurrent;
using System.Text.Json;
using Streams.Runtime.Log;

namespace Streams.Benchmarks.Latency;

/// <summary>Someone in the city who subscribes to anomalies, alerts and commands, and notes when each first had word of something.</summary>
internal sealed class Observer : IDisposable, IAssignmentListener
{
    private readonly ConcurrentDictionary<string, long> _anomalies = new();
    private readonly ConcurrentDictionary<string, long> _alerts = new();
    private readonly ILogReader _reader;
    private readonly ConcurrentDictionary<string, long> _commands = new();
    private readonly string _anomalyTopic;
    private readonly string _commandTopic;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _assigned = new();
    private volatile bool _stop;

    /// <summary>Returns when it listens.</summary>
    public Observer(ILog log, string anomalies, string alerts, string commands)
    {
        _anomalyTopic = anomalies;
        _commandTopic = commands;
        _reader = log.CreateReader("observer");
        _reader.Subscribe([anomalies, alerts, commands], this);
        _thread = new Thread(Listen) { Name = "observer", IsBackground = true };
        _thread.Start();
        if (!_assigned.Wait(TimeSpan.FromSeconds(30)))
        {
            throw new InvalidOperationException("The observer was not let into its group within 30 s.");
        }
    }

    public long? AnomalyOf(Crossing crossing) => _anomalies.TryGetValue(crossing.Device, out long at) ? at : null;

    public long? AlertOf(Crossing crossing) => _alerts.TryGetValue(crossing.Area, out long at) ? at : null;

    /// <summary>The first command that was given in the area.</summary>
    public long? CommandOf(Crossing crossing) => _commands.TryGetValue(crossing.Area, out long at) ? at : null;

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        _assigned.Dispose();
    }

    IReadOnlyList<long> IAssignmentListener.Assigned(IReadOnlyList<InboxPartition> partitions)
    {
        _assigned.Set();
        return [.. partitions.Select(_ => 0L)];
    }

    void IAssignmentListener.Revoked(IReadOnlyList<InboxPartition> partitions)
    {
    }

    void IAssignmentListener.Lost(IReadOnlyList<InboxPartition> partitions)
    {
    }

    private void Listen()
    {
        List<RecordBatch> batches = [];
        while (!_stop)
        {
            batches.Clear();
            _reader.Poll(TimeSpan.FromMilliseconds(100), batches);
            long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            foreach (RecordBatch batch in batches)
            {
                bool areAnomalies = batch.Partition.Topic == _anomalyTopic;
                for (int i = 0; i < batch.Count; i++)
                {
                    using JsonDocument json = JsonDocument.Parse(batch.ValueAt(i).ToArray());
                    JsonElement root = json.RootElement;
                    if (areAnomalies && root.GetProperty("kind").GetString() == "range" && root.GetProperty("state").GetString() == "raised")
                    {
                        _anomalies.TryAdd(root.GetProperty("deviceId").GetString()!, now);
                    }
                    else if (batch.Partition.Topic == _commandTopic)
                    {
                        _commands.TryAdd(root.GetProperty("place").GetString()!, now);
                    }
                    else if (!areAnomalies)
                    {
                        _alerts.TryAdd(root.GetProperty("area").GetString()!, now);
                    }
                }

                batch.Dispose();
            }
        }

        _reader.Dispose();
    }
}
