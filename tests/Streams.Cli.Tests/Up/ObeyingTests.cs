using System.Text;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Simulator.Obeying;
using Streams.Tests;

namespace Streams.Cli.Tests.Up;

/// <summary><c>streams simulate</c> beside a Kafka that somebody gives commands on.</summary>
public sealed class ObeyingTests(CannedNode node) : IClassFixture<CannedNode>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly byte[] Key = "songdo/songdo-1/cameras"u8.ToArray();
    private readonly string _folder = TemporaryFolder.Create("streams-obeying-");
    private readonly EmbeddedBroker _broker = new([new TopicSpec("city.readings", 32), new TopicSpec("city.commands", 1), new TopicSpec("city.command-results", 1)]);

    public void Dispose()
    {
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Task<int> Simulate(TextWriter output, CancellationToken stop, params string[] more)
    {
        string shards = string.Join(',', Enumerable.Range(0, 32).Select(partition => $$"""{"kind":"device","partition":{{partition}},"owner":"n","lag":0}"""));
        node.Answer("/api/v1/cluster", $$"""{"node":"n","shards":[{{shards}}]}""");
        string[] args = ["simulate", "--city", "songdo", "--kafka", _broker.BootstrapServers, "--server", node.Url, "--config", Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), "--output", "json", .. more];
        return CommandLine.RunAsync(args, new Screen(output, TextWriter.Null, 100), stop);
    }

    private static void Give(ILogWriter writer, string id)
    {
        string command = $$"""{"commandId":"{{id}}","system":"cameras","area":"songdo/songdo-1","action":"no-such-action","deadline":"2099-01-01T00:00:00Z","attempt":1}""";
        writer.Send(new OutgoingRecord { Topic = "city.commands", Partition = 0, Key = Key, Value = Encoding.UTF8.GetBytes(command) }, new Nobody());
    }

    private static List<string> Results(KafkaLog log)
    {
        List<string> results = [];
        log.LookBack("city.command-results", 100, batch =>
        {
            for (int i = 0; i < batch.Count; i++)
            {
                results.Add(Encoding.UTF8.GetString(batch.ValueAt(i)));
            }
        });
        return results;
    }

    /// <summary>Done when the systems have noted where they begin to read: what is given from then on, they hear.</summary>
    private FileSystemWatcher Watch(TaskCompletionSource listens)
    {
        var watcher = new FileSystemWatcher(_folder);
        watcher.Renamed += (_, _) =>
        {
            if (SystemsMemoryFile.Read(_folder) is { Positions.Count: 1 })
            {
                listens.TrySetResult();
            }
        };
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    /// <summary>The first that comes.</summary>
    private static string Hear(KafkaLog log, Task simulate)
    {
        using ILogReader reader = log.Follow("city.command-results", (_, marks) => marks.Low);
        List<RecordBatch> batches = [];
        for (long from = TimeProvider.System.GetTimestamp(); batches.Count == 0;)
        {
            Assert.True(TimeProvider.System.GetElapsedTime(from) < Patience && !simulate.IsCompleted, "not answered");
            reader.Poll(TimeSpan.FromSeconds(1), batches);
        }

        string first = Encoding.UTF8.GetString(batches[0].ValueAt(0));
        batches.ForEach(batch => batch.Dispose());
        return first;
    }

    [Fact]
    public async Task A_simulated_city_answers_what_its_systems_are_told_and_remembers_itself()
    {
        using KafkaLog log = _broker.OpenLog();
        using ILogWriter writer = log.CreateWriter("dispatcher", 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var output = new StringWriter();
        TaskCompletionSource listens = new(TaskCreationOptions.RunContinuationsAsynchronously);
        using FileSystemWatcher watcher = Watch(listens);
        Task<int> simulate = Simulate(output, stop.Token, "--data", _folder);
        await Task.WhenAny(simulate, listens.Task).WaitAsync(Patience, stop.Token);
        Assert.True(listens.Task.IsCompleted, $"ended before it listened: {output}");
        Give(writer, "c-1");

        JsonElement answer = JsonDocument.Parse(Hear(log, simulate)).RootElement;
        await stop.CancelAsync();

        Assert.Equal(ExitStatus.Done, await simulate);
        Assert.Equal(("c-1", "rejected"), (answer.GetProperty("commandId").GetString(), answer.GetProperty("status").GetString()));
        Assert.StartsWith("cameras can not no-such-action; it can: point-at", answer.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(["city-systems.json", "simulation.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_its_systems_nobody_answers()
    {
        using KafkaLog log = _broker.OpenLog();
        using ILogWriter writer = log.CreateWriter("dispatcher", 0);
        Give(writer, "c-1");
        using var output = new StringWriter();

        Assert.Equal(ExitStatus.Done, await Simulate(output, TestContext.Current.CancellationToken, "--for", "6s", "--no-systems", "--data", _folder));

        Assert.Empty(Results(log));
        Assert.False(File.Exists(Path.Combine(_folder, "city-systems.json")));
    }

    private sealed class Nobody : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal)
        {
        }
    }
}
