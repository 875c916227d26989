using System.Runtime.InteropServices;

namespace Streams.Chaos.Cluster;

/// <summary>POSIX signals, which .NET has no call for.</summary>
internal static partial class Signals
{
    public const int Terminate = 15;

    /// <summary>Numbered by Linux and by the BSDs, macOS among them.</summary>
    public static int Continue { get; } = OperatingSystem.IsLinux() ? 18 : 19;

    public static int Stop { get; } = OperatingSystem.IsLinux() ? 19 : 17;

    /// <summary>False where the process is gone.</summary>
    public static bool Send(int process, int signal) => Kill(process, signal) == 0;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
