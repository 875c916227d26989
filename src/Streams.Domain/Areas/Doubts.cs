using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>What an area's own devices say while they are broken, and shortly after, is doubted from the moment they broke.</summary>
internal sealed class Doubts
{
    /// <summary>A sensor that sent impossible or frozen values is not believed at once when it changes: half a day.</summary>
    private const long DoubtInMs = 12 * 3_600_000;

    /// <summary>Doubts kept before those that are over are forgotten; windows played out of order may still ask for the last ones.</summary>
    private const int Most = 128;

    private readonly SortedDictionary<(string Type, string Device, string Metric, string Anomaly), (long FromInMs, long UntilInMs)> _all = [];

    /// <summary>True for anomalies that say that a device is broken, and not the world unusual.</summary>
    public static bool Concern(AnomalyNotice anomaly) => anomaly.Kind is "range" or "stuck";

    public void Note(AnomalyNotice anomaly)
    {
        _all[(anomaly.Type, anomaly.DeviceId, anomaly.Metric, anomaly.Id)] =
            (anomaly.SinceInMs, anomaly.IsRaised ? long.MaxValue : anomaly.TimeInMs + DoubtInMs);
        if (_all.Count > Most)
        {
            foreach (var old in _all.Where(doubt => doubt.Value.UntilInMs < anomaly.TimeInMs).Select(doubt => doubt.Key).ToList())
            {
                _all.Remove(old);
            }
        }
    }

    /// <summary>
    /// True if half of the devices or more sent impossible or frozen values of the metric, then or shortly before: what they say
    /// of the world neither raises nor upholds an alert. Only devices of the area itself are known that well.
    /// </summary>
    public bool Hold(string type, MetricSelection metrics, long startInMs, WindowSize size, Membership members)
    {
        if (_all.Count == 0)
        {
            return false;
        }

        int devices = 0;
        string last = "";
        foreach (((string ofType, string device, string metric, _), (long fromInMs, long untilInMs)) in _all)
        {
            if (ofType == type && device != last && startInMs <= untilInMs && startInMs + size.LengthInMs() > fromInMs && metrics.Includes(metric))
            {
                devices++;
                last = device;
            }
        }

        return devices > 0 && 2 * devices >= members.Devices;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_all.Count);
        foreach (((string type, string device, string metric, string anomaly), (long fromInMs, long untilInMs)) in _all)
        {
            writer.Text(type);
            writer.Text(device);
            writer.Text(metric);
            writer.Text(anomaly);
            writer.Signed(fromInMs);
            writer.Signed(untilInMs);
        }
    }

    /// <param name="version">Of the area's snapshot. Until version 2 a device's doubt of a metric was one, and without a beginning.</param>
    public void Restore(ref SnapshotReader reader, byte version)
    {
        int doubts = reader.Count(1 << 20);
        for (int i = 0; i < doubts && !reader.Failed; i++)
        {
            _all[(reader.Text(), reader.Text(), reader.Text(), version >= 2 ? reader.Text() : "")] =
                (version >= 2 ? reader.Signed() : long.MinValue, reader.Signed());
        }
    }
}
