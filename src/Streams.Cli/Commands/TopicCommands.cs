using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams topics</c>: how far the owners of the inbox topics' partitions have read.</summary>
internal static class TopicCommands
{
    private static readonly Listing Totals = new(
        new Column("topic", "topic"),
        new Column("partitions", "partitions", right: true, drop: 1),
        new Column("lag", "lag", right: true),
        new Column("read/s", "readPerSecond", right: true),
        new Column("written/s", "writtenPerSecond", right: true));

    private static readonly Listing Partitions = new(
        new Column("topic", "topic"),
        new Column("partition", "partition", right: true),
        new Column("owner", "owner", least: 8, drop: 1),
        new Column("end", "endOffset", right: true),
        new Column("position", "position", right: true),
        new Column("lag", "lag", right: true),
        new Column("read/s", "readPerSecond", right: true, drop: 2),
        new Column("written/s", "writtenPerSecond", right: true, drop: 3));

    public static Command Build(SharedOptions shared, Screen screen)
    {
        Option<string?> topic = Lists.Text("--topic", "NAME", "Only this topic, such as city.readings.");
        Option<TimeSpan?> over = Lists.Duration("--over", "How long to measure the rates. Default 1s.");
        ExampleCommand lag = new ExampleCommand(
            "lag", "Each partition of the topics that actors read: its end, its owner's position, records waiting, records a second. Each node is asked for its own.", "streams topics lag", "streams topics lag --topic city.readings --over 10s").Taking(topic, over);
        lag.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            Task<JsonElement> Look() => node.GetAsync("api/v1/cluster", "the cluster", stop);
            JsonElement before = await Look().ConfigureAwait(false);
            long began = shared.Time.GetTimestamp();
            await Task.Delay(parsed.GetValue(over) ?? TimeSpan.FromSeconds(1), shared.Time, stop).ConfigureAwait(false);
            JsonElement after = await Look().ConfigureAwait(false);
            JsonElement answer = Measure(before, after, shared.Time.GetElapsedTime(began), parsed.GetValue(topic));
            if (parsed.GetValue(topic) is { } wanted && answer.List("topics").Count == 0)
            {
                throw new CommandFailedException(ExitStatus.NotFound, $"Not found: topic {wanted} is not one that actors read.");
            }

            if (shared.WantsJson(parsed))
            {
                screen.Json(answer);
                return ExitStatus.Done;
            }

            Totals.Write(screen, answer.List("topics"), "No partition is owned yet.");
            if (answer.List("partitions") is { Count: > 0 } partitions)
            {
                screen.Line("");
                Partitions.Write(screen, partitions, "");
                if (partitions.Count(each => each.NumberAt("lag") is null) is > 0 and int unknown)
                {
                    screen.Line($"Not known of {unknown} partitions: no owner, or no answer of it.");
                }
            }

            return ExitStatus.Done;
        });
        return Show.Group("topics", "Topics.", lag);
    }

    /// <summary><c>{"seconds", "topics": [sums], "partitions": [...]}</c>; what a node does not know is null.</summary>
    private static JsonElement Measure(JsonElement before, JsonElement after, TimeSpan over, string? topic)
    {
        static string KeyOf(JsonElement shard) => $"{shard.Text("kind")} {shard.Text("partition")}";
        var earlier = before.List("shards").ToDictionary(KeyOf, StringComparer.Ordinal);
        double? Rate(JsonElement shard, string name) =>
            over > TimeSpan.Zero && earlier.TryGetValue(KeyOf(shard), out JsonElement was) && was.NumberAt("epoch") == shard.NumberAt("epoch") && shard.NumberAt(name) - was.NumberAt(name) is { } difference
                ? Math.Round(Math.Max(0, difference / over.TotalSeconds), 1)
                : null;
        var partitions = after.List("shards")
            .Where(shard => topic is null || shard.Text("topic") == topic)
            .OrderBy(shard => shard.Text("topic"), StringComparer.Ordinal)
            .ThenBy(shard => shard.NumberAt("partition"))
            .Select(shard => new
            {
                topic = shard.Text("topic"),
                partition = shard.NumberAt("partition"),
                owner = shard.At("owner").ValueKind == JsonValueKind.String ? shard.Text("owner") : null,
                endOffset = shard.NumberAt("endOffset"),
                position = shard.NumberAt("position"),
                lag = shard.NumberAt("lag"),
                readPerSecond = Rate(shard, "position"),
                writtenPerSecond = Rate(shard, "endOffset"),
            })
            .ToList();
        var topics = partitions.GroupBy(each => each.topic).Select(group => new
        {
            topic = group.Key,
            partitions = group.Count(),
            lag = group.Any(each => each.lag is not null) ? group.Sum(each => each.lag) : null,
            readPerSecond = group.Any(each => each.readPerSecond is not null) ? group.Sum(each => each.readPerSecond) : null,
            writtenPerSecond = group.Any(each => each.writtenPerSecond is not null) ? group.Sum(each => each.writtenPerSecond) : null,
        });
        return JsonSerializer.SerializeToElement(new { seconds = Math.Round(over.TotalSeconds, 3), topics, partitions });
    }
}
