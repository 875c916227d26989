using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Commands;

/// <summary><c>streams cluster</c>: who is there, who owns what, how far behind.</summary>
internal static class ClusterCommands
{
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
        new Column("next offset", "nextOffset", right: true, drop: 1),
        new Column("epoch", "epoch", right: true, drop: 2));

    public static Command Build(SharedOptions shared, Screen screen)
    {
        return Show.Group(
            "cluster",
            "Nodes and shards.",
            new ExampleCommand("status", "Nodes, what each kind of actor's shards are at, and how far behind.", "streams cluster status", "streams cluster status --server http://node-2:8080 --output json")
                .Answering(shared, screen, _ => ("api/v1/cluster", "the cluster"), cluster => Draw(screen, cluster)),
            new ExampleCommand("shards", "Every shard: owner, epoch, next offset, lag.", "streams cluster shards")
                .Answering(shared, screen, _ => ("api/v1/cluster", "the cluster"), cluster =>
                    Shards.Write(screen, [.. cluster.List("shards").OrderBy(shard => shard.Text("kind")).ThenBy(shard => shard.NumberAt("partition"))], "No shard is owned yet.")));
    }

    private static void Draw(Screen screen, JsonElement cluster)
    {
        DocumentView.Write(screen, cluster, "shards");
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
