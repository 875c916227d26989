using System.Buffers;
using Streams.Domain.Detection;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Handing out what waits, and keeping the past in packed chunks.</summary>
public sealed partial class Device
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private byte[] _history = [];
    private int _historyLength;
    private int _historyNames;
    private long _historySequence;
    private long _historyFromInMs;
    private long _historyToInMs;
    private long _historyPreviousInMs;

    /// <summary>History not yet handed out, for the API: see <see cref="WindowHistory.TryRead"/>.</summary>
    public ReadOnlyMemory<byte> RecentHistory => _history.AsMemory(0, _historyLength);

    private static ArrayBufferWriter<byte> Scratch
    {
        get
        {
            _scratch ??= new ArrayBufferWriter<byte>(1024);
            _scratch.ResetWrittenCount();
            return _scratch;
        }
    }

    /// <summary>Hands out everything that waits, decisions first, each in order, and forgets it.</summary>
    public void Drain(IDeviceOutput output)
    {
        List<object>? waiting = _decided;
        _decided = null;
        for (int i = 0; i < (waiting?.Count ?? 0); i++)
        {
            switch (waiting![i])
            {
                case AnomalyEvent anomaly:
                    output.Anomaly(anomaly);
                    break;
                case DeviceRegistration registration:
                    output.Registered(registration);
                    break;
                case Move move:
                    output.Moved(move.Registration, move.FromArea);
                    break;
            }
        }

        if (!_hasWindows)
        {
            return;
        }

        _hasWindows = false;
        foreach (MetricState metric in Metrics)
        {
            var windows = new WindowOutput(this, metric, output);
            metric.Windows.Drain(ref windows, metric.Metric.Type.Name, metric.Metric.Definition, metric.Name);
        }

        if (_historyLength > WindowHistory.ChunkInBytes)
        {
            HandOutHistory(output);
        }
    }

    /// <summary>Hands out the history kept so far even if it is no full chunk: when the device is deleted.</summary>
    public void DrainHistory(IDeviceOutput output)
    {
        if (_historyLength > 0)
        {
            HandOutHistory(output);
        }
    }

    private void HandOutHistory(IDeviceOutput output)
    {
        output.History(_historySequence, _historyFromInMs, _historyToInMs, _history.AsSpan(0, _historyLength));
        _historySequence++;
        _historyLength = 0;
        _historyNames = 0;
        _historyPreviousInMs = 0;
    }

    private void Remember(MetricState metric, in ClosedWindow window)
    {
        ArrayBufferWriter<byte> row = Scratch;
        if (_historyLength == 0)
        {
            new SnapshotWriter(row).Byte(WindowHistory.Version);
            _historyFromInMs = long.MaxValue;
            _historyToInMs = long.MinValue;
        }

        bool isNewName = metric.HistoryChunk != _historySequence;
        if (isNewName)
        {
            metric.HistoryChunk = _historySequence;
            metric.HistoryName = _historyNames++;
        }

        WindowHistory.Write(row, in window, metric.HistoryName, isNewName, ref _historyPreviousInMs);
        _historyFromInMs = Math.Min(_historyFromInMs, window.StartInMs);
        _historyToInMs = Math.Max(_historyToInMs, window.EndInMs);
        int needed = _historyLength + row.WrittenCount;
        if (needed > _history.Length)
        {
            Array.Resize(ref _history, needed <= WindowHistory.ChunkInBytes
                ? Math.Min(WindowHistory.ChunkInBytes + 96, (needed * 3 / 2) + 32)
                : needed + 64);
        }

        row.WrittenSpan.CopyTo(_history.AsSpan(_historyLength));
        _historyLength = needed;
    }

    private readonly ref struct WindowOutput(Device device, MetricState metric, IDeviceOutput output) : IClosedWindows
    {
        public void Closed(in ClosedWindow window)
        {
            output.Closed(in window);
            device.Remember(metric, in window);
        }
    }
}
