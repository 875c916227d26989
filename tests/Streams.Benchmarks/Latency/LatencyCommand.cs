using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Streams.Benchmarks.Broker;
using Streams.Node;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Tests;

namespace Streams.Benchmarks.Latency;

/// <summary>
/// From a reading beyond its range to the anomaly, to the alert, to signed CAP and to the first command, as independent clients see them, while readings come at a steady
/// rate. Counted from the record's timestamp, put by the producer when it hands the record over, to the consumer having the record in hand.
/// Producer, node and consumer share a process; the broker has its own.
/// </summary>
internal static class LatencyCommand
{
    /// <summary>Few enough that an alert is one district's, as in a city.</summary>
    private const int DevicesPerArea = 10;

    private const string Readings = "latency.readings";
    private const int Partitions = 32;

    public static async Task<int> RunAsync(Options options)
    {
        int devices = options.Whole("devices", 10_000, DevicesPerArea, 1_000_000);
        int rate = options.Whole("rate", 5_000, 100, 1_000_000);
        int seconds = options.Whole("seconds", 30, 1, 3600);
        int perSecond = options.Whole("crossings", 10, 1, 1000);
        int flood = options.Whole("flood", 0, 0, 1_000_000);
        string kind = options.Choice("store", "sqlite", "sqlite", "postgres");
        string? json = options.MaybeText("json");
        options.Finish();
        if (perSecond * (seconds + SteadyCity.WarmUpInSeconds) > devices / DevicesPerArea)
        {
            throw new UsageException($"Each crossing needs an area of its own: give at least {perSecond * (seconds + SteadyCity.WarmUpInSeconds) * DevicesPerArea} devices, or fewer crossings.");
        }

        using PostgresServer? postgres = kind == "postgres" ? PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here.") : null;
        using BrokerProcess broker = new();
        TopicSettings topics = BenchCity.Topics("latency.", Readings, Partitions);
        broker.CreateTopics(topics.All);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        try
        {
            using ILoggerFactory loggers = Logging.ToStandardError();
            NodeStart start = new(BenchCity.Configuration(broker.BootstrapServers, topics, 1000 * devices / rate, postgres?.CreateDatabase(), signing: Certificate(folder)), folder.FullName, Embedded: false);
            await using NodeHost node = await NodeHost.StartAsync(start, loggers);
            using KafkaLog log = new(new KafkaLogOptions { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) });
            SteadyCity city = new(log, Readings, devices, DevicesPerArea, rate, perSecond);
            using Observer observer = new(log, topics[TopicSettings.Anomalies].Name, topics[TopicSettings.Alerts].Name, topics[TopicSettings.Commands].Name);
            using FeedClient feed = new(node.Address);

            city.Register();
            while (node.View.Figures().Applied.GetValueOrDefault("device") < devices)
            {
                Thread.Sleep(10);
            }

            FigureList figures = new($"latency: {rate:N0} readings/s from {devices:N0} devices for {seconds} s, {kind}");
            city.Speak(SteadyCity.WarmUpInSeconds);
            Meter meter = new(broker.Id);
            meter.Prepare();
            meter.Start();
            using CancellationTokenSource over = new();
            Task<long> flooding = flood > 0 ? Task.Factory.StartNew(() => city.Flood(flood, over.Token), TaskCreationOptions.LongRunning) : Task.FromResult(0L);
            city.Speak(seconds);
            Usage usage = meter.Stop();
            await over.CancelAsync();
            long flooded = await flooding;
            city.Flush();

            // What is still on its way gets ten seconds more; what does not come is missing in the figures.
            SpinWait.SpinUntil(() => city.Crossings.All(crossing => observer.AnomalyOf(crossing) is not null && feed.FetchedOf(crossing) is not null && observer.CommandOf(crossing) is not null), TimeSpan.FromSeconds(10));
            figures.Add("sent", city.Sent / usage.Seconds, "readings/s");
            if (flood > 0)
            {
                figures.Add("sent by one device that floods", flooded / usage.Seconds, "readings/s");
                figures.Add("of these refused, told in dead letters", node.View.Figures().Refused.GetValueOrDefault("rate_limited"), "readings");
                figures.Add("dead letters", node.Store.Count("dead-letters"), "");
            }

            Tell("reading to anomaly", observer.AnomalyOf);
            Tell("reading to alert", observer.AlertOf);
            Tell("reading to signed CAP on the event stream", feed.StreamedOf);
            Tell("reading to signed CAP fetched from the feed", feed.FetchedOf);
            Tell("reading to first command", observer.CommandOf);
            figures.Add("documents that were not signed", feed.Bad, "");
            figures.Add("CPU of producer, node and consumer together", usage.CpuInSeconds / usage.Seconds, "cores");
            figures.Add("CPU of the broker", usage.BrokerCpuInSeconds / usage.Seconds, "cores");
            figures.Add("GC pauses", usage.PausedInMs, "ms");
            return figures.Finish(json);

            void Tell(string what, Func<Crossing, long?> arrival)
            {
                Crossing[] crossings = [.. city.Crossings];
                double[] latencies = [.. crossings.Select(crossing => arrival(crossing) - crossing.AtInMs).Where(latency => latency is not null).Select(latency => (double)latency!).Order()];
                figures.Add($"{what}: seen", latencies.Length, $"of {crossings.Length}");
                foreach ((string name, double share) in new[] { ("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1) })
                {
                    figures.Add($"{what}: {name}", latencies.Length == 0 ? double.NaN : latencies[Math.Min(latencies.Length - 1, (int)(latencies.Length * share))], "ms");
                }
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>ECDSA P-256, as one machine makes for itself.</summary>
    private static SigningSettings Certificate(DirectoryInfo folder)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new("CN=bench", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddYears(1));
        string path = Path.Combine(folder.FullName, "signing.pem");
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        return new SigningSettings { Certificate = path };
    }
}
