using System.Buffers;
using System.Diagnostics;
using System.Text;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.Cluster;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;

namespace Streams.Benchmarks.Streaming;

/// <summary>
/// As many clients of the event stream as a node takes: from an alert's record being handed to the producer until the first and the last of them have it, what a client costs the node, what
/// one too many is told, and whether clients that never read hold memory or the others up. Clients and producer share a process; node and broker have their own.
/// </summary>
internal static class StreamsCommand
{
    private const string Readings = "streams.readings";
    private const int Partitions = 8;
    private const int WarmUp = 20;

    /// <summary>Clients that read beside those that do not: few, so that what the latter cost is not lost in what a thousand cost.</summary>
    private const int Readers = 100;
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(Options options)
    {
        int count = options.Whole("clients", 1_000, Readers, 1_000);
        int alerts = options.Whole("alerts", 200, 1, 100_000);
        int rate = options.Whole("rate", 5, 1, 1_000);
        int deaf = options.Whole("deaf", 200, 1, 1_000 - Readers);
        int flood = options.Whole("flood", 3_000, 1, 100_000);
        int floodRate = options.Whole("flood-rate", 100, 1, 10_000);
        string? json = options.MaybeText("json");
        options.Finish();
        using BrokerProcess broker = new();
        TopicSettings topics = BenchCity.Topics("streams.", Readings, Partitions);
        broker.CreateTopics(topics.All);
        using ClusterNode node = new(new ClusterNodeInput("bench", broker.BootstrapServers, Readings, Partitions, "streams.", 1_000, null, 0, 4_000));
        node.Go();
        node.Started();
        Uri address = node.Address();
        using KafkaLog log = new(new KafkaLogOptions { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) });
        using ILogWriter writer = log.CreateWriter("alerts", lingerInMs: 0);
        AlertPress press = new(writer, topics[TopicSettings.Alerts]);

        // One that comes and goes, and the first alerts: what is made once is no client's.
        using (StreamClient first = await StreamClient.OpenAsync(address))
        {
            await PublishAsync(press, [first], WarmUp, 50);
        }

        FigureList figures = new($"streams: {count:N0} clients of one node, {alerts} alerts, {rate} a second; then {Readers} clients, and {deaf} that never read, {flood:N0} alerts, {floodRate} a second");
        (long heap, long whole) = node.Collect();
        List<StreamClient> clients = [];
        long opening = Stopwatch.GetTimestamp();
        for (int i = 0; i < count; i++)
        {
            clients.Add(await StreamClient.OpenAsync(address));
        }

        figures.Add("opened, one after the other, in all", Stopwatch.GetElapsedTime(opening).TotalMilliseconds, "ms");
        await PublishAsync(press, clients, WarmUp, rate);
        Memory("a client", heap, whole, count);
        double cpu = node.Figures().CpuInSeconds;
        Tell("", await PublishAsync(press, clients, alerts, rate));
        figures.Add("CPU of the node for an alert to all of them", (node.Figures().CpuInSeconds - cpu) * 1000 / alerts, "ms");
        if (count == 1_000)
        {
            long asked = Stopwatch.GetTimestamp();
            string refusal = await StreamClient.RefusalAsync(address);
            figures.Add("one more is answered after", Stopwatch.GetElapsedTime(asked).TotalMilliseconds, "ms: " + refusal);
            using HttpClient http = new() { BaseAddress = address };
            using HttpResponseMessage health = await http.GetAsync("/health/live");
            figures.Add("the node's health meanwhile", (int)health.StatusCode, "");
        }

        clients[Readers..].ForEach(each => each.Dispose());
        clients.RemoveRange(Readers, clients.Count - Readers);
        await GoneAsync(address, clients.Count);
        Tell($"{Readers} clients in a flood, ", await PublishAsync(press, clients, flood, floodRate));
        (heap, whole) = node.Collect();
        List<StreamClient> silent = [];
        for (int i = 0; i < deaf; i++)
        {
            silent.Add(await StreamClient.OpenAsync(address, isDeaf: true));
        }

        Tell($"the same beside {deaf} that never read, ", await PublishAsync(press, clients, flood, floodRate));
        double held = await ReadersAsync(address);
        (long heapThen, long wholeThen) = node.Collect();
        await GoneAsync(address, clients.Count);
        figures.Add("memory of the node, one that never reads", (wholeThen - whole) / 1024.0 / deaf, "KB");
        figures.Add("of it managed", (heapThen - heap) / 1024.0 / deaf, "KB");
        figures.Add("streams that the node has then", held, $"of {clients.Count + deaf}");
        figures.Add("and when it has waited for those that never read", await ReadersAsync(address), "");
        silent.ForEach(each => each.Dispose());
        clients.ForEach(each => each.Dispose());
        node.Stop();
        return figures.Finish(json);

