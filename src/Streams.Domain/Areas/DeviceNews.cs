using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// Turns what a device hands out into what its area is told: its windows as deltas, its anomalies, how far it has come. Use
/// <see cref="Tell"/>, or pass on single calls from an output that has other uses for them too.
/// </summary>
public sealed class DeviceNews(ObservationBuilder builder, DeviceCatalog catalog) : IDeviceOutput
{
    private readonly Dictionary<string, long> _intervals = new(StringComparer.Ordinal);
    private string _area = "";
    private string _device = "";

    /// <summary>Drains a device into the observations, its position included.</summary>
    public void Tell(Device device)
    {
        Begin(device);
        device.Drain(this);
        End(device);
    }

    /// <summary>Call before draining a device through an output of one's own.</summary>
    public void Begin(Device device)
    {
        _area = device.Area;
        _device = device.Id;
    }

    /// <summary>Call after draining: says how far the device has come, for each of its types.</summary>
    public void End(Device device)
    {
        foreach (string type in device.Types)
        {
            builder.AddMember(_area, new MemberUpdate
            {
                Id = device.Id,
                Type = type,
                WatermarkInMs = device.WatermarkInMs,
                LastEventInMs = device.LastEventInMs,
                IntervalInMs = IntervalOf(type),
                Devices = 1,
                Silent = device.IsSilent && type == device.Type ? 1 : 0,
            });
        }
    }

    public void Registered(DeviceRegistration registration)
    {
    }

    /// <summary>The area it left no longer waits for it.</summary>
    public void Moved(DeviceRegistration registration, string fromArea) =>
        builder.AddMember(fromArea, new MemberUpdate { Id = _device, Type = registration.Type, WatermarkInMs = 0, LastEventInMs = 0, Devices = 0 });

    public void Anomaly(AnomalyEvent anomaly) => builder.AddAnomaly(anomaly.Area, NoticeOf(anomaly));

    /// <summary>What the area is told of an anomaly.</summary>
    public static AnomalyNotice NoticeOf(AnomalyEvent anomaly) => new()
    {
        Id = anomaly.Id,
        DeviceId = anomaly.DeviceId,
        Type = anomaly.Type,
        Metric = anomaly.Metric,

        // Rules tell a configured limit from what is unusual, though both are called level outside.
        Kind = anomaly.Kind == AnomalyKind.Limit ? AnomalyNotice.Limit : anomaly.Kind.Word(),
        IsRaised = anomaly.IsRaised,
        TimeInMs = anomaly.TimeInMs,
        SinceInMs = anomaly.SinceInMs,
        Value = anomaly.Value,
        Expected = anomaly.Expected,
        Score = anomaly.Score,
        Explanation = anomaly.Explanation,
    };

    public void Closed(in ClosedWindow window) => builder.AddWindow(
        _area, window.Type, window.Metric, window.Unit, window.Size, window.StartInMs, in window.Added, in window.AddedSketch, window.Revision > 0);

    /// <summary>Not for areas.</summary>
    public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
    {
    }

    private long IntervalOf(string type)
    {
        if (!_intervals.TryGetValue(type, out long intervalInMs))
        {
            intervalInMs = (long)(catalog.Find(type)?.Interval.TotalMilliseconds ?? 0);
            _intervals.Add(type, intervalInMs);
        }

        return intervalInMs;
    }
}
