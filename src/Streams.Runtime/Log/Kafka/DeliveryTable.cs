namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// Who is to be told of which record: a record carries the number of its slot through librdkafka, so no object and no handle is made
/// for it. Also counts what is on its way. Thread-safe.
/// </summary>
internal sealed unsafe class DeliveryTable
{
    private readonly object _gate = new();
    private IDelivery?[] _deliveries = new IDelivery?[1024];
    private int[] _free = new int[1024];
    private int _freeCount;
    private int _used;
    private int _count;
    private bool _closed;

    /// <summary>Records handed over and not yet reported.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>False once closed.</summary>
    public bool TryAdd(IDelivery delivery, out int slot)
    {
        lock (_gate)
        {
            slot = -1;
            if (_closed)
            {
                return false;
            }

            if (_freeCount > 0)
            {
                slot = _free[--_freeCount];
            }
            else
            {
                if (_used == _deliveries.Length)
                {
                    Array.Resize(ref _deliveries, _used * 2);
                    Array.Resize(ref _free, _used * 2);
                }

                slot = _used++;
            }

            _deliveries[slot] = delivery;
            _count++;
            return true;
        }
    }

    public void Remove(int slot)
    {
        lock (_gate)
        {
            Release(slot);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Tells each record's delivery, outside the lock, in the order of the reports; then frees the slots.</summary>
    public void Report(RdMessage** messages, int count, KafkaWriter writer)
    {
        IDelivery?[] deliveries;
        lock (_gate)
        {
            // A table that grows leaves this array behind, with these slots as they are.
            deliveries = _deliveries;
        }

        for (int i = 0; i < count; i++)
        {
            writer.Tell(deliveries[SlotOf(messages[i])]!, messages[i]->Error);
        }

        lock (_gate)
        {
            for (int i = 0; i < count; i++)
            {
                Release(SlotOf(messages[i]));
            }

            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Takes no more; what is in it stays until reported.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Returns when something was reported, at the latest after <paramref name="limit"/>.</summary>
    public void WaitForRoom(TimeSpan limit)
    {
        lock (_gate)
        {
            Monitor.Wait(_gate, limit);
        }
    }

    public bool WaitUntilEmpty(TimeSpan limit)
    {
        long untilInMs = Environment.TickCount64 + (long)limit.TotalMilliseconds;
        lock (_gate)
        {
            while (_count > 0)
            {
                long leftInMs = untilInMs - Environment.TickCount64;
                if (leftInMs <= 0 || !Monitor.Wait(_gate, TimeSpan.FromMilliseconds(leftInMs)))
                {
                    return _count == 0;
                }
            }

            return true;
        }
    }

    private static int SlotOf(RdMessage* message) => (int)message->Opaque - 1;

    private void Release(int slot)
    {
        _deliveries[slot] = null;
        _free[_freeCount++] = slot;
        _count--;
    }
}
