using Streams.Runtime.Shards;

namespace Streams.Runtime.Hosting;

/// <summary>
/// A shard that is being given back: what it has is written and published, step by step between its neighbours' work. Whatever does not
/// finish in time is left to the store, which is the truth.
/// </summary>
/// <param name="isLate">The time for it is over.</param>
/// <param name="isPublishedLate">Of what is written already, enough was waited for: its new owner publishes the rest first thing.</param>
internal sealed class Handover(Shard shard, Func<bool> isLate, Func<bool> isPublishedLate, Action<Shard> release)
{
    private bool _forgot;

    public Shard Shard { get; } = shard;

    /// <summary>Set when the shard is no more of this node's business.</summary>
    public ManualResetEventSlim Done { get; } = new(false);

    /// <summary>Looks how far it is; true when it is over. On the worker's thread.</summary>
    public bool Step()
    {
        bool late = isLate();
        if (!Shard.IsDropped && !late && (Shard.CommitsInFlight > 0 || (!_forgot && Shard.HasUnpublished && !isPublishedLate())))
        {
            return false;
        }

        if (!Shard.IsDropped && !late && !_forgot)
        {
            _forgot = true;
            Shard.ForgetPublished();
            return Step();
        }

        if (!Shard.IsDropped && Shard.CommitsInFlight == 0)
        {
            release(Shard);
        }

        Shard.Drop();
        Done.Set();
        return true;
    }
}
