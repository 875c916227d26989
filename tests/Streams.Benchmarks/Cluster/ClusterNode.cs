using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Node;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Runtime.Telemetry;

namespace Streams.Benchmarks.Cluster;

/// <param name="Prefix">Of its topics and group: keeps runs apart.</param>
/// <param name="Store">PostgreSQL's connection string; null for SQLite.</param>
internal sealed record ClusterNodeInput(
    string Name, string BootstrapServers, string Topic, int Partitions, string Prefix, int IntervalInMs, string? Store, int Workers, int SessionTimeoutInMs);

/// <summary>What a node has done and holds.</summary>
/// <param name="Gauges">Sums over labels, by instrument.</param>
/// <param name="PublishedInMs">From decision to delivery, of those since the last question.</param>
internal sealed record ClusterNodeFigures(
    int Shards, long Handled, long Devices, bool IsCaughtUp, double CpuInSeconds, long WorkingSetInBytes, long WalInBytes, Dictionary<string, double> Gauges, double[] PublishedInMs);

/// <summary>
/// One node of a cluster in a process of its own, as <c>streams node</c> runs it. Obeys lines on its input: <c>go</c>, <c>address</c>, <c>figures</c>, <c>collect</c>, <c>stop</c>; each
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

    public int Id => _process.Id;

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
        using Listener listener = new();
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
                    Console.WriteLine(JsonSerializer.Serialize(FiguresOf(node!, listener, folder)));
                    break;
                case "address":
                    Console.WriteLine(node!.Address);
                    break;
                case "collect":
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    GC.Collect();
                    Console.WriteLine($"{GC.GetTotalMemory(false)} {Environment.WorkingSet}");
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

    /// <summary>Of its API, once it has started.</summary>
    public Uri Address()
    {
        Tell("address");
        return new Uri(Answer());
    }

    /// <summary>Collects garbage: bytes that are left, and of the whole process.</summary>
    public (long ManagedInBytes, long WholeInBytes) Collect()
    {
        Tell("collect");
        long[] bytes = [.. Answer().Split(' ').Select(word => long.Parse(word, System.Globalization.CultureInfo.InvariantCulture))];
        return (bytes[0], bytes[1]);
    }

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

    private static ClusterNodeFigures FiguresOf(NodeHost node, Listener listener, DirectoryInfo folder)
    {
        NodeFigures figures = node.View.Figures();
        return new ClusterNodeFigures(
            node.View.Shards().Count,
            figures.Applied.GetValueOrDefault("device") + figures.Refused.Values.Sum(),
            figures.Actors.GetValueOrDefault("device"),
            node.View.Health().All(part => part.IsWell),
            Process.GetCurrentProcess().TotalProcessorTime.TotalSeconds,
            Environment.WorkingSet,
            folder.GetFiles("*-wal").Sum(file => file.Length),
            listener.Look(),
            listener.TakePublished());
    }

    /// <summary>Hears what the node measures.</summary>
    private sealed class Listener : IDisposable
    {
        private readonly MeterListener _listener = new();
        private readonly Lock _gate = new();
        private readonly List<double> _published = [];
        private Dictionary<string, double> _gauges = [];

        public Listener()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == EngineMeter.Name && (instrument.IsObservable || instrument.Name == "streams.decision.published"))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Note(instrument, value));
            _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Note(instrument, value));
            _listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => Note(instrument, value));
            _listener.Start();
        }

        public Dictionary<string, double> Look()
        {
            lock (_gate)
            {
                _gauges = [];
            }

            _listener.RecordObservableInstruments();
            lock (_gate)
            {
                return _gauges;
            }
        }

        public double[] TakePublished()
        {
            lock (_gate)
            {
                double[] taken = [.. _published];
                _published.Clear();
                return taken;
            }
        }

        public void Dispose() => _listener.Dispose();

        private void Note(Instrument instrument, double value)
        {
            lock (_gate)
            {
                if (instrument.IsObservable)
                {
                    _gauges[instrument.Name] = _gauges.GetValueOrDefault(instrument.Name) + value;
                }
                else
                {
                    _published.Add(value * 1000);
                }
            }
        }
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
