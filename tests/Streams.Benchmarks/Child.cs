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

    /// <summary>In the child: ends it when its parent is gone, which closes its input.</summary>
    public static void EndWithParent() => new Thread(() =>
    {
        while (Console.In.Read() >= 0)
        {
        }

        Environment.Exit(3);
    })
    { IsBackground = true, Name = "parent" }.Start();
}
