using System.Reflection;
using System.Runtime.InteropServices;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// Finds librdkafka, once a process, for this assembly's calls and for Confluent.Kafka's: the library that came with the
/// ordinary package where it is there, else the operating system's under the names distributions give it.
/// </summary>
public static class NativeKafka
{
    /// <summary>The name every import here uses. Confluent's variants (<c>centos8-librdkafka</c>, ...) end in it.</summary>
    internal const string Library = "librdkafka";

    /// <summary>1.9.0: the first with a non-blocking close of a consumer.</summary>
    private const int OldestVersion = 0x0109_0000;

    /// <summary>Debian and its kin name the library with its ABI version; the name without it comes with the -dev package.</summary>
    private static readonly string[] s_systemNames =
        OperatingSystem.IsWindows() ? ["librdkafka.dll", "rdkafka.dll"]
        : OperatingSystem.IsMacOS() ? ["librdkafka.1.dylib", "librdkafka.dylib", "/opt/homebrew/lib/librdkafka.dylib", "/usr/local/lib/librdkafka.dylib"]
        : ["librdkafka.so.1", "librdkafka.so", "/usr/local/lib/librdkafka.so.1"];

    private static readonly Lazy<string> s_version = new(Load);

    /// <summary>Version of the library in use, as it says itself ("2.0.2").</summary>
    /// <exception cref="LogFailedException">The library is not there or too old; the message says what to install.</exception>
    public static string Version => s_version.Value;

    /// <summary>Call before any use of Kafka, also through Confluent.Kafka. May be called often and from any thread.</summary>
    /// <inheritdoc cref="Version" path="/exception"/>
    public static void EnsureLoaded() => _ = s_version.Value;

    private static unsafe string Load()
    {
        NativeLibrary.SetDllImportResolver(typeof(NativeKafka).Assembly, Resolve);
        NativeLibrary.SetDllImportResolver(typeof(Confluent.Kafka.Library).Assembly, Resolve);
        try
        {
            int version = Rd.Version();
            return version >= OldestVersion
                ? Rd.Text(Rd.VersionText())
                : throw new LogFailedException($"librdkafka {Rd.Text(Rd.VersionText())} is too old: 1.9 or newer is needed.");
        }
        catch (DllNotFoundException e)
        {
            throw new LogFailedException(
                "Kafka's client library librdkafka is not on this machine. Install it (Debian, Ubuntu: apt-get install librdkafka1; "
                + "Fedora: dnf install librdkafka; macOS: brew install librdkafka), or build with -p:KafkaNative=package.", e);
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? searchPath)
    {
        if (!name.EndsWith(Library, StringComparison.Ordinal))
        {
            return 0;
        }

        if (NativeLibrary.TryLoad(name, assembly, searchPath, out nint library))
        {
            return library;
        }

        foreach (string systemName in s_systemNames)
        {
            if (NativeLibrary.TryLoad(systemName, assembly, searchPath, out library))
            {
                return library;
            }
        }

        return 0;
    }
}
