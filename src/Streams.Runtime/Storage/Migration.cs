namespace Streams.Runtime.Storage;

/// <summary>One step of a store's schema; version n is what the first n of them make. A step that was released is never changed.</summary>
/// <param name="StopsOthers">
/// Programs of the version before can not go on beside it: a column they write is gone, or means something else. Left false where a step only adds what
/// they need not know, which is how a rolling upgrade stays possible.
/// </param>
internal readonly record struct Migration(string Sql, bool StopsOthers = false)
{
    /// <summary>The first version that has rows of nodes.</summary>
    private const int KnowsNodes = 4;

    /// <param name="version">Of the store, before.</param>
    /// <exception cref="StoreMismatchException">A step would break nodes that are running.</exception>
    public static void Check(IReadOnlyList<Migration> all, int version, Func<IReadOnlyList<NodeRow>> nodes, string store)
    {
        int breaks = Enumerable.Range(1, all.Count).LastOrDefault(step => step > version && all[step - 1].StopsOthers);
        if (breaks == 0 || version < KnowsNodes)
        {
            return;
        }

        NodeRow[] running = [.. nodes().Where(node => node.IsAlive && node.Schema < breaks)];
        if (running.Length > 0)
        {
            throw new StoreMismatchException(
                $"{store} has schema version {version} and is to be brought to {all.Count}, which nodes built for an older one can't go on with. Running: "
                + $"{string.Join(", ", running.Select(node => $"{node.Name} ({node.Version})"))}. Stop them first; nothing was changed.");
        }
    }
}
