using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Hosting;

/// <summary>
/// That the log is the one whose positions the store holds. Another one is read from its beginning, and what the old one held unread is given up: an
/// operator's decision, not an accident of addresses.
/// </summary>
internal sealed class LogIdentity(ILog log, IStore store, EngineOptions options)
{
    private string? _found;

    /// <summary>Looks into the store once for each log that is met.</summary>
    /// <exception cref="StoreMismatchException">It is another, and not the one that is to take its place.</exception>
    public void Check()
    {
        string incarnation = log.Incarnation;
        if (_found == incarnation || options.AcceptLog == EngineOptions.AnyLog || options.AcceptLog == incarnation)
        {
            return;
        }

        string[] others = [.. store.ReadShards().Select(shard => shard.Incarnation).Where(each => each.Length > 0 && each != incarnation).Distinct()];
        if (others.Length > 0)
        {
            throw new StoreMismatchException(
                $"The store's positions are those of Kafka cluster {string.Join(", ", others)}; the brokers are those of {incarnation}. Check kafka.bootstrapServers. If the old cluster is gone for good, "
                + $"set kafka.acceptCluster: {incarnation}: reading then begins at the start of the new topics, and what the old ones held unread is lost to this cluster.");
        }

        _found = incarnation;
    }
}