        void Memory(string whose, long heapBefore, long wholeBefore, int among)
        {
            (long heapNow, long wholeNow) = node.Collect();
            figures.Add($"memory of the node, {whose}", (wholeNow - wholeBefore) / 1024.0 / among, "KB");
            figures.Add("of it managed", (heapNow - heapBefore) / 1024.0 / among, "KB");
        }

        void Tell(string what, List<(double First, double Last)> times)
        {
            foreach ((string who, double[] sorted) in new[] { ("first", times.Select(each => each.First).Order().ToArray()), ("last", times.Select(each => each.Last).Order().ToArray()) })
            {
                foreach ((string name, double share) in new[] { ("p50", 0.5), ("p99", 0.99), ("max", 1) })
                {
                    figures.Add($"{what}until the {who} client has it: {name}", sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))], "ms");
                }
            }
        }
    }

    /// <summary>Alerts at a steady rate, each timed from when it is handed to the producer until the first and the last client have it, in ms.</summary>
    private static async Task<List<(double First, double Last)>> PublishAsync(AlertPress press, List<StreamClient> clients, int alerts, int rate)
    {
        int[] before = [.. clients.Select(client => client.Heard)];
        List<long> sent = [];
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < alerts; i++)
        {
            TimeSpan due = TimeSpan.FromSeconds((double)i / rate);
            while (Stopwatch.GetElapsedTime(started) is var now && now < due)
            {
                await Task.Delay(due - now);
            }

            sent.Add(Stopwatch.GetTimestamp());
            press.Publish();
        }

        long waiting = Stopwatch.GetTimestamp();
        for (int i = 0; i < clients.Count; i++)
        {
            while (clients[i].Heard - before[i] < alerts)
            {
                if (Stopwatch.GetElapsedTime(waiting) > s_limit)
                {
                    throw new InvalidOperationException($"Client {i} of {clients.Count} heard {clients[i].Heard - before[i]} of {alerts} alerts.");
                }

                await Task.Delay(10);
            }
        }

        return [.. sent.Select((at, i) => clients.Select((client, c) => Stopwatch.GetElapsedTime(at, client.HeardAt(before[c] + i)).TotalMilliseconds)).Select(times => (times.Min(), times.Max()))];
    }

    private static async Task GoneAsync(Uri address, int left)
    {
        for (long started = Stopwatch.GetTimestamp(); await ReadersAsync(address) > left && Stopwatch.GetElapsedTime(started) < s_limit;)
        {
            await Task.Delay(50);
        }
    }

    /// <summary>As the node counts them.</summary>
    private static async Task<double> ReadersAsync(Uri address)
    {
        using HttpClient http = new() { BaseAddress = address };
        string line = (await http.GetStringAsync("/metrics")).Split('\n').Last(line => line.StartsWith("streams_feed_streams", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Says alerts one after the other, all of one partition, so that all clients have them in one order.</summary>
    private sealed class AlertPress(ILogWriter writer, TopicSpec topic) : IDelivery
    {
        private readonly ArrayBufferWriter<byte> _body = new();
        private int _said;

        public void Publish()
        {
            _said++;
            _body.Clear();
            AlertJson.Write(_body, new Alert
            {
                Id = $"bench.centre.haze.{_said}",
                Area = "bench/centre",
                AreaName = "Centre",
                Rule = "haze",
                Sender = "bench",
                SentInMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds(),
                MessageType = AlertMessageType.Alert,
                References = [],
                Categories = [AlertCategory.Env],
                Responses = [AlertResponse.Shelter],
                Urgency = AlertUrgency.Immediate,
                Severity = AlertSeverity.Severe,
                Certainty = AlertCertainty.Observed,
                OnsetInMs = 0,
                ExpiresInMs = long.MaxValue / 100_000,
                Texts = [new AlertText("en", "Haze", $"Centre: haze {_said}", "Fine particles are beyond their limit in the whole district since this morning.", "Keep windows closed and stay indoors.")],
                Place = new AreaDescription { Id = "bench/centre" },
                State = AlertState.Active,
                Revision = 1,
            });
            byte[] key = Encoding.UTF8.GetBytes($"bench.{_said}");
            writer.Send(new OutgoingRecord { Topic = topic.Name, Partition = 0, Key = key, Value = _body.WrittenSpan }, this);
        }

        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
