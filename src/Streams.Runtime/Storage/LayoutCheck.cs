using System.Globalization;
using System.Security.Cryptography;

namespace Streams.Runtime.Storage;

/// <summary>
/// Compares a layout with what a store's <c>meta</c> rows say: whose store it is, and how many partitions each actor kind has.
/// A changed partition count would send keys to other shards than those that hold their state.
/// </summary>
internal static class LayoutCheck
{
    public const string SchemaVersion = "schema_version";

    private const string Cluster = "cluster";
    private const string KindPrefix = "kind/";
    public const string LineageKey = "lineage";
    public const string NodeSecretKey = "node_secret";

    /// <returns>Rows to add: everything for a new store, kinds that are new since for an old one.</returns>
    /// <exception cref="StoreMismatchException">What is stored is not what is configured.</exception>
    public static IReadOnlyList<KeyValuePair<string, string>> Check(StoreLayout layout, IReadOnlyDictionary<string, string> stored, string store)
    {
        if (stored.TryGetValue(Cluster, out string? cluster) && cluster != layout.Cluster)
        {
            throw new StoreMismatchException(
                $"{store} belongs to the cluster '{cluster}', this node is of '{layout.Cluster}'. Use another store, or set the cluster's name back.");
        }

        foreach ((string key, string value) in stored)
        {
            if (!key.StartsWith(KindPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            byte kind = byte.Parse(key.AsSpan(KindPrefix.Length), CultureInfo.InvariantCulture);
            string configured = layout.Kinds.TryGetValue(kind, out KindLayout? wanted) ? Describe(wanted) : "none";
            if (configured != value)
            {
                throw new StoreMismatchException(
                    $"{store} holds actor kind {kind} as '{value}' (name:partitions), configured is '{configured}'. " +
                    "Both are fixed once stored: set the configuration back, or start with an empty store and replay.");
            }
        }

        List<KeyValuePair<string, string>> missing = [];
        if (cluster is null)
        {
            missing.Add(new(Cluster, layout.Cluster));
        }

        if (!stored.ContainsKey(LineageKey))
        {
            missing.Add(new(LineageKey, NewLineage()));
        }

        if (!stored.ContainsKey(NodeSecretKey))
        {
            missing.Add(new(NodeSecretKey, Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))));
        }

        foreach ((byte kind, KindLayout wanted) in layout.Kinds)
        {
            string key = KindPrefix + kind.ToString(CultureInfo.InvariantCulture);
            if (!stored.ContainsKey(key))
            {
                missing.Add(new(key, Describe(wanted)));
            }
        }

        return missing;
    }

    public static string NewLineage() => Random.Shared.NextInt64(1, long.MaxValue).ToString("x16", CultureInfo.InvariantCulture);

    /// <exception cref="StoreMismatchException">A node is running.</exception>
    public static void RefuseWhileRunning(IReadOnlyList<NodeRow> nodes, string store)
    {
        if (nodes.Where(node => node.IsAlive).Select(node => node.Name).ToArray() is { Length: > 0 } running)
        {
            throw new StoreMismatchException($"{store} is in use by {string.Join(", ", running)}. Stop all nodes first; nothing was changed.");
        }
    }

    /// <summary>See <see cref="IStore.Lineage"/>: as stored, or as now to be added.</summary>
    public static long LineageOf(IReadOnlyDictionary<string, string> stored, IReadOnlyList<KeyValuePair<string, string>> missing) =>
        long.Parse(Of(stored, missing, LineageKey), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>A row that every store has: as stored, or as now to be added.</summary>
    public static string Of(IReadOnlyDictionary<string, string> stored, IReadOnlyList<KeyValuePair<string, string>> missing, string key) =>
        stored.TryGetValue(key, out string? value) ? value : missing.First(row => row.Key == key).Value;

    /// <summary>The stored schema's version, 0 for a new store.</summary>
    /// <exception cref="StoreMismatchException">A newer version of Streams wrote it.</exception>
    public static int VersionOf(string? stored, int newest, string store)
    {
        int version = stored is null ? 0 : int.Parse(stored, CultureInfo.InvariantCulture);
        return version <= newest
            ? version
            : throw new StoreMismatchException(
                $"{store} has schema version {version}, this build of Streams knows versions up to {newest}. Run the newer build, or restore a backup from before the upgrade.");
    }

    private static string Describe(KindLayout kind) => string.Create(CultureInfo.InvariantCulture, $"{kind.Name}:{kind.Partitions}");
}
