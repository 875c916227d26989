using System.Buffers;
using System.Text;
using Streams.Domain.Devices;
using Streams.Runtime;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Benchmarks.Devices;

/// <summary>A fleet's snapshots in a store, as a node's shards keep them, and back.</summary>
internal static class StoredFleet
{
    private const byte Kind = 1;
    private const int Shards = 32;

    /// <summary>As many actors as a shard asks for in one query.</summary>
    private const int LoadedAtOnce = 4096;

    private const int WrittenAtOnce = 1024;

    private static readonly StoreLayout Layout = new("bench", "bench", new Dictionary<byte, KindLayout> { [Kind] = new KindLayout("device", Shards) });

    /// <summary>Answers the bytes of all snapshots.</summary>
    public static long Write(IStore store, Fleet fleet)
    {
        store.Open(Layout);
        long bytes = 0;
        ArrayBufferWriter<byte> snapshot = new();
        foreach (IGrouping<int, Device> shard in fleet.Devices.GroupBy(device => ShardOf(device.Id)))
        {
            ShardId id = new(Kind, shard.Key);
            ShardClaim claim = store.Claim(id, "bench", "log", DateTimeOffset.UtcNow);
            int index = claim.NextActorIndex;
            long number = 0;
            foreach (Device[] chunk in shard.Chunk(WrittenAtOnce))
            {
                ShardCommit commit = new()
                {
                    Shard = id, Epoch = claim.Epoch, Number = ++number, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0],
                };
                foreach (Device device in chunk)
                {
                    snapshot.ResetWrittenCount();
                    device.Save(snapshot);
                    bytes += snapshot.WrittenCount;
                    commit.Actors.Add(new ActorRow(index++, device.Id, isNew: true, dueInMs: null, snapshot.WrittenSpan.ToArray()));
                }

                store.Commit([commit]);
            }
        }

        return bytes;
    }

    /// <summary>Loads and restores every device, shard by shard, on so many threads.</summary>
    public static Device[] Load(IStore store, IReadOnlyCollection<string> ids, DeviceCatalog catalog, int threads)
    {
        store.Open(Layout);
        List<(ShardId Shard, string[] Ids)> queries =
        [
            .. ids.GroupBy(ShardOf).SelectMany(shard => shard.Chunk(LoadedAtOnce).Select(chunk => (new ShardId(Kind, shard.Key), chunk))),
        ];
        return
        [
            .. queries.AsParallel().WithDegreeOfParallelism(threads).SelectMany(query => store.Load(query.Shard, query.Ids).Select(stored =>
                Device.TryRestore(stored.Key, stored.Snapshot, catalog, out Device? device, out string? fault) ? device : throw new InvalidDataException(fault))),
        ];
    }

    private static int ShardOf(string id) => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(id), Shards);
}
