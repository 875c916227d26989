using System.Buffers;
using Streams.Domain.Detection;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Handing out what waits, and keeping the past in packed chunks.</summary>
public sealed partial class Device
{
    [ThreadStatic]
    private static ArrayBufferWriter<byte>? _scratch;

    private HistoryRuns _past = new(hasMembers: false);

    /// <summary>How many of this device's metrics history has named; the next one's number.</summary>
    private int _pastNames;

    /// <summary>What a snapshot of an earlier form still had to hand out.</summary>
    private Leftover? _leftover;

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

        if (_leftover is { } leftover)
        {
            _leftover = null;
            output.History(HistoryPart.Mixed, leftover.FromInMs, leftover.Rows);
        }

        if (!_hasWindows)
        {
            return;
        }

        _hasWindows = false;
        NameMetrics(output);
        foreach (MetricState metric in Metrics)
        {
            var windows = new WindowOutput(this, metric, output);
            metric.Windows.Drain(ref windows, metric.Metric.Type.Name, metric.Metric.Definition, metric.Name);
        }
    }

    /// <summary>Hands out the history kept so far even if it fills no row: when the device is deleted.</summary>
    public void DrainHistory(IHistoryOutput output) => _past.HandOutAll(output);

    /// <summary>Shows the history not yet handed out, for the API.</summary>
    public void ShowRecentHistory(IHistoryOutput output)
    {
        if (_leftover is { } leftover)
        {
            output.History(HistoryPart.Mixed, leftover.FromInMs, leftover.Rows);
        }

        _past.Show(output);
    }

    /// <summary>Numbers are for good: rows of history say them instead of names.</summary>
    private void NameMetrics(IHistoryOutput output)
    {
        ArrayBufferWriter<byte>? names = null;
        foreach (MetricState metric in Metrics)
        {
            if (metric.HistoryNumber < 0 && metric.Windows.PendingCount > 0)
            {
                if (names is null)
                {
                    HistoryNames.Begin(names = Scratch);
                }

                metric.HistoryNumber = _pastNames++;
                HistoryNames.Write(names, metric.HistoryNumber, metric.Metric.Type.Name, metric.Name);
            }
        }

        if (names is not null)
        {
            output.History(HistoryPart.Names, 0, names.WrittenSpan);
        }
    }

    private readonly ref struct WindowOutput(Device device, MetricState metric, IDeviceOutput output) : IClosedWindows
    {
        public void Closed(in ClosedWindow window)
        {
            output.Closed(in window);
            device._past.Add(metric.HistoryNumber, in window, members: 1, output);
        }
    }

    private sealed record Leftover(long FromInMs, byte[] Rows);
}
