using Streams.Domain.Devices;
using Streams.Runtime.Actors;
using Streams.Runtime.Storage;

namespace Streams.Node.Actors;

/// <summary>An actor kind that can say for the API what one of its actors is like now. Called on the shard's thread, of one instance for all shards: at the same time on several. Must not change anything, scratch buffers neither.</summary>
internal interface IDescribesActors
{
    /// <summary>One JSON object; null where the actor is not (yet) anything to speak of.</summary>
    byte[]? Describe(Actor actor);

    /// <summary>Closed windows not yet in the store's history, as the rows they are to become.</summary>
    IReadOnlyList<HistoryRow> RecentHistory(Actor actor);
}

/// <summary>Gathers rows of history that are only shown.</summary>
internal sealed class ShownHistory : IHistoryOutput
{
    public List<HistoryRow> Rows { get; } = [];

    public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => Rows.Add(new HistoryRow(-1, (byte)part, fromInMs, body.ToArray()));
}
