using System.Buffers;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Node.Actors;

namespace Streams.Chaos.Truth;

/// <summary>What a closed window of a device, or of an area, comes to. Sums are equal up to rounding.</summary>
internal readonly record struct WindowFigures(long Count, double Sum, double Min, double Max)
{
    public WindowFigures Plus(in WindowFigures other) =>
        Count == 0 ? other : new(Count + other.Count, Sum + other.Sum, Math.Min(Min, other.Min), Math.Max(Max, other.Max));

    public bool Equals(WindowFigures other) =>
        Count == other.Count && Min == other.Min && Max == other.Max && Math.Abs(Sum - other.Sum) <= 1e-9 * Math.Max(1, Math.Abs(Sum)) * Math.Max(1, Count);

    public override int GetHashCode() => Count.GetHashCode();
}

internal readonly record struct WindowKey(string Metric, WindowSize Size, long StartInMs);

/// <summary>A decision of a device, with the bytes that are to be published and the record that led to it.</summary>
internal sealed record Decision(string EventId, byte[] Bytes, long CausedAtInMs, long Offset, bool IsSilence, bool IsRaised, long TimeInMs, long SinceInMs, AnomalyKind Kind);

/// <summary>A device as one thread would have it that applies the log, and nothing else, from its beginning.</summary>
internal sealed class ModelDevice(string id) : IDeviceOutput
{
    private readonly ArrayBufferWriter<byte> _body = new(512);
    private readonly Dictionary<int, long> _marks = [];

    public string Id { get; } = id;

    public DeviceActor Actor { get; } = new(id, new Device(id));

    public List<Decision> Decisions { get; } = [];

    /// <summary>As last revised.</summary>
    public Dictionary<WindowKey, WindowFigures> Windows { get; } = [];

    /// <summary>Of the record that is being applied.</summary>
    public long AtOffset { get; set; }

    public long AtTimeInMs { get; set; }

    public int OpenLimits { get; private set; }

    /// <summary>False for the repeat of a record that was forwarded by the cluster.</summary>
    public bool IsNew(int source, long number)
    {
        if (_marks.TryGetValue(source, out long last) && number <= last)
        {
            return false;
        }

        _marks[source] = number;
        return true;
    }

    public void Drain() => Actor.Device.Drain(this);

    void IDeviceOutput.Registered(DeviceRegistration registration)
    {
    }

    void IDeviceOutput.Moved(DeviceRegistration registration, string fromArea)
    {
    }

    void IDeviceOutput.Anomaly(AnomalyEvent anomaly)
    {
        _body.ResetWrittenCount();
        AnomalyJson.Write(_body, anomaly);
        OpenLimits += anomaly.Kind == AnomalyKind.Limit ? (anomaly.IsRaised ? 1 : -1) : 0;
        Decisions.Add(new Decision(
            $"{anomaly.Id}/{(anomaly.IsRaised ? "raised" : "cleared")}", _body.WrittenSpan.ToArray(), AtTimeInMs, AtOffset, anomaly.Kind == AnomalyKind.Silence, anomaly.IsRaised,
            anomaly.TimeInMs, anomaly.SinceInMs, anomaly.Kind));
    }

    void IDeviceOutput.Closed(in ClosedWindow window) =>
        Windows[new WindowKey(string.Intern(window.Metric), window.Size, window.StartInMs)] = new WindowFigures(window.Moments.Count, window.Moments.Sum, window.Moments.Min, window.Moments.Max);

    void IHistoryOutput.History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
    {
    }

    /// <summary>As the API shows it, less what depends on the clock.</summary>
    public static string Shown(Device device)
    {
        ArrayBufferWriter<byte> body = new(1024);
        DeviceJson.Write(body, device);
        string json = Encoding.UTF8.GetString(body.WrittenSpan);
        int from = json.IndexOf("\"lastArrival\":", StringComparison.Ordinal);
        return from < 0 ? json : json.Remove(from, json.IndexOf(',', from) - from + 1);
    }
}
