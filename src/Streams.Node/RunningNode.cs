using System.Globalization;
using System.Reflection;
using System.Text;
using Streams.Node.Actors;
using Streams.Node.Api;
using Streams.Node.Telemetry;
using Streams.Runtime;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>The node as its API sees it: the engine's figures, live actors, and a producer for readings that come over HTTP.</summary>
internal sealed class RunningNode(Engine engine, ILog log, StoreProbe store, string cluster, string node, DateTimeOffset startedAt) : INodeView, IDisposable
{
    /// <summary>A turn of the reading thread takes 50 ms, handing shards over some 15 s; claiming counts as turns.</summary>
    private static readonly TimeSpan s_longestTurn = TimeSpan.FromMinutes(2);

    /// <summary>They are asked every 3 s.</summary>
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(10);

    private readonly LastingWriter _writer = new(() => log.CreateWriter("streams-http", lingerInMs: 5));

    public NodeIdentity Identity { get; } = new(
        cluster,
        node,
        typeof(RunningNode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
        startedAt);

    /// <summary>The node gives its shards back and ends: it is asked to be passed by from now on.</summary>
    public bool IsLeaving { get; set; }

    public IReadOnlyList<HealthPart> Health() =>
    [
        Hangs is { } hangs ? new HealthPart("node", false, Fatal: true, hangs) : Part("node", Trouble),
        Part("kafka", KafkaTrouble),
        Part("store", engine.StoreAwayFor > TimeSpan.Zero ? $"the store has not taken commits for {engine.StoreAwayFor.TotalSeconds:0} s; they are tried again" : store.Failure),
        Part("shards", Behind),
    ];

    public IReadOnlyList<RunningShard> Shards() =>
        [.. engine.Shards.Select(shard => new RunningShard(shard.Id, shard.Epoch, shard.NextOffset, shard.Shard.Lag) { Position = shard.Shard.NextToRead })];

    public NodeFigures Figures()
    {
        var shards = engine.Shards;
        var counts = engine.Counts;
        return new NodeFigures
        {
            Applied = counts.ToDictionary(kind => kind.Key, kind => kind.Value.Applied),
            Actors = shards.GroupBy(shard => shard.Kind.Name).ToDictionary(kind => kind.Key, kind => kind.Sum(shard => (long)shard.Shard.ActorsInMemory)),
            Repeats = counts.Values.Sum(kind => kind.Repeats),
            Refused = engine.RefusedByReason,
            Published = engine.Published,
            Transactions = engine.Transactions,
        };
    }

    public async Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) =>
        await AskAsync(kind, key, (of, actor) => of.Describe(actor)).WaitAsync(stop);

    public async Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop)
    {
        ActorKind? of = engine.KindNamed(kind);
        return of is not IDescribesActors describes ? null
            : await engine.AskAsync(of.Number, key, describes.RecentHistory, whenWritten: true).WaitAsync(stop)
                ?? await Task.Run(() => engine.AskStored(of.Number, key, describes.RecentHistory), stop);
    }

    public async Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop)
    {
        Delivery delivery = new(records.Count);
        await Task.Run(
            () =>
            {
                foreach (PublishedRecord record in records)
                {
                    Send(record, delivery);
                }
            },
            stop);
        await delivery.Done.WaitAsync(stop);
    }

    public void Dispose() => _writer.Dispose();

    /// <summary>What only a restart can end.</summary>
    private string? Hangs => engine.PollingFor > s_longestTurn ? $"the thread that reads the log has hung for {engine.PollingFor.TotalSeconds:0} s" : null;

    private string? Trouble => IsLeaving ? "the node is stopping"
        : engine.Broken is { Count: > 0 } broken ? string.Join("; ", broken.Select(pair => $"{pair.Key}: {pair.Value}"))
        : null;

    private string? KafkaTrouble => engine.LogFailure is { } failure ? $"{failure} The node connects anew until it can"
        : !engine.IsReady ? "not a member of the consumer group yet"
        : engine.BrokersSilentFor > s_longestSilence ? $"no broker has answered for {engine.BrokersSilentFor.TotalSeconds:0} s"
        : null;

    private string? Behind
    {
        get
        {
            string[] behind = [.. engine.Shards.Where(shard => !shard.Shard.IsCaughtUp).Select(shard => $"{shard.Kind.Name}/{shard.Id.Partition} ({shard.Shard.Lag?.ToString(CultureInfo.InvariantCulture) ?? "?"} records)")];
            return behind.Length == 0
                ? null
                : $"{behind.Length} shards are still reading what came before they were claimed: {string.Join(", ", behind.Take(5))}{(behind.Length > 5 ? ", ..." : "")}";
        }
    }

    private static HealthPart Part(string name, string? trouble) => new(name, trouble is null, Detail: trouble ?? "");

    private void Send(PublishedRecord record, Delivery delivery)
    {
        System.Buffers.ArrayBufferWriter<byte> headers = new(256);
        if (record.Headers.Count > 0)
        {
            HeaderBlock.Begin(headers, record.Headers.Count);
            foreach ((string name, string value) in record.Headers)
            {
                HeaderBlock.Add(headers, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
            }
        }

        _writer.Send(
            new OutgoingRecord
            {
                Topic = record.Topic,
                Partition = Partitioner.PartitionOf(record.Key.Span, log.PartitionsOf(record.Topic)),
                Key = record.Key.Span,
                Value = record.Value.Span,
                Headers = headers.WrittenSpan,
            },
            delivery);
    }

    private async Task<ReadOnlyMemory<byte>?> AskAsync(string kind, string key, Func<IDescribesActors, Actor, byte[]?> question)
    {
        ActorKind? of = engine.KindNamed(kind);
        if (of is IDescribesActors describes && await engine.AskAsync(of.Number, key, actor => question(describes, actor) ?? []) is { Length: > 0 } answer)
        {
            return answer;
        }

        // Not a conditional expression: there null would become empty memory.
        return null;
    }

    /// <summary>Done when every record is in the log; fails when one is not.</summary>
    private sealed class Delivery : IDelivery
    {
        private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _left;

        public Delivery(int count)
        {
            _left = count;
            if (count == 0)
            {
                _done.SetResult();
            }
        }

        public Task Done => _done.Task;

        public void Delivered()
        {
            if (Interlocked.Decrement(ref _left) == 0)
            {
                _done.TrySetResult();
            }
        }

        public void Failed(string reason, bool fatal) => _done.TrySetException(new LogFailedException(reason));
    }
}
