namespace Streams.Runtime.Actors;

/// <summary>
/// Actors with changes not yet written, in the order of their first unwritten offset: the head's offset is where a new owner would
/// have to read on. Intrusive and doubly linked, so that adding and removing cost a few stores.
/// </summary>
internal sealed class DirtyList
{
    private Actor? _tail;

    public Actor? Head { get; private set; }

    public int Count { get; private set; }

    public void Add(Actor actor, long offset, long nowInMs)
    {
        actor.IsDirty = true;
        actor.DirtyOffset = offset;
        actor.DirtySinceInMs = nowInMs;
        actor.PreviousDirty = _tail;
        actor.NextDirty = null;
        if (_tail is null)
        {
            Head = actor;
        }
        else
        {
            _tail.NextDirty = actor;
        }

        _tail = actor;
        Count++;
    }

    public void Remove(Actor actor)
    {
        if (!actor.IsDirty)
        {
            return;
        }

        if (actor.PreviousDirty is null)
        {
            Head = actor.NextDirty;
        }
        else
        {
            actor.PreviousDirty.NextDirty = actor.NextDirty;
        }

        if (actor.NextDirty is null)
        {
            _tail = actor.PreviousDirty;
        }
        else
        {
            actor.NextDirty.PreviousDirty = actor.PreviousDirty;
        }

        actor.PreviousDirty = null;
        actor.NextDirty = null;
        actor.IsDirty = false;
        Count--;
    }

    public void Clear()
    {
        Head = null;
        _tail = null;
        Count = 0;
    }
}
