using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>What is done to a store while no node runs on it.</summary>
public static class StoreCare
{
    /// <summary>See <see cref="IStore.BeginLineage"/>.</summary>
    /// <param name="dataFolder">Where SQLite's file lies.</param>
    /// <returns>How many shards the store has.</returns>
    /// <exception cref="StoreMismatchException">The store is another cluster's, of another layout or version, or a node runs on it.</exception>
    /// <exception cref="StoreUnavailableException">The database can not be reached.</exception>
    public static int BeginLineage(ClusterConfiguration configuration, string dataFolder)
    {
        using IStore store = NodeHost.StoreOf(configuration.Node, Path.GetFullPath(dataFolder));
        Dictionary<string, int> partitions = configuration.Topics.All.ToDictionary(topic => topic.Name, topic => topic.Partitions);
        store.Open(NodeHost.LayoutOf(configuration.Node, NodeHost.KindsOf(configuration), topic => partitions[topic]));
        AuditActor actor = new(Environment.UserName, [Policy.LocalRole], "machine", Environment.MachineName);
        return store.BeginLineage(AuditDraft.Now(TimeProvider.System, actor, "store.restored", "store"));
    }
}
