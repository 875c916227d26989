using System.Globalization;

namespace Streams.Benchmarks.Cluster;

/// <summary>A bound on the processor time of a process, by a control group of Linux (first or second version). Needs the right to make one.</summary>
internal sealed class CpuQuota : IDisposable
{
    /// <summary>Short, so that the process stands still for milliseconds only.</summary>
    private const int PeriodInMicros = 20_000;

    private readonly string _folder;

    /// <exception cref="UsageException">No control group can be made here.</exception>
    public CpuQuota(int process, double cores)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"streams-bench-{Environment.ProcessId}");
        bool isFirst = Directory.Exists("/sys/fs/cgroup/cpu");
        _folder = Path.Combine(isFirst ? "/sys/fs/cgroup/cpu" : "/sys/fs/cgroup", name);
        try
        {
            Directory.CreateDirectory(_folder);
            string quota = ((int)(cores * PeriodInMicros)).ToString(CultureInfo.InvariantCulture);
            string period = PeriodInMicros.ToString(CultureInfo.InvariantCulture);
            if (isFirst)
            {
                File.WriteAllText(Path.Combine(_folder, "cpu.cfs_period_us"), period);
                File.WriteAllText(Path.Combine(_folder, "cpu.cfs_quota_us"), quota);
            }
            else
            {
                File.WriteAllText(Path.Combine(_folder, "cpu.max"), $"{quota} {period}");
            }

            File.WriteAllText(Path.Combine(_folder, "cgroup.procs"), process.ToString(CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The node's processor time can not be bounded here, which takes a control group and the right to make one: {e.Message}");
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(_folder);
        }
        catch (IOException)
        {
            // A process is still in it; the system takes it away with its last one.
        }
    }
}
