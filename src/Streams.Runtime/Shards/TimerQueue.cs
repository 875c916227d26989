using Streams.Runtime.Actors;

namespace Streams.Runtime.Shards;

/// <summary>
/// When actors in memory want to be woken. An entry is only a reminder to ask: a device that keeps talking moves its deadline with
/// every reading and is asked again once per deadline, not once per reading.
/// </summary>
internal sealed class TimerQueue<TActor>
    where TActor : Actor
{
    private readonly PriorityQueue<WeakReference<TActor>, long> _queue = new();

    public void Remind(TActor actor, long dueInMs)
    {
        if (dueInMs < actor.QueuedDueInMs)
        {
            actor.QueuedDueInMs = dueInMs;
            _queue.Enqueue(new WeakReference<TActor>(actor), dueInMs);
        }
    }

    /// <summary>The next actor whose reminder is due, in order; false when there is none.</summary>
    public bool TryNext(long nowInMs, out TActor actor)
    {
        while (_queue.TryPeek(out WeakReference<TActor>? entry, out long dueInMs) && dueInMs <= nowInMs)
        {
            _queue.Dequeue();
            if (entry.TryGetTarget(out actor!) && actor.QueuedDueInMs == dueInMs)
            {
                actor.QueuedDueInMs = long.MaxValue;
                return true;
            }
        }

        actor = null!;
        return false;
    }

    public void Clear() => _queue.Clear();
}
