using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Domain.Cities;
using Streams.Node;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;
using Streams.Simulator.Replay;

namespace Streams.Cli.Up;

/// <summary>A node in this process from start to clean stop, with a display and, where wanted, a simulated city.</summary>
internal static class RunningCity
{
    /// <param name="living">The city to simulate; null for none.</param>
    /// <param name="during">Stops by itself after so long; null runs until <paramref name="stop"/>.</param>
    /// <param name="json">Shows nothing meanwhile, and at the end one JSON object of the last figures.</param>
    /// <exception cref="CommandFailedException">The node could not start: a port is taken, the store is another's, Kafka is away. Says which.</exception>
    public static async Task<int> RunAsync(NodeStart start, Screen screen, LivingCity? living, TimeSpan? during, bool json, CancellationToken stop)
    {
        TimeProvider time = start.Time;
        bool picture = screen is { IsTerminal: true, Console.Profile.Capabilities.Ansi: true } && !json && start.Embedded;
        using var lines = new RecentLines(picture ? null : screen.Error, start.Embedded ? LogLevel.Warning : LogLevel.Information, time);
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning).AddProvider(lines));
        using CancellationTokenSource limit = during is { } span ? new CancellationTokenSource(span, time) : new CancellationTokenSource();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        NodeHost node = await StartAsync(start with { Simulation = living }, loggers).ConfigureAwait(false);
        string? failure = null;
        JsonElement last;
        try
        {
            var domains = start.Configuration.DeviceTypes.ToDictionary(type => type.Name, type => type.Domain, StringComparer.Ordinal);
            var sampler = new Sampler(node.View, node.Store, type => domains.GetValueOrDefault(type, "other"), time, living is null ? null : () => FactsOf(living));
            string? note = start.Embedded ? "The broker keeps its log in memory, 5 MB a partition: for evaluation. The state under Data survives." : null;
            var where = new Whereabouts(living is not null ? $"Streams in {living.City.Title} (simulated)" : $"Streams node {start.Configuration.Node.Name}", node.Address, node.BootstrapServers, node.DataFolder, note);
            Task watch = json ? UntilStopped(end.Token)
                : (picture ? new LiveDisplay(screen, where, lines) : (Display)new PlainDisplay(screen, where)).RunAsync(() => sampler.Take(), time, end.Token);
            Task city = living is not null ? SimulateAsync(living, node, start, loggers, end.Token) : watch;
            try
            {
                // Whichever ends first, by the user's wish or by a failure, ends the other.
                await Task.WhenAny(city, watch).ConfigureAwait(false);
                await end.CancelAsync().ConfigureAwait(false);
                await Task.WhenAll(city, watch).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                // Stopped while still waiting for something.
            }
            catch (Exception broken) when (broken is LogFailedException or TimeoutException)
            {
                failure = broken.Message;
            }

            last = Summary(sampler.Take(whole: true), where);
        }
        finally
        {
            if (!json)
            {
                screen.Line("Stopping: everything in hand is committed and published first.");
            }

            await node.DisposeAsync().ConfigureAwait(false);
        }

        if (failure is not null)
        {
            throw new CommandFailedException(ExitStatus.Failed, failure);
        }

        if (json)
        {
            screen.Json(last);
        }
        else
        {
            screen.Line("Stopped.");
        }

        return ExitStatus.Done;
    }

    private static async Task<NodeHost> StartAsync(NodeStart start, ILoggerFactory loggers)
    {
        try
        {
            return await NodeHost.StartAsync(start, loggers).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is IOException or LogFailedException or TopicMismatchException or StoreMismatchException or StoreUnavailableException or InvalidOperationException)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"The node could not start: {failure.Message}");
        }
    }

    /// <summary>The city's readings go to the node of this process through its broker, as any gateway's would; its systems hear commands there.</summary>
    private static Task SimulateAsync(LivingCity city, NodeHost node, NodeStart start, ILoggerFactory loggers, CancellationToken stop) => Task.Run(
        async () =>
        {
            string topic = start.Configuration.Topics[TopicSettings.Readings].Name;
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
            Task obeys = city.ObeyAsync(node.Log, start.Configuration, start.Embedded, loggers.CreateLogger("Streams.ObeyingSystems"), end.Token);
            using ILogWriter writer = node.Log.CreateWriter("simulated-city", lingerInMs: 20);
            using var client = new NodeClient(node.Address, token: null);
            LagLimit? limit = await NodeLag.LimitFor(client, node.BootstrapServers, TextWriter.Null, stop).ConfigureAwait(false);
            try
            {
                await city.RunAsync(writer, topic, node.Log.PartitionsOf(topic), limit, null, stop).ConfigureAwait(false);
            }
            finally
            {
                await end.CancelAsync().ConfigureAwait(false);
                await obeys.ConfigureAwait(false);
            }
        },
        CancellationToken.None);

    private static SimulationFacts FactsOf(LivingCity city) => new(
        city.City.Title,
        DateTimeOffset.FromUnixTimeMilliseconds(city.NowInMs),
        city.Speed,
        [.. city.Runs.Where(run => run.StateAt(city.NowInMs) != ScenarioRunState.Ended).Select(run => $"{run.Scenario} in {run.Area}")],
        [.. city.City.Scenarios.OrderBy(scenario => scenario.Must.Select(must => must.Within).DefaultIfEmpty(TimeSpan.MaxValue).Max()).Select(scenario => scenario.Name)]);

    private static async Task UntilStopped(CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using CancellationTokenRegistration registration = stop.Register(stopped.SetResult);
        await stopped.Task.ConfigureAwait(false);
    }

    private static JsonElement Summary(Sample sample, Whereabouts where) => JsonSerializer.SerializeToElement(new
    {
        http = where.Http,
        kafka = where.Kafka,
        data = where.Data,
        seconds = Math.Round(sample.Up.TotalSeconds, 1),
        readings = sample.Readings,
        lag = sample.Lag,
        devices = sample.Devices,
        areas = sample.Areas,
        anomalies = sample.Anomalies,
        deadLetters = sample.DeadLetters,
        activeAlerts = sample.ActiveBySeverity.ToDictionary(each => each.Severity, each => each.Count),
    });
}
