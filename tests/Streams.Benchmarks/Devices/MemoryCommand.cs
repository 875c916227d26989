using System.Buffers;
using System.Diagnostics;

namespace Streams.Benchmarks.Devices;

/// <summary>Memory of active devices with two metrics: after their first readings, and after a day of one a minute.</summary>
internal static class MemoryCommand
{
    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 100_000, 1, 10_000_000);
        int dayDevices = options.Whole("day-devices", 5_000, 1, 10_000_000);
        int interval = options.Whole("interval", 60, 1, 3600) * 1000;
        string? json = options.MaybeText("json");
        options.Finish();

        FigureList figures = new($"memory: devices with two metrics, a reading every {interval / 1000} s");
        long midnight = 1_780_000_000_000 / 86_400_000 * 86_400_000;

        (long heap, long workingSet) before = Settle();
        Fleet fleet = new(devices, interval);
        fleet.Speak(midnight, rounds: 2);
        Tell("new, 2 readings each", fleet, before);

        fleet = new Fleet(1, interval);
        before = Settle();
        fleet = new Fleet(dayDevices, interval);
        fleet.Speak(midnight, rounds: 86_400_000 / interval);
        Tell("after a day", fleet, before);
        return figures.Finish(json);

        void Tell(string what, Fleet measured, (long Heap, long WorkingSet) from)
        {
            (long heap, long workingSet) = Settle();
            int count = measured.Devices.Length;
            figures.Add($"{what}: managed heap per device ({count:N0} devices)", (double)(heap - from.Heap) / count, "B");
            figures.Add($"{what}: working set per device", (double)(workingSet - from.WorkingSet) / count, "B");
            ArrayBufferWriter<byte> snapshot = new();
            long bytes = 0;
            foreach (var device in measured.Devices)
            {
                snapshot.ResetWrittenCount();
                device.Save(snapshot);
                bytes += snapshot.WrittenCount;
            }

            figures.Add($"{what}: snapshot", (double)bytes / count, "B");
            figures.Add($"{what}: the node's own estimate", measured.Devices.Average(device => device.SizeInBytes), "B");
        }
    }

    private static (long Heap, long WorkingSet) Settle()
    {
        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var self = Process.GetCurrentProcess();
        return (GC.GetTotalMemory(forceFullCollection: true), self.WorkingSet64);
    }
}
