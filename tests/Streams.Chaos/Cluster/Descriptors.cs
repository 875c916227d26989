using System.Globalization;
using System.Runtime.InteropServices;

namespace Streams.Chaos.Cluster;

/// <summary>
/// File descriptors of this process. The broker's sockets, made by native code, would go to every process that is started here: a broker that
/// goes down would then still be listened for, by processes that know nothing of it, and its clients would wait for ever.
/// </summary>
internal static partial class Descriptors
{
    private const string Own = "/proc/self/fd";
    private const int SetFlags = 2;
    private const int CloseAtExec = 1;
    private const int FirstBeyondStandard = 3;

    /// <summary>What is open now, no process that is started after this gets.</summary>
    public static void KeepFromChildren()
    {
        if (!Directory.Exists(Own))
        {
            return;
        }

        foreach (string path in Directory.EnumerateFileSystemEntries(Own))
        {
            int descriptor = int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture);
            if (descriptor >= FirstBeyondStandard)
            {
                _ = Control(descriptor, SetFlags, CloseAtExec);
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int Control(int descriptor, int command, nint argument);
}
