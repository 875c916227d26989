namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// Which partitions are this member's, which of them are paused, and where reading them goes on. Rebalances are cooperative: each
/// brings or takes some partitions and leaves the others as they are. Polling thread only.
/// </summary>
internal sealed unsafe class KafkaAssignment(KafkaClient client, KafkaLogOptions options, string group)
{
    private readonly HashSet<InboxPartition> _assigned = [];
    private readonly HashSet<InboxPartition> _paused = [];

    /// <summary>On their way: the listener is being told, librdkafka is not yet.</summary>
    private InboxPartition[] _coming = [];

    private delegate void PartitionCall(RdTopicPartitions* list);

    /// <summary>Null before the subscription.</summary>
    public IAssignmentListener? Listener { get; set; }

    public bool AllPaused => _paused.Count == _assigned.Count;

    /// <summary>One of them; the default where there is none.</summary>
    public InboxPartition Any => _assigned.FirstOrDefault();

    public bool Has(InboxPartition partition) => _assigned.Contains(partition);

    /// <summary>
    /// Carries out a rebalance. librdkafka waits for the assign or unassign call in all cases, so a listener that throws must not prevent it.
    /// </summary>
    /// <returns>Why the member can not go on; null when it can.</returns>
    public LogFailedException? Change(RdError what, RdTopicPartitions* list)
    {
        LogFailedException? failure = null;
        try
        {
            InboxPartition[] partitions = Read(list);
            if (what == RdError.LocalAssignPartitions)
            {
                _coming = partitions;
                Start(partitions, list);
            }
            else
            {
                Stop(partitions);
            }
        }
        catch (Exception e)
        {
            failure = new LogFailedException($"Group {group}: a rebalance could not be handled: {e.Message}", e);
        }

        // Also after a failure, and always with the whole list: a member whose rebalance is left open can neither close nor be destroyed.
        string message = "";
        bool done = what switch
        {
            RdError.LocalAssignPartitions => Rd.Take(Rd.IncrementalAssign(client.Handle, list), out message) == RdError.None,
            RdError.LocalRevokePartitions => Rd.Take(Rd.IncrementalUnassign(client.Handle, list), out message) == RdError.None,
            _ => false,
        };
        if (!done)
        {
            failure ??= new LogFailedException($"Group {group}: the assignment was refused: {message}");
            Rd.Assign(client.Handle, null);
        }

        InboxPartition[] came = _coming;
        _coming = [];
        if (failure is null)
        {
            try
            {
                Array.ForEach(came, PauseIfAsked);
            }
            catch (LogFailedException e)
            {
                failure = e;
            }
        }

        return failure;
    }

    /// <summary>Also while the partition is being assigned: it then starts paused.</summary>
    public void Pause(InboxPartition partition)
    {
        if (Array.IndexOf(_coming, partition) >= 0)
        {
            _paused.Add(partition);
        }
        else if (_assigned.Contains(partition) && _paused.Add(partition))
        {
            PauseIfAsked(partition);
        }
    }

    /// <summary>False when it was not paused: librdkafka 2.0 would rewind it.</summary>
    public bool Resume(InboxPartition partition)
    {
        if (!_paused.Remove(partition))
        {
            return false;
        }

        if (Array.IndexOf(_coming, partition) < 0)
        {
            Call(partition, Rd.OffsetInvalid, list => Check(Rd.Resume(client.Handle, list), "resume", partition));
        }

        return true;
    }

    public void Seek(InboxPartition partition, long offset) =>
        Call(partition, offset, list =>
        {
            RdError error = Rd.Take(Rd.Seek(client.Handle, list, (int)options.RequestTimeout.TotalMilliseconds), out string message);
            if (error == RdError.None && (error = list->Items[0].Error) == RdError.LocalState)
            {
                // Fetching has not begun, or stopped at an offset that is gone: only assigning starts it.
                error = Reassign(partition, offset, list, out message);
            }

            if (error != RdError.None)
            {
                throw new LogFailedException($"Can not seek in {partition} to offset {offset}: {(message.Length > 0 ? message : Rd.Describe(error))}");
            }
        });

    private static InboxPartition[] Read(RdTopicPartitions* list)
    {
        var partitions = new InboxPartition[list->Count];
        for (int i = 0; i < partitions.Length; i++)
        {
            partitions[i] = new InboxPartition(Rd.Text(list->Items[i].Topic), list->Items[i].Partition);
        }

        return partitions;
    }

    private void Start(InboxPartition[] partitions, RdTopicPartitions* list)
    {
        IReadOnlyList<long> offsets = Listener!.Assigned(partitions);
        for (int i = 0; i < partitions.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offsets[i], $"the offset to start {partitions[i]} at");
            list->Items[i].Offset = offsets[i];
        }

        _assigned.UnionWith(partitions);
    }

    private void Stop(InboxPartition[] partitions)
    {
        // Those that the listener failed to take were never its own.
        partitions = [.. partitions.Where(_assigned.Contains)];
        if (partitions.Length == 0)
        {
            return;
        }

        _assigned.ExceptWith(partitions);
        _paused.ExceptWith(partitions);
        if (Rd.AssignmentLost(client.Handle) != 0)
        {
            Listener!.Lost(partitions);
        }
        else
        {
            Listener!.Revoked(partitions);
        }
    }

    private void PauseIfAsked(InboxPartition partition)
    {
        if (_paused.Contains(partition))
        {
            Call(partition, Rd.OffsetInvalid, list => Check(Rd.Pause(client.Handle, list), "pause", partition));
        }
    }

    private RdError Reassign(InboxPartition partition, long offset, RdTopicPartitions* list, out string message)
    {
        RdError error = Rd.Take(Rd.IncrementalUnassign(client.Handle, list), out message);
        if (error == RdError.None)
        {
            list->Items[0].Offset = offset;
            error = Rd.Take(Rd.IncrementalAssign(client.Handle, list), out message);
        }

        // Unassigning also resumed it.
        return error == RdError.None && _paused.Contains(partition) ? Rd.Pause(client.Handle, list) : error;
    }

    private static void Call(InboxPartition partition, long offset, PartitionCall call)
    {
        RdTopicPartitions* list = Rd.PartitionsNew(1);
        try
        {
            Rd.PartitionsAdd(list, partition.Topic, partition.Partition)->Offset = offset;
            call(list);
        }
        finally
        {
            Rd.PartitionsDestroy(list);
        }
    }

    private static void Check(RdError error, string doing, InboxPartition partition)
    {
        if (error != RdError.None)
        {
            throw new LogFailedException($"Can not {doing} {partition}: {Rd.Describe(error)}");
        }
    }
}
