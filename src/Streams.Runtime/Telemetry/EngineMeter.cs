using System.Diagnostics.Metrics;
using Streams.Runtime.Hosting;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Telemetry;

/// <summary>
/// What an engine counts and times, as instruments of one meter. What is counted anyway is looked at when somebody asks; only what takes its time is recorded
/// as it happens, once a batch, a transaction or a decision and never once a reading. Labels are bounded: kinds, lanes, topics, reasons, this node's shards.
/// </summary>
/// <remarks>Each with its meaning and when to worry: docs/operating.md, "Figures and logs".</remarks>
public sealed class EngineMeter : IDisposable
{
    public const string Name = "Streams.Runtime";

    private static readonly InstrumentAdvice<double> s_times = new()
    {
        HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    };

    private static readonly InstrumentAdvice<long> s_counts = new() { HistogramBucketBoundaries = [1, 4, 16, 64, 256, 1024, 4096, 16384] };

    private readonly Histogram<long> _batchRecords;
    private readonly Histogram<double> _batchApply;
    private readonly Histogram<double> _transaction;
    private readonly Histogram<double> _decisionStored;
    private readonly Histogram<double> _decisionPublished;
    private readonly Histogram<double> _decisionLatency;
    private readonly Histogram<double> _claim;
    private readonly Histogram<double> _handoverGap;
    private readonly Counter<long> _fenced;

    internal EngineMeter()
    {
        // Named for this engine: a process may run several, and each is asked for its own.
        Meter = new Meter(new MeterOptions(Name) { Scope = this });
        _batchRecords = Meter.CreateHistogram("streams.batch.records", "", "Records handed to a shard together.", null, s_counts);
        _batchApply = Times("streams.batch.apply", "Time a shard takes for such a batch.");
        _transaction = Times("streams.transaction", "Time of one transaction in the store, attempts while it was away included.");
        _decisionStored = Times("streams.decision.stored", "From a decision to its being in the store.");
        _decisionPublished = Times("streams.decision.published", "From a decision to its having been delivered to Kafka.");
        _decisionLatency = Times("streams.decision.latency", "From the timestamp of the record that decided to the delivery of what was decided, by topic; for an alert, of the device's reading.");
        _claim = Times("streams.claim", "Time to claim a shard: its end asked, its epoch raised, its outbox loaded.");
        _handoverGap = Times("streams.handover.gap", "Time nobody worked on a shard that came to this node from another.");
        _fenced = Meter.CreateCounter<long>("streams.shards.fenced", "", "Shards dropped because another node had claimed them.");

        // A counter that is not there before the first time can not be seen to rise.
        _fenced.Add(0);
    }

    /// <summary>For whoever listens to this engine and to no other.</summary>
    public Meter Meter { get; }

    /// <summary>What this engine's shards did since its start.</summary>
    internal ShardLedger Ledger { get; } = new();

    /// <summary>A shard works here again that another node had before.</summary>
    /// <param name="isDrained">The other node gave it back in order; otherwise it was lost.</param>
    public void HandedOver(TimeSpan gap, bool isDrained) =>
        _handoverGap.Record(gap.TotalSeconds, new KeyValuePair<string, object?>("how", isDrained ? "drained" : "lost"));

    public void Dispose() => Meter.Dispose();

    internal void Batch(int records, TimeSpan applying)
    {
        _batchRecords.Record(records);
        _batchApply.Record(applying.TotalSeconds);
    }

    internal void Transaction(TimeSpan time) => _transaction.Record(time.TotalSeconds);

    internal void DecisionStored(TimeSpan time) => _decisionStored.Record(time.TotalSeconds);

    internal void DecisionPublished(TimeSpan time) => _decisionPublished.Record(time.TotalSeconds);

    internal void DecisionDelivered(string topic, TimeSpan sinceOrigin) =>
        _decisionLatency.Record(Math.Max(0, sinceOrigin.TotalSeconds), new KeyValuePair<string, object?>("topic", topic));

    internal void Claimed(TimeSpan time) => _claim.Record(time.TotalSeconds);

    internal void Fenced() => _fenced.Add(1);

