using System.Diagnostics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Node;
using Streams.Node.Api;
using Streams.Node.Configuration;

namespace Streams.Benchmarks.Cluster;

/// <param name="Prefix">Of its topics and group: keeps runs apart.</param>
internal sealed record ClusterNodeInput(
    string Name, string BootstrapServers, string Topic, int Partitions, string Prefix, int IntervalInMs, string Store, int Workers, int SessionTimeoutInMs);

/// <summary>What a node has done and holds.</summary>
internal sealed record ClusterNodeFigures(int Shards, long Handled, long Devices, bool IsCaughtUp, double CpuInSeconds);

/// <summary>
/// One node of a cluster in a process of its own, as <c>streams node</c> runs it. Obeys lines on its input: <c>go</c>, <c>figures</c>, <c>stop</c>; each
/// is answered by one line. Ends with who started it.
/// </summary>
internal sealed class ClusterNode : IDisposable
{
    public const string Command = "cluster-node";

    private readonly Process _process;

    public ClusterNode(ClusterNodeInput input)
    {
        Name = input.Name;
        _process = Child.Start(Command, "--input", JsonSerializer.Serialize(input));
        Expect("ready");
    }

    public string Name { get; }

    public static async Task<int> RunAsync(Options options)
    {
        ClusterNodeInput input = JsonSerializer.Deserialize<ClusterNodeInput>(options.Text("input", ""))!;
        options.Finish();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        using ILoggerFactory loggers = Logging.ToStandardError();
        ClusterConfiguration configuration = BenchCity.Configuration(
            input.BootstrapServers, BenchCity.Topics(input.Prefix, input.Topic, input.Partitions), input.IntervalInMs, input.Store, input.Workers);
        configuration = configuration with
        {
            Node = configuration.Node with { Name = input.Name, Kafka = configuration.Node.Kafka with { SessionTimeout = TimeSpan.FromMilliseconds(input.SessionTimeoutInMs) } },
        };
        NodeHost? node = null;
        Console.WriteLine("ready");
        while (Console.ReadLine() is { } line)
        {
            switch (line)
            {
                case "go":
                    node = await NodeHost.StartAsync(new NodeStart(configuration, folder.FullName, Embedded: false), loggers);
                    Console.WriteLine("started");
                    break;
                case "figures":
                    Console.WriteLine(JsonSerializer.Serialize(FiguresOf(node!)));
                    break;
                case "stop":
                    await node!.DisposeAsync();
                    folder.Delete(recursive: true);
                    Console.WriteLine("stopped");
                    return 0;
                default:
                    Console.WriteLine("not understood: " + line);
                    break;
            }
        }

        return 3;
    }

    public void Go()
    {
        Tell("go");
    }

    public void Started() => Expect("started");

    public ClusterNodeFigures Figures()
    {
        Tell("figures");
        return JsonSerializer.Deserialize<ClusterNodeFigures>(Answer())!;
    }

    /// <summary>In order, as SIGTERM does; returns when the process has ended.</summary>
    public void Stop()
    {
        Tell("stop");
        Expect("stopped");
        _process.WaitForExit();
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    private static ClusterNodeFigures FiguresOf(NodeHost node)
    {
        NodeFigures figures = node.View.Figures();
        return new ClusterNodeFigures(
            node.View.Shards().Count,
            figures.Applied.GetValueOrDefault("device") + figures.Refused.Values.Sum(),
            figures.Actors.GetValueOrDefault("device"),
            node.View.Health().All(part => part.IsWell),
            Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds);
    }

    private void Tell(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    private string Answer() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"Node {Name} ended; its own words are above.");

    private void Expect(string word)
    {
        if (Answer() is var answer && answer != word)
        {
            throw new InvalidOperationException($"Node {Name} said {answer} where {word} was expected.");
        }
    }
}
