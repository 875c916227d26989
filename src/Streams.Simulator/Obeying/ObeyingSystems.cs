using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Domain.Dispatch;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Simulator.Obeying;

/// <summary>What the systems live by and act on.</summary>
public interface ICityLife
{
    /// <summary>The city's time, Unix milliseconds.</summary>
    long NowInMs { get; }

    /// <summary>Lets show what was done. Told of one command twice, it counts once.</summary>
    void Act(Deed deed);
}

/// <summary>Where the systems hear and answer, and how they begin.</summary>
/// <param name="Commands">Full name of the topic.</param>
/// <param name="Results">Full name of the topic.</param>
/// <param name="FromTheBeginning">Of a log that they have never read: true reads all that it holds, false only what comes from now on.</param>
public sealed record SystemsPlan(string Commands, string Results, bool FromTheBeginning)
{
    /// <summary>Where they remember themselves; null for nowhere.</summary>
    public string? Folder { get; init; }
}

/// <summary>
/// Runs an <see cref="ObeyingCity"/> on Kafka: reads commands, sends answers, lets deeds show. Position and commands under way are remembered together, and only when their answers were
/// sent: after a stop at any moment a command is read again or goes on, and is obeyed once.
/// </summary>
public sealed partial class ObeyingSystems
{
    /// <summary>Cities that share a Kafka share no group: each has to hear everything, and heeds its own.</summary>
    private const string Group = "streams-city-systems-";

    private static readonly TimeSpan PollFor = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan FlushWithin = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AgainAfter = TimeSpan.FromSeconds(2);

    private readonly ILog _log;
    private readonly SystemsPlan _plan;
    private readonly ObeyingCity _city;
    private readonly string _name;
    private readonly ulong _seed;
    private readonly ICityLife _life;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<int, long> _positions = [];
    private readonly Queue<SystemAnswer> _unsent = [];
    private readonly byte[] _source;
    private string _incarnation;

    /// <summary>Of partitions that have no position yet.</summary>
    private bool _readsAll = true;
    private bool _changed;
    private long _savedAt;
    private string? _trouble;

    /// <param name="before">What they remember; null for new ones.</param>
    public ObeyingSystems(ILog log, SystemsPlan plan, Domain.Cities.City city, IEnumerable<SystemKind> systems, ulong seed, ICityLife life, SystemsMemory? before, TimeProvider time, ILogger logger)
    {
        (_log, _plan, _name, _seed, _life, _time, _logger) = (log, plan, city.Name, seed, life, time, logger);
        _city = new ObeyingCity(city, systems, seed, before?.State);
        _incarnation = before?.Incarnation ?? "";
        foreach ((int partition, long next) in before?.Positions ?? new Dictionary<int, long>())
        {
            _positions[partition] = next;
        }

        _source = Encoding.UTF8.GetBytes("/city-systems/" + city.Name);
        _savedAt = time.GetTimestamp();
    }

    /// <summary>Obeys until <paramref name="stop"/> is cancelled. While Kafka is away it tries again and again.</summary>
    public Task RunAsync(CancellationToken stop) => Task.Factory.StartNew(() => Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Run(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Serve(stop);
            }
            catch (LogFailedException failure)
            {
                if (failure.Message != _trouble)
                {
                    _trouble = failure.Message;
                    LogAway(_logger, _name, failure.Message);
                }

                stop.WaitHandle.WaitOne(AgainAfter);
            }
        }

