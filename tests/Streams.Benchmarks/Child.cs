using System.Diagnostics;

namespace Streams.Benchmarks;

/// <summary>This program again, in a process of its own, with its input and output in our hands.</summary>
internal static class Child
{
    public static Process Start(params IEnumerable<string> arguments)
    {
        string self = Environment.ProcessPath!;
        bool isHost = Path.GetFileNameWithoutExtension(self) == "dotnet";
        ProcessStartInfo start = new(self, isHost ? [typeof(Child).Assembly.Location, .. arguments] : arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        return Process.Start(start)!;
    }
}
