using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Benchmarks.Devices;

/// <summary>Takes what devices say, and only counts it.</summary>
internal sealed class CountingOutput : IDeviceOutput
{
    public long Windows { get; private set; }

    /// <summary>Raised, by kind.</summary>
    public SortedDictionary<string, long> Anomalies { get; } = [];

    public void Registered(DeviceRegistration registration)
    {
    }

    public void Moved(DeviceRegistration registration, string fromArea)
    {
    }

    public void Anomaly(AnomalyEvent anomaly)
    {
        if (anomaly.IsRaised)
        {
            string kind = anomaly.Kind.ToString();
            Anomalies[kind] = Anomalies.GetValueOrDefault(kind) + 1;
        }
    }

    public void Closed(in ClosedWindow window) => Windows++;

    public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
    {
    }
}
