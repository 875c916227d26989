using Streams.Benchmarks;
using Streams.Benchmarks.Areas;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.City;
using Streams.Benchmarks.Cluster;
using Streams.Benchmarks.Devices;
using Streams.Benchmarks.History;
using Streams.Benchmarks.Http;
using Streams.Benchmarks.Latency;
using Streams.Benchmarks.Simulation;
using Streams.Benchmarks.Streaming;
using Streams.Benchmarks.WholePath;

const string Usage = """
    usage: Streams.Benchmarks COMMAND [OPTIONS] [--json FILE]

      path     readings a second through the whole path, beside consuming alone and consuming and parsing
               --devices 10000  --interval 1 (s of event time)  --readings 4000000  --partitions 64  --store sqlite|postgres
               --runs 3  --workers 0 (one a core)  --crossing 0.0005 (share of readings that cross a level)  --steps native,managed,parse,whole

      latency  from a reading beyond its range to the anomaly and the alert
               --rate 5000  --seconds 30  --devices 10000  --crossings 10 (a second)  --flood 0 (readings/s of one device more)  --store sqlite|postgres

      cluster  readings a second of several nodes on this machine, beside one; on PostgreSQL
               --devices 10000  --interval 1  --readings 20000000  --partitions 128  --nodes 3  --runs 3

      handover how long shards stand still when a node is stopped, and when it is killed; on PostgreSQL
               --devices 40000  --partitions 4  --rate 10000 (readings/s)  --nodes 3  --times 3  --session 6 (s)  --round-trip 5 (ms of the broker)

      overload a node that is sent several times what it can take: what grows, how soon decisions leave, how it recovers
               --devices 10000  --partitions 64  --cores 0.1 (that the node may use)  --times 3  --seconds 120  --store sqlite|postgres

      memory   bytes of memory and snapshot of a device with two metrics, new and after a day
               --devices 100000  --day-devices 5000  --interval 60 (s of event time)

      load     time until stored devices are live again, and bytes on disk, on SQLite and PostgreSQL
               --devices 100000  --rounds 30 (readings of each before)

      history  bytes of history on disk for a device and day, by type and size of window, on SQLite and PostgreSQL; and what a city takes
               --devices 10 (of each type)  --days 100  --config cluster-config

      http     how long every kind of read takes while readings flow
               --devices 40000  --rate 300 (readings/s)  --requests 100 (a second)  --seconds 60  --store sqlite|postgres

      streams  as many clients of the event stream as a node takes: latency, memory, refusal, and clients that never read
               --clients 1000  --alerts 200  --rate 5 (a second)  --deaf 200 (that never read)  --flood 3000 (alerts then)  --flood-rate 100 (a second)

      micro    ns and bytes a reading, one thread in process: parse; parse, look up and apply
               --devices 10000  --interval 1  --readings 2000000

      area     one area with as many lamps as a city has: a quiet day, and a power cut that all of them tell of
               --lamps 34000  --config cluster-config

      city     a whole city as "streams up" runs it: what the process takes of the machine, and whether it keeps up
               --city dijon  --speed 1 (times its natural rate)  --settle 60  --seconds 60

      simulation  what a simulated city costs: beginning, memory, readings made a second by one thread
               --city dijon  --readings 3000000  --rate 0 (a second of event time; 0 for the natural one)  --config DIR

    Each command prints what it measured; --json FILE writes the same figures for programs.
    """;

string command = args.Length > 0 ? args[0] : "help";
try
{
    Options options = Options.Parse(args.AsSpan(Math.Min(1, args.Length)));
    switch (command)
    {
        case "path":
            return PathCommand.Run(options);
        case "latency":
            return await LatencyCommand.RunAsync(options);
        case "cluster":
            return ClusterCommand.Run(options);
        case "handover":
            return HandoverCommand.Run(options);
        case "overload":
            return OverloadCommand.Run(options);
        case ClusterNode.Command:
            return await ClusterNode.RunAsync(options);
        case "memory":
            return MemoryCommand.Run(options);
        case "load":
            return LoadCommand.Run(options);
        case "history":
            return HistoryCommand.Run(options);
        case "http":
            return await HttpCommand.RunAsync(options);
        case "streams":
            return await StreamsCommand.RunAsync(options);
        case "micro":
            return MicroCommand.Run(options);
        case "area":
            return AreaCommand.Run(options);
        case "city":
            return await CityCommand.RunAsync(options);
        case "simulation":
            return SimulationCommand.Run(options);
        case BrokerLoop.Command:
            return BrokerLoop.Run();
        case PathStep.Command:
            return PathStep.Run(options);
        case "help" or "--help" or "-h":
            Console.WriteLine(Usage);
            return 0;
        default:
            throw new UsageException($"There is no command {command}.");
    }
}
catch (UsageException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(Usage);
    return 2;
}
