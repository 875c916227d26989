using System.Globalization;
using System.Text.Json;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/cluster</c>: nodes, and shards with inbox topic, owner, epoch, next offset, position, end offset, lag and last hand-over. Owners, epochs and
/// hand-overs come from the store; position, end and lag from each shard's own node. <c>POST</c> and <c>DELETE …/nodes/{name}/drain</c>; and what nodes
/// ask each other.
/// </summary>
internal static class ClusterEndpoints
{
    /// <summary>Of one question: a list's page is no longer.</summary>
    private const int MostActors = Parameters.MaxLimit;

    private const long MostBytes = 1 << 20;

    private static readonly Parameter<string?> Of = Parameter.Choice("of", "this: only the node that is asked, without asking the others.", "this", "all");
    private static readonly Parameter<string> Name = Parameter.Id("The node's name.", "node-2", name: "name");
    private static readonly Parameter<string?> Kind = Parameter.Choice("kind", "Of the actor.", DeviceEndpoints.Kind, AreaEndpoints.Kind);
    private static readonly Parameter<string?> Key = new(
        "key", "The actor's id.", "an id", new System.Text.Json.Nodes.JsonObject { ["type"] = "string", ["maxLength"] = Parameter.LongestText }, "dijon-air-017", text => text, null);

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getCluster", HttpMethods.Get, "/api/v1/cluster", "Nodes and shards.", GetAsync)
        {
            Needs = Permission.Read,
            Parameters = [Of],
            Replies = [Reply.Json("cluster", "Who runs what, and how far it is.")],
        },
        new("drainNode", HttpMethods.Post, "/api/v1/cluster/nodes/{name}/drain", "Drains a node.", (context, query) => OrderAsync(context, query.Of(Name), drain: true))
        {
            Needs = Permission.Operate,
            Details = "It finishes, commits and publishes what it has, gives its shards to the others and takes none; it still answers. Whichever node is asked passes the order on.",
            Parameters = [Name],
            Replies = NodeReplies("The node drains. The cluster tells when it is done."),
        },
        new("undrainNode", HttpMethods.Delete, "/api/v1/cluster/nodes/{name}/drain", "Lets a drained node work again.", (context, query) => OrderAsync(context, query.Of(Name), drain: false))
        {
            Needs = Permission.Operate,
            Parameters = [Name],
            Replies = NodeReplies("The node takes shards again."),
        },
        new("describeActors", HttpMethods.Post, "/api/v1/cluster/actors", "Actors of this very node as they are now.", DescribeAsync)
        {
            Needs = Permission.Read,
            Details = "What nodes ask each other, so that each can answer for all.",
            Takes = [("application/json", Schemas.Ref("actors-question"))],
            Replies =
            [
                Reply.Json("actors-answer", "In the order of the question; null for what this node does not run."),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long."),
            ],
        },
        new("getRecentHistory", HttpMethods.Get, "/api/v1/cluster/history", "Closed windows that an actor of this very node has not yet handed to the store.", HistoryAsync)
        {
            Needs = Permission.Read,
            Details = "What nodes ask each other, so that each can answer for all.",
            Parameters = [Kind, Key],
            Replies = [Reply.Json("recent-history", "Rows as they are to be stored; null where this node does not run the actor.")],
        },
    ];

    /// <summary>The shards that an answer to <c>?of=this</c> tells of.</summary>
    public static IEnumerable<RunningShard> ReadRunning(JsonElement cluster) => cluster.GetProperty("shards").EnumerateArray()
        .Where(shard => shard.GetProperty("position").ValueKind == JsonValueKind.Number)
        .Select(shard => new RunningShard(
            new ShardId(shard.GetProperty("kindNumber").GetByte(), shard.GetProperty("partition").GetInt32()),
            shard.GetProperty("epoch").GetInt64(),
            shard.GetProperty("nextOffset").GetInt64(),
            shard.GetProperty("lag") is { ValueKind: JsonValueKind.Number } lag ? lag.GetInt64() : null) { Position = shard.GetProperty("position").GetInt64() });

    public static HistoryRow ReadHistory(JsonElement row) => new(
        row.GetProperty("actor").GetInt32(), row.GetProperty("part").GetByte(), row.GetProperty("from").GetInt64(), row.GetProperty("body").GetBytesFromBase64());

    private static Reply[] NodeReplies(string says) =>
    [
        Reply.Json("node-order", says, StatusCodes.Status202Accepted),
        Reply.NotFound("There is no such node."),
        Reply.Problem(StatusCodes.Status502BadGateway, "The node is there and did not take the order."),
    ];

    private static async Task OrderAsync(HttpContext context, string name, bool drain)
    {
        ApiSources sources = ApiSources.Of(context);
        bool isThis = name == sources.Node.Identity.Node;
        NodeRow? node = sources.Node.Nodes().FirstOrDefault(each => each.Name == name);
        if (!isThis && node is not { IsAlive: true })
        {
            await Problem.NotFound(context, $"There is no node {name} running. Nodes: {string.Join(", ", sources.Node.Nodes().Where(each => each.IsAlive).Select(each => each.Name))}.");
            return;
        }

        string? failure = await AuditTrail.DoAsync(context, AuditTrail.Draft(context, drain ? "node.drain" : "node.undrain", "node:" + name), async () =>
        {
            if (isThis)
            {
                sources.Node.Drain(drain);
                return null;
            }

            return await sources.Neighbours.OrderAsync(name, drain, context.RequestAborted) ? null : "the node did not take the order";
        });
        if (failure is not null)
        {
            await Problem.Write(context, StatusCodes.Status502BadGateway, "node-unreachable", $"Node {name} did not take the order{(node is { Url.Length: > 0 } ? " at " + node.Url : "")}. Ask it itself, or stop its process: SIGTERM drains it too.");
            return;
        }

        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("node", name);
                json.WriteString("state", drain ? "draining" : "working");
                json.WriteEndObject();
            },
            StatusCodes.Status202Accepted);
    }

    private static async Task DescribeAsync(HttpContext context, Query query)
    {
        if (await BoundedBody.ReadAsync(context.Request, MostBytes, context.RequestAborted) is not { } body)
        {
            context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
            await Problem.Explain(context);
            return;
        }

        if (Read(body) is not { } question)
        {
            await Problem.Write(context, StatusCodes.Status400BadRequest, "bad-request", $"The body is not {{\"kind\":…,\"keys\":[…]}} with {MostActors} keys at most.");
            return;
        }

        INodeView node = ApiSources.Of(context).Node;
        ReadOnlyMemory<byte>?[] items = await Task.WhenAll(question.Keys.Select(key => node.DescribeAsync(question.Kind, key, context.RequestAborted)));
        await Answer.Json(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("node", node.Identity.Node);
            json.WriteStartArray("items");
            foreach (ReadOnlyMemory<byte>? item in items)
            {
                if (item is { } known)
                {
                    json.WriteRawValue(known.Span, skipInputValidation: true);
                }
                else
                {
                    json.WriteNullValue();
                }
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static (string Kind, string[] Keys)? Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(body);
            string kind = json.RootElement.GetProperty("kind").GetString() ?? "";
            string[] keys = [.. json.RootElement.GetProperty("keys").EnumerateArray().Select(key => key.GetString() ?? "")];
            return keys.Length <= MostActors ? (kind, keys) : null;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    private static async Task HistoryAsync(HttpContext context, Query query)
    {
        IReadOnlyList<HistoryRow>? rows = query.Of(Kind) is { } kind && query.Of(Key) is { } key
            ? await ApiSources.Of(context).Node.RecentHistoryAsync(kind, key, context.RequestAborted, hereOnly: true)
            : null;
        await Answer.Json(context, json =>
        {
            json.WriteStartObject();
            if (rows is null)
            {
                json.WriteNull("rows");
                json.WriteEndObject();
                return;
            }

            json.WriteStartArray("rows");
            foreach (HistoryRow row in rows)
            {
                json.WriteStartObject();
                json.WriteNumber("actor", row.ActorIndex);
                json.WriteNumber("part", row.Part);
                json.WriteNumber("from", row.FromInMs);
                json.WriteBase64String("body", row.Body.Span);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static async Task GetAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        NodeIdentity identity = sources.Node.Identity;

        // Beside actors' shards the store has such as stand for a webhook's courier.
        IReadOnlyList<ShardRow> stored = [.. (await Task.Run(sources.Store.ReadShards)).Where(row => sources.Layout.Kinds.ContainsKey(row.Shard.Kind))];
        Dictionary<ShardId, RunningShard> running = sources.Node.Shards().ToDictionary(each => each.Shard);
        IReadOnlySet<string> silent = new HashSet<string>();
        if (query.Of(Of) != "this")
        {
            (IReadOnlyDictionary<ShardId, RunningShard> others, silent) = await sources.Neighbours.ShardsAsync(context.RequestAborted);
            foreach ((ShardId id, RunningShard shard) in others)
            {
                running.TryAdd(id, shard);
            }
        }

        long? lag = running.Count == 0 ? null : running.Values.Sum(each => each.Lag ?? 0);
        ILookup<string, ShardRow> byOwner = stored.Where(row => row.Owner is not null).ToLookup(row => row.Owner!);
        Dictionary<string, NodeRow> known = sources.Node.Nodes().ToDictionary(node => node.Name);
        await Answer.Json(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("cluster", identity.Cluster);
            json.WriteString("version", identity.Version);
            json.WriteString("node", identity.Node);
            WriteNumber(json, "lag", lag);
            json.WriteStartArray("nodes");
            foreach (string name in byOwner.Select(owner => owner.Key).Concat(known.Keys).Append(identity.Node).Distinct().Order(StringComparer.Ordinal))
            {
                WriteNode(json, name, byOwner[name].Count(), known.GetValueOrDefault(name), identity, silent.Contains(name));
            }

            json.WriteEndArray();
            json.WriteStartArray("shards");
            foreach (ShardRow row in stored)
            {
                WriteShard(json, sources, row, running.GetValueOrDefault(row.Shard) is { } live && live.Epoch == row.Epoch ? live : null);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static void WriteNode(Utf8JsonWriter json, string name, int shards, NodeRow? row, NodeIdentity identity, bool isSilent)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("state", row switch
        {
            { State: NodeState.Left } => "left",
            { IsAlive: false } => "lost",
            { State: NodeState.Drained } => "drained",
            { State: NodeState.Draining } => "draining",
            null when name != identity.Node => "unknown",
            _ => "working",
        });
        json.WriteNumber("shards", shards);
        bool isThis = name == identity.Node;
        if (isThis || row is not null)
        {
            json.WriteString("version", isThis ? identity.Version : row!.Version);
            json.WriteString("startedAt", Answer.Time(isThis ? identity.StartedAt : row!.StartedAt));
        }

        if (row is not null)
        {
            json.WriteString("url", row.Url);
            json.WriteNumber("seenSecondsAgo", Math.Round(row.SeenAgo.TotalSeconds, 1));
        }

        if (isSilent)
        {
            json.WriteBoolean("answers", false);
        }

        json.WriteEndObject();
    }

    private static void WriteShard(Utf8JsonWriter json, ApiSources sources, ShardRow row, RunningShard? live)
    {
        json.WriteStartObject();
        json.WriteString("kind", sources.Layout.Kinds.TryGetValue(row.Shard.Kind, out KindLayout? kind) ? kind.Name : row.Shard.Kind.ToString(CultureInfo.InvariantCulture));
        json.WriteNumber("kindNumber", row.Shard.Kind);
        json.WriteString("topic", kind?.Name switch
        {
            DeviceEndpoints.Kind => sources.Configuration.Topics[TopicSettings.Readings].Name,
            AreaEndpoints.Kind => sources.Configuration.Topics[TopicSettings.Observations].Name,
            _ => null,
        });
        json.WriteNumber("partition", row.Shard.Partition);
        json.WriteString("owner", row.Owner);
        json.WriteNumber("epoch", row.Epoch);
        json.WriteNumber("nextOffset", live?.NextOffset ?? row.NextOffset);
        WriteNumber(json, "position", live?.Position);
        WriteNumber(json, "endOffset", live?.Position + live?.Lag);
        WriteNumber(json, "lag", live?.Lag);
        json.WriteNumber("generation", row.Generation);
        json.WriteString("claimedAt", Answer.Time(row.ClaimedAt));
        if (row.Handover is { } handover)
        {
            json.WriteStartObject("handover");
            json.WriteString("from", handover.From);
            json.WriteString("how", handover.WasDrained ? "drained" : "lost");
            json.WriteString("stoppedAt", Answer.Time(handover.StoppedAt));
            json.WriteNumber("gapInSeconds", Math.Round(handover.Gap.TotalSeconds, 3));
            json.WriteNumber("releasingInSeconds", Math.Round(handover.Releasing.TotalSeconds, 3));
            json.WriteNumber("waitingInSeconds", Math.Round(handover.Waiting.TotalSeconds, 3));
            json.WriteNumber("startingInSeconds", Math.Round(handover.Starting.TotalSeconds, 3));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("handover");
        }

        json.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter json, string name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }
}