        Save();
    }

    private void Serve(CancellationToken stop)
    {
        using ILogReader reader = _log.CreateReader(Group + _name);
        int partitions = _log.PartitionsOf(_plan.Results);
        if (_log.Incarnation is var incarnation && incarnation != _incarnation)
        {
            // Of a log that took another's place everything is new; of the first one, what the plan says.
            _readsAll = _plan.FromTheBeginning || _incarnation.Length > 0;
            _positions.Clear();
            (_incarnation, _changed) = (incarnation, true);
        }

        Read(reader, partitions, stop);
    }

    private void Read(ILogReader reader, int partitions, CancellationToken stop)
    {
        using ILogWriter writer = _log.CreateWriter("city-systems-" + _name, lingerInMs: 0);
        var assignment = new Assignment(reader, _positions, _readsAll);
        reader.Subscribe([_plan.Commands], assignment);
        List<RecordBatch> batches = [];
        while (!stop.IsCancellationRequested)
        {
            batches.Clear();
            reader.Poll(PollFor, batches);
            foreach (RecordBatch batch in batches)
            {
                using (batch)
                {
                    if (assignment.Has(batch.Partition))
                    {
                        Read(batch);
                        reader.Report(batch.Partition, _positions[batch.Partition.Partition]);
                    }
                }
            }

            _changed |= assignment.TakeChanged();
            _city.Advance(_life.NowInMs);
            Act();
            Send(writer, partitions);
            _trouble = null;
            if (_changed && _time.GetElapsedTime(_savedAt) >= SaveEvery)
            {
                Save();
            }
        }
    }

    private void Read(RecordBatch batch)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            Record record = batch[i];
            if (record.Offset >= _positions[batch.Partition.Partition])
            {
                Hear(record);
                _positions[batch.Partition.Partition] = record.Offset + 1;
                _changed = true;
            }
        }
    }

    private void Hear(Record record)
    {
        // Its key comes back with each answer.
        const int LongestKey = 1000;
        Command? command = CommandJson.Read(record.Value, out string? fault);
        if (record.Key.Length > LongestKey)
        {
            LogNoCommand(_logger, record.Batch.Partition, record.Offset, $"its key is {record.Key.Length} bytes long; at most {LongestKey}");
            return;
        }

        string key = record.Key.IsEmpty ? command?.Key ?? "" : Encoding.UTF8.GetString(record.Key);
        if (command is not null)
        {
            _city.Receive(command, key, _life.NowInMs, _time.GetUtcNow().ToUnixTimeMilliseconds());
        }
        else if (key.StartsWith(_name + "/", StringComparison.Ordinal))
        {
            // Whoever gave it has to know, where it can be found out which one it was.
            LogNoCommand(_logger, record.Batch.Partition, record.Offset, fault!);
            if (IdOf(record.Value) is { } id)
            {
                _city.Refuse(id, key, fault!, _life.NowInMs);
            }
        }
    }

    private static string? IdOf(ReadOnlySpan<byte> value)
    {
        if (value.Length > CommandJson.MostBytes)
        {
            return null;
        }

        try
        {
            Utf8JsonReader json = new(value);
            using JsonDocument document = JsonDocument.ParseValue(ref json);
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("commandId", out JsonElement id) && id.ValueKind == JsonValueKind.String
                && id.GetString() is { Length: > 0 and <= 300 } text ? text : null;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private void Act()
    {
        foreach (Deed deed in _city.TakeDeeds())
        {
            _life.Act(deed);
        }

        foreach (SystemAnswer answer in _city.TakeAnswers())
        {
            _unsent.Enqueue(answer);
            _changed = true;
        }
    }

    /// <summary>All that waits, in its order. What fails goes again through the next writer; whoever hears it twice knows by its event's id.</summary>
    private void Send(ILogWriter writer, int partitions)
    {
        if (_unsent.Count == 0)
        {
            return;
        }

        var deliveries = new Deliveries();
        foreach (SystemAnswer answer in _unsent)
        {
            // The city's time may be another day; whoever waits for the answer lives now.
            CommandResult result = answer.Result with { TimeInMs = _time.GetUtcNow().ToUnixTimeMilliseconds() };
            ArrayBufferWriter<byte> value = new(), headers = new();
            CommandJson.Write(value, result);
            WriteHeaders(headers, result, answer.Key);
            byte[] key = Encoding.UTF8.GetBytes(answer.Key);
            writer.Send(new OutgoingRecord { Topic = _plan.Results, Partition = Partitioner.PartitionOf(key, partitions), Key = key, Value = value.WrittenSpan, Headers = headers.WrittenSpan }, deliveries);
        }

        if (!writer.Flush(FlushWithin) || deliveries.Failure is not null)
        {
            throw new LogFailedException(deliveries.Failure ?? $"Kafka did not acknowledge {_unsent.Count} answers within {FlushWithin.TotalSeconds:0} s.");
        }

        _unsent.Clear();
    }

    private void WriteHeaders(ArrayBufferWriter<byte> block, CommandResult result, string key)
    {
        Span<byte> time = stackalloc byte[32];
        HeaderBlock.Begin(block, 7);
        HeaderBlock.Add(block, "ce_specversion"u8, "1.0"u8);
        HeaderBlock.Add(block, "ce_id"u8, Encoding.UTF8.GetBytes($"{result.CommandId}/{result.Status.ToString().ToLowerInvariant()}"));
        HeaderBlock.Add(block, "ce_source"u8, _source);
        HeaderBlock.Add(block, "ce_type"u8, "streams.command.result"u8);
        HeaderBlock.Add(block, "ce_subject"u8, Encoding.UTF8.GetBytes(key));
        HeaderBlock.Add(block, "ce_time"u8, CloudEvents.WriteTime(result.TimeInMs, time));
        HeaderBlock.Add(block, "content-type"u8, "application/json"u8);
    }

    private void Save()
    {
        _savedAt = _time.GetTimestamp();

        // While answers wait, what is remembered stays that of before: then they would be given again.
        if (_plan.Folder is null || !_changed || _unsent.Count > 0)
        {
            return;
        }

        try
        {
            SystemsMemoryFile.Write(_plan.Folder, new SystemsMemory(_name, _seed, _incarnation, new Dictionary<int, long>(_positions), _city.State()));
            _changed = false;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            LogForgetful(_logger, _name, failure.Message);
        }
    }

    /// <summary>Which partitions are this member's, and where each is to be read on.</summary>
    private sealed class Assignment(ILogReader reader, Dictionary<int, long> positions, bool fromTheBeginning) : IAssignmentListener
    {
        private readonly HashSet<InboxPartition> _own = [];
        private bool _changed;

        public bool Has(InboxPartition partition) => _own.Contains(partition);

        public bool TakeChanged()
        {
            bool changed = _changed;
            _changed = false;
            return changed;
        }

        public IReadOnlyList<long> Assigned(IReadOnlyList<InboxPartition> partitions)
        {
            List<long> from = [];
            foreach (InboxPartition partition in partitions)
            {
                LogMarks marks = reader.MarksOf(partition);

                // What was read and is gone, with what came after it: the log was cut.
                long next = !positions.TryGetValue(partition.Partition, out long stored) ? (fromTheBeginning ? marks.Low : marks.High)
                    : stored > marks.High ? marks.Low : Math.Max(stored, marks.Low);
                _changed |= stored != next || !positions.ContainsKey(partition.Partition);
                positions[partition.Partition] = next;
                from.Add(next);
                _own.Add(partition);
            }

            return from;
        }

        public void Revoked(IReadOnlyList<InboxPartition> partitions) => _own.ExceptWith(partitions);

        public void Lost(IReadOnlyList<InboxPartition> partitions) => _own.ExceptWith(partitions);
    }

    private sealed class Deliveries : IDelivery
    {
        private volatile string? _failure;

        public string? Failure => _failure;

        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => _failure ??= reason;
    }

    [LoggerMessage(3101, LogLevel.Warning, "The systems of {City} are cut off from Kafka: {Reason} They try again, and go on where they were.")]
    private static partial void LogAway(ILogger logger, string city, string reason);

    [LoggerMessage(3102, LogLevel.Warning, "{Partition}: the record at offset {Offset} is no command: {Fault}. It is passed over; where it has an id, it is rejected.")]
    private static partial void LogNoCommand(ILogger logger, InboxPartition partition, long offset, string fault);

    [LoggerMessage(3103, LogLevel.Warning, "The systems of {City} can not remember how far they are: {Reason} They try again; after a stop now they would do some things anew.")]
    private static partial void LogForgetful(ILogger logger, string city, string reason);
}
