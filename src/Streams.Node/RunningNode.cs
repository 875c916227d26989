using System.Globalization;
using System.Reflection;
using System.Text;
using Streams.Node.Actors;
using Streams.Node.Api;
using Streams.Runtime;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>The node as its API sees it: the engine's figures, live actors, and a producer for readings that come over HTTP.</summary>
internal sealed class RunningNode(Engine engine, ILog log, string cluster, string node, DateTimeOffset startedAt) : INodeView, IDisposable
{
    /// <summary>A turn of the reading thread takes 50 ms, handing shards over some 15 s; each try of a claim counts as one.</summary>
    private static readonly TimeSpan s_longestTurn = TimeSpan.FromMinutes(2);

    /// <summary>Store and brokers are asked every second and every three: so long, and it is no hiccup.</summary>
    private static readonly TimeSpan s_longestSilence = TimeSpan.FromSeconds(10);

    private readonly LastingWriter _writer = new(() => log.CreateWriter("streams-http", lingerInMs: 5));

    public static string ProgramVersion { get; } =
        typeof(RunningNode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    public NodeIdentity Identity { get; } = new(cluster, node, ProgramVersion, startedAt);

    public IReadOnlyList<HealthPart> Health() =>
    [
        Hangs is { } hangs ? new HealthPart("node", false, Fatal: true, hangs) : Part("node", Broken),
        Part("work", engine.State switch
        {
            NodeState.Working => null,
            NodeState.Drained => "drained: holds no shards until it is told to work again",
            _ => "gives its shards back",
        }),
        Part("kafka", KafkaTrouble),
        Part("store", StoreTrouble),
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

    public IReadOnlyList<NodeRow> Nodes() => engine.Nodes;

    public void Drain(bool drain)
    {
        if (drain)
        {
            engine.Drain();
        }
        else
        {
            engine.WorkAgain();
        }
    }

    public async Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) =>
        await AskAsync(kind, key, (of, actor) => of.Describe(actor)).WaitAsync(stop);

    public async Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop, bool hereOnly = false)
    {
        ActorKind? of = engine.KindNamed(kind);
        return of is not IDescribesActors describes ? null
            : await engine.AskAsync(of.Number, key, describes.RecentHistory, whenWritten: true).WaitAsync(stop)
                ?? (hereOnly ? null : await Task.Run(() => engine.AskStored(of.Number, key, describes.RecentHistory), stop));
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

    private string? Broken => engine.Broken is { Count: > 0 } broken ? string.Join("; ", broken.Select(pair => $"{pair.Key}: {pair.Value}")) : null;

    private string? KafkaTrouble => engine.LogFailure is { } failure ? $"{failure} The node connects anew until it can"
        : engine.BrokersSilentFor > s_longestSilence ? $"no broker has answered for {engine.BrokersSilentFor.TotalSeconds:0} s"
        : engine.State == NodeState.Working && !engine.IsReady ? "the consumer groups have not given this node its part yet"
        : null;

    private string? StoreTrouble => engine.StoreAwayFor > TimeSpan.Zero ? $"the store has not taken commits for {engine.StoreAwayFor.TotalSeconds:0} s; they are tried again"
        : engine.StoreSilentFor > s_longestSilence ? $"the store has not answered for {engine.StoreSilentFor.TotalSeconds:0} s"
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
