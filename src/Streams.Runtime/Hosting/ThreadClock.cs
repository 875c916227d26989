using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Streams.Runtime.Hosting;

/// <summary>
/// Processor time of the calling thread: what its work costs, however many threads share the cores meanwhile. Where the system has no such clock
/// at hand (Windows), the time that passes, which is never less.
/// </summary>
internal static partial class ThreadClock
{
    /// <summary>CLOCK_THREAD_CPUTIME_ID: 3 on Linux, 16 on macOS; -1 where it is not used.</summary>
    private static readonly int s_clock = OperatingSystem.IsLinux() ? 3 : OperatingSystem.IsMacOS() ? 16 : -1;

    /// <summary>Nanoseconds since some moment of the thread's life.</summary>
    public static long Nanoseconds() =>
        s_clock >= 0 && GetTime(s_clock, out TimeSpec time) == 0
            ? (time.Seconds * 1_000_000_000) + time.Nanoseconds
            : (long)Stopwatch.GetElapsedTime(0).TotalNanoseconds;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out TimeSpec time);

    private readonly struct TimeSpec
    {
        public readonly nint Seconds;
        public readonly nint Nanoseconds;
    }
}