    /// <summary>Instruments over what the engine's parts count.</summary>
    internal void Watch(Engine engine, Worker[] workers, CommitWriter[] writers, Publisher publisher, TimeProvider time)
    {
        Counts("streams.records.applied", "", "Records applied by actors.", counts => counts.Applied);
        Counts("streams.records.replayed", "", "Records read again after a restart and skipped, because their actor had them.", counts => counts.Replayed);
        Counts("streams.records.repeated", "", "Records that were known already and changed nothing.", counts => counts.Repeats);
        Counts("streams.records.misrouted", "", "Records forwarded to the partition of their key.", counts => counts.Misrouted);
        Counts("streams.records.missing", "", "Records that were gone from the log before they were read.", counts => counts.Missing);
        Counts("streams.decisions", "", "Decisions that were written at once.", counts => counts.Decisions);
        Counts("streams.timers.woken", "", "Actors woken at their time.", counts => counts.Woken);
        Counts("streams.actors.passivated", "", "Actors that left memory because it was short.", counts => counts.Passivated);
        Counts("streams.actors.loaded", "", "Actors that came into memory from the store.", counts => counts.Loaded);
        Counts("streams.actors.loading", "s", "Time spent waiting for actors from the store.", counts => counts.Loading.TotalSeconds);
        Counts("streams.shard.restarts", "", "Shards put back to their last commit because an actor threw.", counts => counts.Restarts);
        Meter.CreateObservableCounter("streams.records.refused", () => engine.RefusedByReason.Select(pair => Of(pair.Value, "reason", pair.Key)), "", "Records refused to the dead letters.");
        Meter.CreateObservableCounter("streams.records.published", () => publisher.Lanes.Select(lane => Of(lane.Published, "lane", NameOf(lane.Lane))), "", "Records handed to Kafka's client to be published.");
        Meter.CreateObservableCounter("streams.records.given_up", () => publisher.GivenUp, "", "Outgoing records that Kafka refused for good.");
        Meter.CreateObservableCounter("streams.transactions", () => engine.Transactions, "", "Transactions committed to the store.");
        Meter.CreateObservableCounter("streams.actors.written", () => writers.Sum(writer => writer.ActorsWritten), "", "Actors written to the store.");
        Meter.CreateObservableCounter("streams.store.written", () => writers.Sum(writer => writer.BytesWritten), "By", "Bytes handed to the store in transactions.");

        Shards("streams.actors", "", "Actors in memory.", (long sum, Shard shard) => sum + shard.ActorsInMemory);
        Shards("streams.actors.memory", "By", "Memory that actors take, estimated.", (long sum, Shard shard) => sum + shard.MemoryInBytes);
        Shards("streams.shards", "", "Shards this node has.", (long sum, Shard _) => sum + 1);
        Each<long>("streams.shard.lag.records", "", "Records of the inbox not yet applied, for the shards of this node.", shard => shard.Lag);
        Each<double>("streams.shard.lag", "s", "How long the oldest record not yet applied has been in the log, at most.", shard => shard.LagAt(time.GetUtcNow().ToUnixTimeMilliseconds())?.TotalSeconds);
        Each<long>("streams.shard.epoch", "", "Epoch of each shard of this node.", shard => shard.Epoch);
        Meter.CreateObservableGauge("streams.shards.broken", () => engine.Broken.Count, "", "Shards assigned to this node that it can not work on.");
        Meter.CreateObservableGauge("streams.busy.ratio", () => engine.BusyShare, "", "Share of the workers' time spent working, lately.");
        Meter.CreateObservableGauge("streams.store.away", () => writers.Max(writer => writer.AwayFor.TotalSeconds), "s", "How long the store has not taken commits; 0 while it does.");
        Meter.CreateObservableGauge("streams.queue.intake", () => Intakes(workers), "By", "Records waiting for a worker.");
        Meter.CreateObservableGauge("streams.queue.commits", () => writers.Sum(writer => writer.QueuedInBytes), "By", "Commits waiting for the store.");
        Meter.CreateObservableGauge("streams.outbox.backlog", () => publisher.Lanes.Select(lane => Of(lane.BacklogInBytes, "lane", NameOf(lane.Lane))), "By", "Committed and not yet delivered to Kafka.");
        Meter.CreateObservableGauge("streams.outbox.oldest", () => publisher.Lanes.Select(lane => Of(lane.OldestFor.TotalSeconds, "lane", NameOf(lane.Lane))), "s", "How long the oldest of that has been waiting.");

        void Counts<T>(string name, string unit, string what, Func<ShardCounts, T> value)
            where T : struct =>
            Meter.CreateObservableCounter(name, () => Ledger.Sum().Select(pair => Of(value(pair.Value), "kind", pair.Key)), unit, what);

        void Shards(string name, string unit, string what, Func<long, Shard, long> add) =>
            Meter.CreateObservableGauge(
                name,
                () => engine.Kinds.Select(kind => Of(engine.Shards.Where(each => each.Kind == kind).Aggregate(0L, (sum, each) => add(sum, each.Shard)), "kind", kind.Name)),
                unit,
                what);

        void Each<T>(string name, string unit, string what, Func<Shard, T?> value)
            where T : struct =>
            Meter.CreateObservableGauge(
                name,
                () => engine.Shards.Where(each => value(each.Shard) is not null)
                    .Select(each => new Measurement<T>(value(each.Shard)!.Value, new("kind", each.Kind.Name), new("partition", each.Id.Partition))),
                unit,
                what);
    }

    private static IEnumerable<Measurement<long>> Intakes(Worker[] workers) =>
    [
        Of(workers.Sum(worker => worker.IntakeOf(isInner: true).WaitingInBytes), "intake", "inner"),
        Of(workers.Sum(worker => worker.IntakeOf(isInner: false).WaitingInBytes), "intake", "outer"),
    ];

    private static string NameOf(Lane lane) => lane == Lane.Urgent ? "urgent" : "bulk";

    private static Measurement<T> Of<T>(T value, string label, string of)
        where T : struct => new(value, new KeyValuePair<string, object?>(label, of));

    private Histogram<double> Times(string name, string what) => Meter.CreateHistogram(name, "s", what, null, s_times);
}
