using System.Globalization;
using System.Text;
using Streams.Node.Configuration;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Benchmarks.Http;

/// <summary>What a city has gathered in months before it is asked: anomalies, alerts and refused input, put into the store before the node starts.</summary>
internal static class StockedStore
{
    public const int Anomalies = 100_000;
    public const int Alerts = 5_000;
    public const int DeadLetters = 10_000;

    private const int AtOnce = 2_000;

    public static void Fill(IStore store, TopicSettings topics, int devices, int devicesPerArea)
    {
        store.Open(new StoreLayout(topics.Prefix.TrimEnd('.'), "bench", new Dictionary<byte, KindLayout>
        {
            [1] = new("device", topics[TopicSettings.Readings].Partitions),
            [2] = new("area", topics[TopicSettings.Observations].Partitions),
            [3] = new("incident", topics[TopicSettings.Incidents].Partitions),
            [4] = new("dispatcher", topics[TopicSettings.Requests].Partitions),
            [5] = new("result", topics[TopicSettings.CommandResults].Partitions), [6] = new("agency", topics[TopicSettings.Cap].Partitions),
        }));
        ShardId shard = new(1, 0);
        ShardClaim claim = store.Claim(shard, "bench", "", DateTimeOffset.UtcNow);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        long number = 0;
        foreach (Document[] chunk in Documents().Chunk(AtOnce))
        {
            ShardCommit commit = new()
            {
                Shard = shard, Epoch = claim.Epoch, Number = ++number, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0], AtInMs = now,
            };
            commit.Documents.AddRange(chunk);
            store.Commit([commit]);
        }

        IEnumerable<Document> Documents()
        {
            for (int i = 0; i < Anomalies; i++)
            {
                int device = (int)((i * 7919L) % devices);
                yield return Of("anomalies", i, Workload.IdOf(device), i % 200 == 0 ? "raised" : "cleared", device, i * 60_000L, 600);
            }

            for (int i = 0; i < Alerts; i++)
            {
                yield return Of("alerts", i, "beyond-range", i % 100 == 0 ? "active" : "cleared", (int)((i * 104_729L) % devices), i * 1_200_000L, 3_000);
            }

            for (int i = 0; i < DeadLetters; i++)
            {
                yield return Of("dead-letters", i, i % 3 == 0 ? "unknown_metric" : "malformed_json", "refused", 0, i * 200_000L, 500);
            }
        }

        Document Of(string collection, int i, string category, string state, int device, long agoInMs, int bytes) => new(
            collection,
            string.Create(CultureInfo.InvariantCulture, $"{collection}-{i:D6}"),
            string.Create(CultureInfo.InvariantCulture, $"bench/d{device / devicesPerArea:D4}"),
            category,
            state,
            now - agoInMs,
            Encoding.UTF8.GetBytes($$"""{"id":"{{collection}}-{{i:D6}}","state":"{{state}}","explanation":"{{new string('x', bytes)}}"}"""),
            IsDone: state is "cleared" or "refused");
    }
}
