using System.Diagnostics.CodeAnalysis;

namespace Streams.Runtime.Hosting;

/// <summary>
/// A first-in-first-out queue between threads, bounded by the cost of what is in it. A single item may exceed the bound (or it could
/// never pass); a second one then waits.
/// </summary>
internal sealed class BoundedQueue<T>(long capacity)
{
    private readonly Queue<(T Item, long Cost)> _items = new();
    private readonly object _gate = new();
    private long _cost;

    /// <summary>Adds without regard to the bound: for commands, which must not wait behind data.</summary>
    public void Add(T item, long cost = 0)
    {
        lock (_gate)
        {
            Put(item, cost);
        }
    }

    /// <summary>Adds when there is room, waiting for it up to the timeout.</summary>
    public bool TryAdd(T item, long cost, TimeSpan timeout)
    {
        lock (_gate)
        {
            if (!Gate.Wait(_gate, () => _cost < capacity, timeout))
            {
                return false;
            }

            Put(item, cost);
            return true;
        }
    }

    public bool TryTake([MaybeNullWhen(false)] out T item, TimeSpan timeout)
    {
        lock (_gate)
        {
            if (_items.Count == 0 && !Gate.Wait(_gate, () => _items.Count > 0, timeout))
            {
                item = default;
                return false;
            }

            (item, long cost) = _items.Dequeue();
            bool wasFull = _cost >= capacity;
            _cost -= cost;
            if (wasFull)
            {
                Monitor.PulseAll(_gate);
            }

            return true;
        }
    }

    /// <summary>Of what is in it now.</summary>
    public long Cost => Volatile.Read(ref _cost);

    private void Put(T item, long cost)
    {
        _items.Enqueue((item, cost));
        _cost += cost;
        Monitor.PulseAll(_gate);
    }
}
