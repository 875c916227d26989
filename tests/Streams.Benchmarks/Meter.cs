using System.Diagnostics;

namespace Streams.Benchmarks;

/// <summary>What this process and the broker's used between <see cref="Start"/> and <see cref="Stop"/>.</summary>
internal sealed class Meter(int brokerProcess)
{
    private readonly Process _self = Process.GetCurrentProcess();
    private readonly Process _broker = Process.GetProcessById(brokerProcess);
    private readonly int[] _collections = new int[3];
    private long _started;
    private TimeSpan _cpu;
    private TimeSpan _brokerCpu;
    private long _allocated;
    private TimeSpan _paused;

    /// <summary>Also collects garbage first, so that what came before costs nothing here, and forgets earlier peaks of memory.</summary>
    public void Prepare()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        if (OperatingSystem.IsLinux())
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
    }

    public void Start()
    {
        _allocated = GC.GetTotalAllocatedBytes();
        _paused = GC.GetTotalPauseDuration();
        for (int i = 0; i < _collections.Length; i++)
        {
            _collections[i] = GC.CollectionCount(i);
        }

        _brokerCpu = CpuOf(_broker);
        _cpu = CpuOf(_self);
        _started = Stopwatch.GetTimestamp();
    }

    public Usage Stop() => new(
        Stopwatch.GetElapsedTime(_started).TotalSeconds,
        (CpuOf(_self) - _cpu).TotalSeconds,
        (CpuOf(_broker) - _brokerCpu).TotalSeconds,
        GC.GetTotalAllocatedBytes() - _allocated,
        [.. _collections.Select((before, i) => GC.CollectionCount(i) - before)],
        (GC.GetTotalPauseDuration() - _paused).TotalMilliseconds,
        PeakInBytes());

    private long PeakInBytes()
    {
        _self.Refresh();
        return _self.PeakWorkingSet64;
    }

    private static TimeSpan CpuOf(Process process)
    {
        process.Refresh();
        return process.TotalProcessorTime;
    }
}

/// <param name="Collections">Of generations 0, 1 and 2; each also counts in the younger ones.</param>
internal sealed record Usage(
    double Seconds, double CpuInSeconds, double BrokerCpuInSeconds, long AllocatedInBytes, int[] Collections, double PausedInMs, long PeakWorkingSetInBytes);
