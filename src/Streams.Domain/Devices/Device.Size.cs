using System.Runtime.CompilerServices;
using Streams.Domain.Detection;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

public sealed partial class Device
{
    private static readonly int MetricInBytes = 96 + Unsafe.SizeOf<MetricWindows>() + Unsafe.SizeOf<RuleState>() + Unsafe.SizeOf<RepeatTags>();

    /// <summary>Estimate of the device's memory, for the bound on devices kept.</summary>
    public int SizeInBytes
    {
        get
        {
            long size = 544 + _past.SizeInBytes + ((Id.Length + Name.Length) * 2);
            foreach (MetricState metric in Metrics)
            {
                size += MetricInBytes + metric.Windows.SizeInBytes
                    + (metric.Unusual is null ? 0 : 16 + Unsafe.SizeOf<UnusualState>())
                    + (metric.Spike is null ? 0 : 16 + Unsafe.SizeOf<SpikeState>());
            }

            return (int)size;
        }
    }
}
