namespace Streams.Runtime.Log;

/// <summary>
/// A producer that outlives its failures: one that has failed for good is replaced with the next record. For senders that tell theirs what
/// failed and leave it to them to send again; nothing is sent twice here. Thread-safe.
/// </summary>
public sealed class LastingWriter(Func<ILogWriter> create) : IDisposable
{
    private readonly Lock _gate = new();
    private ILogWriter? _writer;
    private bool _disposed;

    /// <summary>As <see cref="ILogWriter.Send"/>.</summary>
    /// <exception cref="LogFailedException">There is no producer, and none can be made.</exception>
    public void Send(in OutgoingRecord record, IDelivery delivery)
    {
        ILogWriter writer;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            writer = _writer ??= create();
        }

        writer.Send(record, new Watch(this, writer, delivery));
    }

    public void Dispose()
    {
        ILogWriter? last;
        lock (_gate)
        {
            _disposed = true;
            last = _writer;
            _writer = null;
        }

        last?.Dispose();
    }

    private void Replace(ILogWriter failed)
    {
        lock (_gate)
        {
            if (!ReferenceEquals(_writer, failed))
            {
                return;
            }

            _writer = null;
        }

        // Told on the producer's own thread, which its end waits for.
        ThreadPool.QueueUserWorkItem(static writer => writer.Dispose(), failed, preferLocal: false);
    }

    private sealed class Watch(LastingWriter owner, ILogWriter writer, IDelivery delivery) : IDelivery
    {
        public void Delivered() => delivery.Delivered();

        public void Failed(string reason, bool fatal)
        {
            if (fatal)
            {
                owner.Replace(writer);
            }

            delivery.Failed(reason, fatal);
        }
    }
}
