using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Up;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Simulator.Replay;

namespace Streams.Cli.Commands;

/// <summary><c>streams simulate</c>: a city's readings into any Kafka.</summary>
internal static class SimulateCommand
{
    private const double HighestRate = 10_000_000;

    public static IEnumerable<Command> Build(SharedOptions shared, Screen screen)
    {
        Option<string?> city = CityOptions.City();
        Option<string[]> scenario = CityOptions.Scenario();
        Option<double?> speed = CityOptions.Speed();
        Option<ulong?> seed = CityOptions.Seed();
        Option<double?> rate = Lists.Read<double?>(
            "--rate",
            "N",
            "Readings in a second of the city's time: all devices speak more or less often alike. Default: as the city's devices do.",
            text => double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number) && number is > 0 and <= HighestRate ? (true, number) : default,
            $"not a number above 0, at most {HighestRate}");
        Option<bool> noSystems = CityOptions.NoSystems();
        var data = new Option<string?>("--data") { Description = "Folder in which the simulation remembers itself, to go on after a stop; created if missing. Default: nowhere, each is a new one.", HelpName = "DIR" };
        Option<TimeSpan?> during = Lists.Duration("--for", "Stop by itself after so long, such as 90s, 5m or PT1H. Default: until Ctrl-C.");
        Option<string?> kafka = Lists.Text("--kafka", "HOST:PORT", "Kafka's bootstrap servers. Default: the environment variable STREAMS__KAFKA__BOOTSTRAPSERVERS, or 127.0.0.1:9092.");
        Option<int?> port = Lists.Port("--port", "Serve the simulation's scenarios over HTTP on this port of this machine, for: streams scenario --server. 0 takes a free one. Default: don't.");
        Option<string?> config = ConfigurationFolder.Option();
        ExampleCommand simulate = new ExampleCommand(
            "simulate",
            "Sends a simulated city's readings to Kafka, in real time or faster, as its devices would; its systems obey commands from there.",
            "streams simulate --city dijon",
            "streams simulate --city dijon --scenario flood --speed 60 --for 10m --kafka kafka:9092").Taking(city, scenario, rate, speed, seed, during, noSystems, data, kafka, port, config);
        simulate.SetAction(async (parsed, stop) =>
        {
            ClusterConfiguration configuration = UpCommand.Load(ConfigurationFolder.Find(parsed.GetValue(config)));
            string bootstrap = parsed.GetValue(kafka) ?? Environment.GetEnvironmentVariable("STREAMS__KAFKA__BOOTSTRAPSERVERS") ?? "127.0.0.1:9092";
            string topic = configuration.Topics[TopicSettings.Readings].Name;
            using var living = new LivingCity(
                CityOptions.Find(configuration, parsed.GetValue(city)),
                new CityWishes(parsed.GetValue(speed) ?? 1, parsed.GetValue(seed), parsed.GetValue(rate), parsed.GetValue(scenario), parsed.GetValue(during), Obeys: !parsed.GetValue(noSystems)),
                parsed.GetValue(data),
                TimeProvider.System);
            using CancellationTokenSource limit = parsed.GetValue(during) is { } span ? new CancellationTokenSource(span) : new CancellationTokenSource();
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
            await using WebApplication? http = await ServeAsync(living, configuration.Node.Http, parsed.GetValue(port), screen, stop).ConfigureAwait(false);
            using NodeClient node = shared.Connect(parsed);
            LagLimit? lag = await NodeLag.LimitFor(node, bootstrap, screen.Error, stop).ConfigureAwait(false);
            var display = new ReplayDisplay(screen.Error, isTerminal: ReferenceEquals(screen.Error, Console.Error) && !Console.IsErrorRedirected, screen.Width);
            ReplayResult result;
            try
            {
                using var log = new KafkaLog(new KafkaLogOptions { BootstrapServers = bootstrap, ClientId = "streams-simulate" });
                int partitions = ReplayCommand.PartitionsOf(log, topic, bootstrap);
                using ILogWriter writer = log.CreateWriter("simulate", lingerInMs: 20);
                using var lines = new RecentLines(screen.Error, LogLevel.Warning, TimeProvider.System);
                Task obeys = living.ObeyAsync(log, configuration, isOwnLog: false, lines.CreateLogger("Streams.ObeyingSystems"), end.Token);
                try
                {
                    result = await living.RunAsync(writer, topic, partitions, lag, display, end.Token).ConfigureAwait(false);
                }
                finally
                {
                    await end.CancelAsync().ConfigureAwait(false);
                    await obeys.ConfigureAwait(false);
                }
            }
            catch (Exception failure) when (failure is LogFailedException or TimeoutException)
            {
                display.End();
                throw new CommandFailedException(ExitStatus.Failed, failure.Message);
            }

            display.End();
            Write(screen, parsed.GetValue(shared.Output), living, result);
            return ExitStatus.Done;
        });
        yield return simulate;
    }

    private static async Task<WebApplication?> ServeAsync(LivingCity living, HttpSettings settings, int? port, Screen screen, CancellationToken stop)
    {
        if (port is not { } number)
        {
            return null;
        }

        using ILoggerFactory loggers = LoggerFactory.Create(_ => { });
        WebApplication http = NodeHttp.Create(living, settings with { Address = "127.0.0.1", Port = number, AllowAnonymous = false }, loggers);
        try
        {
            await http.StartAsync(stop).ConfigureAwait(false);
        }
        catch (IOException taken)
        {
            await http.DisposeAsync().ConfigureAwait(false);
            throw new CommandFailedException(ExitStatus.Failed, $"The scenarios can not be served: {taken.Message}");
        }

        screen.Error.WriteLine($"Scenarios at {http.Urls.First()}");
        return http;
    }

    private static void Write(Screen screen, OutputForm form, LivingCity living, ReplayResult result)
    {
        string? Time(long? timeInMs) => timeInMs is { } ms ? Lists.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(ms)) : null;
        JsonElement answer = JsonSerializer.SerializeToElement(new
        {
            city = living.City.Name,
            seed = living.Seed,
            readings = result.Delivered,
            firstTime = Time(result.FirstTimeInMs),
            lastTime = Time(result.LastTimeInMs),
            seconds = Math.Round(result.Elapsed.TotalSeconds, 3),
            readingsPerSecond = result.Elapsed > TimeSpan.Zero ? Math.Round(result.Delivered / result.Elapsed.TotalSeconds) : 0,
            scenarios = living.Runs.Select(run => run.Id),
        });
        if (form == OutputForm.Json)
        {
            screen.Json(answer);
        }
        else
        {
            DocumentView.Write(screen, answer);
        }
    }
}
