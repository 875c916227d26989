using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Streams.Node.Api.Endpoints;
using Streams.Node.People;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>
/// The other nodes of the cluster, as this one asks them: whichever node a request reaches, the actor's own node answers it. One that does not answer in
/// time is left alone for a moment, and the store stands in for it.
/// </summary>
internal sealed class Neighbours : IDisposable
{
    /// <summary>A node answers in milliseconds. One that hangs must not hold up a list by more than this.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1.5);

    /// <summary>How long owners are remembered, and a node that did not answer is left alone.</summary>
    private static readonly TimeSpan s_remembered = TimeSpan.FromSeconds(1);

    private static readonly IReadOnlyDictionary<ShardId, string> s_nobody = new Dictionary<ShardId, string>();

    private readonly INodeView _node;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _leftAloneUntil = [];
    private Task<IReadOnlyDictionary<ShardId, string>>? _owners;
    private long _ownersAt;

    /// <param name="handler">How to reach them; null for the network.</param>
    public Neighbours(INodeView node, IStore store, TimeProvider time, HttpMessageHandler? handler = null)
    {
        _node = node;
        _store = store;
        _time = time;

        // Nodes find each other by the addresses they gave; a proxy that this machine is to use for the world knows none of them.
        _http = new HttpClient(new Credentials(store) { InnerHandler = handler ?? new SocketsHttpHandler { UseProxy = false, ConnectTimeout = s_patience, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1) } })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    /// <summary>Live states of actors as the API answers them, in the order of the keys; null where there is no such actor, or its node can not be asked.</summary>
    /// <param name="shardOf">The shard a key lives in.</param>
    public async Task<ReadOnlyMemory<byte>?[]> DescribeAsync(string kind, IReadOnlyList<string> keys, Func<string, ShardId> shardOf, CancellationToken stop)
    {
        ReadOnlyMemory<byte>?[] found = await Task.WhenAll(keys.Select(key => _node.DescribeAsync(kind, key, stop)));
        int[] missing = [.. Enumerable.Range(0, keys.Count).Where(i => found[i] is null)];
        if (missing.Length == 0 || await OwnersAsync() is not { Count: > 0 } owners)
        {
            return found;
        }

        await Task.WhenAll(missing.GroupBy(i => owners.GetValueOrDefault(shardOf(keys[i]))).Where(group => group.Key is not null).Select(async group =>
        {
            int[] wanted = [.. group];
            if (await AskAsync(group.Key!, (url, limit) => _http.PostAsJsonAsync(url + "api/v1/cluster/actors", new { kind, keys = wanted.Select(i => keys[i]) }, limit), stop) is { } answer)
            {
                foreach ((int i, JsonElement item) in wanted.Zip(answer.GetProperty("items").EnumerateArray()))
                {
                    if (item.ValueKind == JsonValueKind.Object)
                    {
                        found[i] = System.Text.Encoding.UTF8.GetBytes(item.GetRawText());
                    }
                }
            }
        }));
        return found;
    }

