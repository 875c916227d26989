using System.CommandLine;
using Microsoft.Extensions.Logging;
using Streams.Cli.Output;
using Streams.Cli.Up;
using Streams.Node;
using Streams.Node.Configuration;

namespace Streams.Cli.Commands;

/// <summary><c>streams up</c> (everything on one machine) and <c>streams node</c> (one node of a cluster).</summary>
internal static class UpCommand
{
    /// <summary>Kafka's usual port, so that clients find the embedded broker where they look first.</summary>
    private const int UsualKafkaPort = 9092;

    public static IEnumerable<Command> Build(SharedOptions shared, Screen screen)
    {
        yield return Up(shared, screen);
        yield return Node(shared, screen);
    }

    private static ExampleCommand Up(SharedOptions shared, Screen screen)
    {
        Option<TimeSpan?> during = Lists.Duration("--for", "Stop by itself after so long, such as 90s, 5m or PT1H. Default: until Ctrl-C.");
        var noSimulator = new Option<bool>("--no-simulator") { Description = "Without a simulated city: only what you send or replay." };
        Option<string?> city = CityOptions.City();
        Option<double?> speed = CityOptions.Speed();
        Option<ulong?> seed = CityOptions.Seed();
        Option<string[]> scenario = CityOptions.Scenario();
        Option<bool> noSystems = CityOptions.NoSystems();
        Option<string> data = Data();
        Option<int?> port = Lists.Port("--port", "HTTP port; 0 takes a free one. Default: http.port of node.yaml, 8080.");
        Option<int?> kafkaPort = Lists.Port("--kafka-port", $"Port of the embedded Kafka broker; 0 takes a free one. Default {UsualKafkaPort}.");
        Option<string?> config = ConfigurationFolder.Option();
        ExampleCommand up = new ExampleCommand(
            "up",
            "Runs everything on this machine: broker, node and store in one process, with a simulated city. Shows it live; Ctrl-C stops it cleanly.",
            "streams up",
            "streams up --city dijon --scenario flood --speed 10",
            "streams up --no-simulator --for 10m --data /tmp/streams --port 0 --kafka-port 0").Taking(city, scenario, speed, seed, during, noSimulator, noSystems, data, port, kafkaPort, config);
        up.SetAction(async (parsed, stop) =>
        {
            ClusterConfiguration configuration = Load(ConfigurationFolder.Find(parsed.GetValue(config)));
            NodeSettings settings = configuration.Node;
            configuration = configuration with
            {
                Node = settings with
                {
                    Kafka = settings.Kafka with { BootstrapServers = null },
                    Store = settings.Store with { Kind = StoreKind.Sqlite, ConnectionString = null },
                    Http = settings.Http with { Port = parsed.GetValue(port) ?? settings.Http.Port },
                },
            };
            var start = new NodeStart(configuration, parsed.GetRequiredValue(data), Embedded: true, parsed.GetValue(kafkaPort) ?? UsualKafkaPort);
            using LivingCity? living = parsed.GetValue(noSimulator)
                ? null
                : new LivingCity(
                    CityOptions.Find(configuration, parsed.GetValue(city)),
                    new CityWishes(parsed.GetValue(speed) ?? 1, parsed.GetValue(seed), Rate: null, parsed.GetValue(scenario), parsed.GetValue(during), Obeys: !parsed.GetValue(noSystems)),
                    start.DataFolder,
                    start.Time);
            return await RunningCity.RunAsync(
                start,
                screen,
                living,
                during: parsed.GetValue(during),
                json: parsed.GetValue(shared.Output) == OutputForm.Json,
                stop).ConfigureAwait(false);
        });
        return up;
    }

    private static ExampleCommand Node(SharedOptions shared, Screen screen)
    {
        Option<TimeSpan?> during = Lists.Duration("--for", "Stop by itself after so long. Default: until SIGTERM or Ctrl-C.");
        Option<string> data = Data();
        Option<int?> port = Lists.Port("--port", "HTTP port; 0 takes a free one. Default: http.port of node.yaml, 8080.");
        Option<string?> config = ConfigurationFolder.Option();
        ExampleCommand node = new ExampleCommand(
            "node",
            "Runs one node of a cluster, on the Kafka and the store that the configuration names. Logs to standard error.",
            "streams node --config /etc/streams").Taking(during, data, port, config);
        node.SetAction(async (parsed, stop) =>
        {
            ClusterConfiguration configuration = Load(ConfigurationFolder.Find(parsed.GetValue(config)));
            if (parsed.GetValue(port) is { } given)
            {
                configuration = configuration with { Node = configuration.Node with { Http = configuration.Node.Http with { Port = given } } };
            }

            if (configuration.Node.Kafka.BootstrapServers is null)
            {
                throw new CommandFailedException(
                    ExitStatus.Failed,
                    "A node of a cluster needs Kafka's address: kafka.bootstrapServers in node.yaml, or STREAMS__KAFKA__BOOTSTRAPSERVERS. For a broker of its own: streams up");
            }

            return await RunningCity.RunAsync(
                new NodeStart(configuration, parsed.GetRequiredValue(data), Embedded: false),
                screen,
                living: null,
                during: parsed.GetValue(during),
                json: parsed.GetValue(shared.Output) == OutputForm.Json,
                stop).ConfigureAwait(false);
        });
        return node;
    }

    internal static Option<string> Data() => new("--data") { Description = "Folder for the node's state; created if missing.", HelpName = "DIR", DefaultValueFactory = _ => "data" };

    internal static ClusterConfiguration Load(string folder)
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder);
        return configuration ?? throw new CommandFailedException(ExitStatus.Failed, string.Join(Environment.NewLine, faults) + Environment.NewLine + "The configuration has faults; nothing was started.");
    }
}
