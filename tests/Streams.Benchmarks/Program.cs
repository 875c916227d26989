using Streams.Benchmarks;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.WholePath;

const string Usage = """
    usage: Streams.Benchmarks COMMAND [OPTIONS] [--json FILE]

      path     readings a second through the whole path, beside consuming alone and consuming and parsing
               --devices 10000  --interval 1 (s of event time)  --readings 4000000  --partitions 64  --store sqlite|postgres
               --runs 3  --workers 0 (one a core)  --crossing 0.0005 (share of readings that cross a level)  --steps native,managed,parse,whole

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
