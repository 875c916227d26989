using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams cluster</c>: who is there, who owns what, how far behind; and a node's shards given to the others.</summary>
internal static class ClusterCommands
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(250);

    private static readonly Listing Nodes = new(
        new Column("node", "name"),
        Column.Word("state", "state"),
        new Column("shards", "shards", right: true),
        new Column("lag", "lag", right: true),
        new Column("seen", node => node.NumberAt("seenSecondsAgo") is { } ago ? string.Create(CultureInfo.InvariantCulture, $"{ago:0.#} s ago") : "", Right: true, Drop: 1),
        new Column("version", "version", drop: 2),
        new Column("started", "startedAt", drop: 4),
        new Column("url", "url", drop: 3));

    private static readonly Listing Kinds = new(
        new Column("actors", "kind"),
        new Column("shards", "shards", right: true),
        new Column("owned", "owned", right: true),
        new Column("owners", "owners", least: 12),
        new Column("lag", "lag", right: true),
        new Column("worst shard", "worst", right: true, drop: 1));

    private static readonly Listing Shards = new(
        new Column("actors", "kind"),
        new Column("partition", "partition", right: true),
        new Column("owner", "owner", least: 12),
        new Column("lag", "lag", right: true),
        new Column("next offset", "nextOffset", right: true, drop: 2),
        new Column("epoch", "epoch", right: true, drop: 3),
        new Column("stood still", shard => Gap(shard), Right: true, Drop: 1),
        new Column("came from", shard => shard.Text("handover.from") is { Length: > 0 } from ? $"{from}, {shard.Text("handover.how")}" : "", Drop: 4),
        new Column("since", "claimedAt", drop: 5));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        return Show.Group(
            "cluster",
            "Nodes and shards.",
            new ExampleCommand("status", "Nodes, what each kind of actor's shards are at, and how far behind.", "streams cluster status", "streams cluster status --server http://node-2:8080 --output json")
                .Answering(shared, screen, _ => ("api/v1/cluster", "the cluster"), cluster => Draw(screen, cluster)),
            new ExampleCommand("shards", "Every shard: owner, epoch, next offset, lag, and how long it stood still when it last changed hands.", "streams cluster shards")
                .Answering(shared, screen, _ => ("api/v1/cluster", "the cluster"), cluster =>
                    Shards.WriteSaying(screen, [.. cluster.List("shards").OrderBy(shard => shard.Text("kind")).ThenBy(shard => shard.NumberAt("partition"))], "No shard is owned yet.")),
            Drain(shared, screen, offers));
    }

    private static ExampleCommand Drain(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("The node's name, as the status shows it.").From(offers.Nodes);
        var undo = new Option<bool>("--undo") { Description = "Lets a drained node take shards again." };
        Option<TimeSpan?> within = Lists.Duration("--within", "How long to wait until it is done. Default 60s.");
        var noWait = new Option<bool>("--no-wait") { Description = "Tells the node, and does not wait until it is done." };
        ExampleCommand drain = new ExampleCommand(
            "drain",
            "A node finishes, commits and publishes what it has, gives its shards to the others and takes none, until --undo or its restart. It still answers. Stopping its process (SIGTERM) does the same first.",
            "streams cluster drain node-2",
            "streams cluster drain node-2 --undo").Taking(name, undo, within, noWait);
        drain.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            string wanted = parsed.GetRequiredValue(name);
            bool back = parsed.GetValue(undo);
            JsonElement before = await node.GetAsync("api/v1/cluster", "the cluster", stop).ConfigureAwait(false);
            long began = shared.Time.GetTimestamp();
            JsonElement order = await node.SendAsync(back ? HttpMethod.Delete : HttpMethod.Post, $"api/v1/cluster/nodes/{Uri.EscapeDataString(wanted)}/drain", $"node {wanted}", stop).ConfigureAwait(false);
            TimeSpan patience = parsed.GetValue(within) ?? TimeSpan.FromSeconds(60);
            JsonElement cluster = default;
            bool done = parsed.GetValue(noWait);
            while (!done)
            {
                if (shared.Time.GetElapsedTime(began) > patience)
                {
                    throw new CommandFailedException(ExitStatus.Failed, $"{wanted} was told, and is not done after {patience.TotalSeconds:0.#} s: streams cluster status shows how far it is.");
                }

                await Task.Delay(LookAgainAfter, shared.Time, stop).ConfigureAwait(false);
                cluster = await node.GetAsync("api/v1/cluster", "the cluster", stop).ConfigureAwait(false);
                done = back ? StateOf(cluster, wanted) == "working" : StateOf(cluster, wanted) == "drained" && TakenOver(before, cluster, wanted).All(shard => shard.Text("owner").Length > 0 || !HasOthers(cluster));
            }

            if (shared.WantsJson(parsed))
            {
                screen.Json(cluster.ValueKind == JsonValueKind.Undefined ? order : cluster);
                return ExitStatus.Done;
            }

            screen.Line(Say(before, cluster, wanted, back, shared.Time.GetElapsedTime(began)));
            return ExitStatus.Done;
        });
        return drain;
    }

    private static string Say(JsonElement before, JsonElement cluster, string wanted, bool back, TimeSpan took)
    {
        if (cluster.ValueKind == JsonValueKind.Undefined)
        {
            return $"{wanted} was told.";
        }

        if (back)
        {
            return $"{wanted} takes shards again.";
        }

        IReadOnlyList<JsonElement> shards = TakenOver(before, cluster, wanted);
        double[] gaps = [.. shards.Where(shard => shard.Text("handover.from") == wanted).Select(shard => shard.NumberAt("handover.gapInSeconds")).OfType<double>()];
        string stood = gaps.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" They stood still for {gaps.Min():0.0} to {gaps.Max():0.0} s.");
        return HasOthers(cluster)
            ? string.Create(CultureInfo.InvariantCulture, $"{wanted} holds no shards any more: the others have its {shards.Count} after {took.TotalSeconds:0.0} s.{stood}")
            : $"{wanted} holds no shards any more, and no other node is there to take its {shards.Count}: nothing is processed. streams cluster drain {wanted} --undo lets it work again.";
    }

    /// <summary>The shards that the node had before, as they are now.</summary>
    private static IReadOnlyList<JsonElement> TakenOver(JsonElement before, JsonElement now, string node)
    {
        HashSet<string> had = [.. before.List("shards").Where(shard => shard.Text("owner") == node).Select(KeyOf)];
        return [.. now.List("shards").Where(shard => had.Contains(KeyOf(shard)))];
    }

    private static string KeyOf(JsonElement shard) => $"{shard.Text("kind")} {shard.Text("partition")}";

    private static string StateOf(JsonElement cluster, string node) => cluster.List("nodes").FirstOrDefault(each => each.Text("name") == node) is { ValueKind: JsonValueKind.Object } found ? found.Text("state") : "";

    private static bool HasOthers(JsonElement cluster) => cluster.List("nodes").Any(node => node.Text("state") == "working");

    private static string Gap(JsonElement shard) => shard.NumberAt("handover.gapInSeconds") is { } gap ? string.Create(CultureInfo.InvariantCulture, $"{gap:0.0} s") : "";

    private static void Draw(Screen screen, JsonElement cluster)
    {
        DocumentView.Write(screen, cluster, "shards", "nodes");
        ILookup<string, JsonElement> byOwner = cluster.List("shards").ToLookup(shard => shard.Text("owner"));
        JsonElement[] nodes =
        [
            .. cluster.List("nodes").Select(node =>
            {
                var members = node.EnumerateObject().ToDictionary(member => member.Name, member => (object)member.Value);
                members["lag"] = byOwner[node.Text("name")].Sum(shard => (long)(shard.NumberAt("lag") ?? 0));
                return JsonSerializer.SerializeToElement(members);
            }),
        ];
        screen.Line("");
        Nodes.WriteSaying(screen, nodes, "No node is known.");
        foreach (JsonElement node in nodes.Where(node => node.At("answers").ValueKind == JsonValueKind.False))
        {
            screen.Line($"{node.Text("name")} did not answer: its shards' lag is not known.");
        }

        JsonElement[] kinds =
        [
            .. cluster.List("shards").GroupBy(shard => shard.Text("kind")).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group =>
            {
                string[] owners = [.. group.Select(shard => shard.Text("owner")).Where(owner => owner.Length > 0)];
                return JsonSerializer.SerializeToElement(new
                {
                    kind = group.Key,
                    shards = group.Count(),
                    owned = owners.Length,
                    owners = string.Join(", ", owners.Distinct().Order(StringComparer.Ordinal).Select(owner => string.Create(CultureInfo.InvariantCulture, $"{owner} {owners.Count(each => each == owner)}"))),
                    lag = group.Sum(shard => (long)(shard.NumberAt("lag") ?? 0)),
                    worst = group.Max(shard => (long)(shard.NumberAt("lag") ?? 0)),
                });
            }),
        ];
        screen.Line("");
        Kinds.Write(screen, kinds, "No shard is owned yet.");
    }
}
