using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Hosting;

/// <summary>
/// What this node tells the others through the store, and hears of them: that it is alive, where its API answers, and how long each shard stood still
/// that it took over. For operators and for requests that another node has to answer; who owns a shard does not rest on it. And it looks whether a shard of
/// this node was claimed by another: one that has nothing to commit is not told by the store.
/// </summary>
internal sealed partial class Presence : IDisposable
{
    private readonly EngineOptions _options;
    private readonly IStore _store;
    private readonly IReadOnlyList<Ownership> _ownerships;
    private readonly Func<NodeState> _state;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly string _process = Guid.NewGuid().ToString("N");
    private readonly DateTimeOffset _startedAt;
    private readonly ConditionalWeakTable<Shard, Shard> _reported = [];
    private readonly AutoResetEvent _now = new(false);
    private readonly Thread _thread;
    private volatile bool _stopping;
    private readonly EngineMeter _meter;
    private long _answeredAt;
    private bool _saidTwin;

    /// <param name="state">What the node is about, asked at each beat.</param>
    public Presence(EngineOptions options, IStore store, IReadOnlyList<Ownership> ownerships, Func<NodeState> state, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _options = options;
        _store = store;
        _ownerships = ownerships;
        _state = state;
        _meter = meter;
        _answeredAt = time.GetTimestamp();
        _time = time;
        _logger = logger;
        _startedAt = time.GetUtcNow();
        _thread = new Thread(Run) { Name = "streams-presence", IsBackground = true };
    }

    /// <summary>Where other nodes reach this one's API; empty as long as it has none.</summary>
    public string Url { get; set; } = "";

    /// <summary>All nodes as last heard of; empty before the first beat.</summary>
    public IReadOnlyList<NodeRow> Nodes { get; private set; } = [];

    /// <summary>How long the store has not answered a beat, whether it refuses or hangs.</summary>
    public TimeSpan SilentFor => _time.GetElapsedTime(Volatile.Read(ref _answeredAt));

    public void Start() => _thread.Start();

    /// <summary>Tells the others at once, not with the next beat.</summary>
    public void TellNow() => _now.Set();

    public void Dispose()
    {
        _stopping = true;
        _now.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _now.Dispose();
    }

    private void Run()
    {
        bool last;
        do
        {
            last = _stopping;
            try
            {
                ReportHandovers();
                FenceIdle();
                Beat(last ? NodeState.Left : _state());
            }
            catch (StoreUnavailableException)
            {
                // Who commits says so. The others take this node for lost meanwhile, which harms nobody.
            }

            if (!last)
            {
                _now.WaitOne(_options.BeatEvery);
            }
        }
        while (!last);
    }

    private void Beat(NodeState state)
    {
        NodeRow self = new(_options.Node, _process, Url, _options.Version, state, _store.SchemaVersion, _startedAt);
        NodeRow? before = Nodes.Count == 0 ? null : _store.ReadNodes().FirstOrDefault(node => node.Name == self.Name);
        if (before is not null && before.Process != _process && before.IsAlive && !_saidTwin)
        {
            _saidTwin = true;
            LogTwin(_logger, self.Name, before.Url);
        }

        Nodes = _store.Beat(self);
        Volatile.Write(ref _answeredAt, _time.GetTimestamp());
    }

    /// <summary>
    /// A node that woke up after its shards had moved may claim one all the same, and then lose it: the row names that node, and the owner, with nothing to do, would
    /// never hear of it. Others would ask the wrong node for its actors.
    /// </summary>
    private void FenceIdle()
    {
        Dictionary<ShardId, long> epochs = _store.ReadShards().ToDictionary(row => row.Shard, row => row.Epoch);
        foreach (Ownership ownership in _ownerships)
        {
            foreach (Owned owned in ownership.Owned.Values)
            {
                if (!owned.Shard.IsDropped && epochs.GetValueOrDefault(owned.Shard.Id) > owned.Shard.Epoch)
                {
                    ownership.Fenced(owned.Shard);
                }
            }
        }
    }

    private void ReportHandovers()
    {
        List<ShardHandover> ended = [];
        foreach (Owned owned in _ownerships.SelectMany(ownership => ownership.Owned.Values))
        {
            Shard shard = owned.Shard;
            if (shard.AtWorkSince == 0 || _reported.TryGetValue(shard, out _))
            {
                continue;
            }

            ShardHandover? handover = _store.Resumed(shard.Id, shard.Epoch, _time.GetElapsedTime(shard.AtWorkSince));
            _reported.Add(shard, shard);
            if (handover is not null)
            {
                _meter.HandedOver(handover.Gap, handover.WasDrained);
                ended.Add(handover);
            }
        }

        foreach (var from in ended.GroupBy(handover => (handover.From, handover.WasDrained)))
        {
            LogHandedOver(
                _logger, from.Count(), from.Key.From, from.Key.WasDrained ? "gave them back" : "was lost", from.Min(each => each.Gap.TotalSeconds), from.Max(each => each.Gap.TotalSeconds));
        }
    }

    [LoggerMessage(1121, LogLevel.Information, "Took over {Count} shards from {Node}, which {How}. They stood still for {Shortest:0.0} to {Longest:0.0} s.")]
    private static partial void LogHandedOver(ILogger logger, int count, string node, string how, double shortest, double longest);

    [LoggerMessage(1122, LogLevel.Error, "Another process calls itself {Node} too (at {Url}). Shards are safe, but operators can not tell the two apart and requests go astray: give each node a name of its own (STREAMS__NAME).")]
    private static partial void LogTwin(ILogger logger, string node, string url);
}
