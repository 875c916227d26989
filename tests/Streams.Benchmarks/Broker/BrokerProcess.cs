using System.Diagnostics;
using System.Text.Json;
using Streams.Runtime.Log;

namespace Streams.Benchmarks.Broker;

/// <summary>The embedded broker in a process of its own, so that its work can be told from the node's. It ends with this one.</summary>
internal sealed class BrokerProcess : IDisposable
{
    private readonly Process _process = Child.Start(BrokerLoop.Command);

    public BrokerProcess() => BootstrapServers = _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The broker's process ended at once.");

    public string BootstrapServers { get; }

    public int Id => _process.Id;

    public void CreateTopics(IEnumerable<TopicSpec> topics)
    {
        foreach (TopicSpec topic in topics)
        {
            Ask($"topic {topic.Name} {topic.Partitions}");
        }
    }

    /// <summary>Answers how many seconds it took.</summary>
    public string Preload(string topic, Workload workload) => Ask($"preload {topic} {JsonSerializer.Serialize(workload)}");

    /// <summary>From now on every answer takes this long, as over a network.</summary>
    public void Delay(int inMs) => Ask($"delay {inMs}");

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(10_000))
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private string Ask(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
        string answer = _process.StandardOutput.ReadLine() ?? "the broker's process ended";
        return answer.StartsWith("ok", StringComparison.Ordinal) && !answer.Contains("failed", StringComparison.Ordinal)
            ? answer[2..].Trim()
            : throw new InvalidOperationException($"{line.Split(' ')[0]}: {answer}");
    }
}