    /// <summary>As <see cref="INodeView.RecentHistoryAsync"/>, asked of the actor's own node; of a stored copy where that does not answer.</summary>
    public async Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, ShardId shard, CancellationToken stop)
    {
        if (await OwnersAsync() is { Count: > 0 } owners && owners.TryGetValue(shard, out string? owner)
            && await AskAsync(owner, (url, limit) => _http.GetAsync($"{url}api/v1/cluster/history?kind={Uri.EscapeDataString(kind)}&key={Uri.EscapeDataString(key)}", limit), stop) is { } answer
            && answer.GetProperty("rows") is { ValueKind: JsonValueKind.Array } rows)
        {
            return [.. rows.EnumerateArray().Select(ClusterEndpoints.ReadHistory)];
        }

        return await _node.RecentHistoryAsync(kind, key, stop);
    }

    /// <summary>What the other nodes say of the shards they run, and who did not answer.</summary>
    public async Task<(IReadOnlyDictionary<ShardId, RunningShard> Shards, IReadOnlySet<string> Silent)> ShardsAsync(CancellationToken stop)
    {
        Dictionary<ShardId, RunningShard> shards = [];
        HashSet<string> silent = [];
        await Task.WhenAll(Others().Select(async node =>
        {
            JsonElement? answer = await AskAsync(node.Name, (url, limit) => _http.GetAsync(url + "api/v1/cluster?of=this", limit), stop);
            lock (shards)
            {
                if (answer is not { } cluster)
                {
                    silent.Add(node.Name);
                    return;
                }

                foreach (RunningShard shard in ClusterEndpoints.ReadRunning(cluster))
                {
                    shards[shard.Shard] = shard;
                }
            }
        }));
        return (shards, silent);
    }

    /// <summary>Passes an order to drain, or to work again, on to another node.</summary>
    /// <returns>False where it is not there or did not take it.</returns>
    public async Task<bool> OrderAsync(string node, bool drain, CancellationToken stop) =>
        await AskAsync(node, (url, limit) => _http.SendAsync(new HttpRequestMessage(drain ? HttpMethod.Post : HttpMethod.Delete, $"{url}api/v1/cluster/nodes/{Uri.EscapeDataString(node)}/drain"), limit), stop) is not null;

    public void Dispose() => _http.Dispose();

    private IEnumerable<NodeRow> Others() => _node.Nodes().Where(node => node.Name != _node.Identity.Node && node.IsAlive && node.Url.Length > 0);

    /// <summary>The nodes that own what this one does not; nobody while this one is alone, or the store is away.</summary>
    private Task<IReadOnlyDictionary<ShardId, string>> OwnersAsync()
    {
        lock (_gate)
        {
            if (_owners is null || _time.GetElapsedTime(_ownersAt) > s_remembered)
            {
                _ownersAt = _time.GetTimestamp();
                _owners = Others().Any() ? Task.Run(ReadOwners) : Task.FromResult(s_nobody);
            }

            return _owners;
        }
    }

    private IReadOnlyDictionary<ShardId, string> ReadOwners()
    {
        try
        {
            string self = _node.Identity.Node;
            return _store.ReadShards().Where(shard => shard.Owner is not null && shard.Owner != self).ToDictionary(shard => shard.Shard, shard => shard.Owner!);
        }
        catch (StoreUnavailableException)
        {
            return s_nobody;
        }
    }

    /// <summary>Null where the node is not known to be there, did not answer, or refused.</summary>
    private async Task<JsonElement?> AskAsync(string name, Func<Uri, CancellationToken, Task<HttpResponseMessage>> ask, CancellationToken stop)
    {
        if (Others().FirstOrDefault(each => each.Name == name) is not { } node || IsLeftAlone(name))
        {
            return null;
        }

        using CancellationTokenSource patience = new(s_patience, _time);
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop, patience.Token);
        try
        {
            using HttpResponseMessage answer = await ask(new Uri(node.Url), limit.Token);
            byte[] body = await answer.Content.ReadAsByteArrayAsync(limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using JsonDocument json = JsonDocument.Parse(body);
            return json.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !stop.IsCancellationRequested))
        {
            lock (_gate)
            {
                _leftAloneUntil[name] = _time.GetTimestamp() + (long)(s_remembered.TotalSeconds * _time.TimestampFrequency);
            }

            return null;
        }
    }

    private bool IsLeftAlone(string name)
    {
        lock (_gate)
        {
            return _leftAloneUntil.TryGetValue(name, out long until) && _time.GetTimestamp() < until;
        }
    }

    /// <summary>Nodes know each other by the installation's secret, which the store holds for all of them.</summary>
    private sealed class Credentials(IStore store) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Doorkeeper.Credential(store.NodeSecret));
            return base.SendAsync(request, cancellationToken);
        }
    }
}
