using Streams.Runtime.Actors;

namespace Streams.Node.Actors;

/// <summary>An actor kind that can say for the API what one of its actors is like now. Called on the shard's thread, of one instance for all shards: at the same time on several. Must not change anything, scratch buffers neither.</summary>
internal interface IDescribesActors
{
    /// <summary>One JSON object; null where the actor is not (yet) anything to speak of.</summary>
    byte[]? Describe(Actor actor);

    /// <summary>Closed windows not yet in the store's history, in the form of a history row's body.</summary>
    byte[]? RecentHistory(Actor actor);
}
