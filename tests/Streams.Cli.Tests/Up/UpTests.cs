using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Tests;

namespace Streams.Cli.Tests.Up;

public sealed class UpTests : IDisposable
{
    private static readonly string Shipped = Path.Combine(RecordedData.RepositoryRoot, "cluster-config");
    private readonly string _folder = Streams.Tests.TemporaryFolder.Create("streams-up-");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Up_says_where_everything_is_answers_there_and_stops_when_asked()
    {
        using var output = new WatchedWriter();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var error = new StringWriter();
        Task<int> up = CommandLine.RunAsync(
            ["up", "--no-simulator", "--port", "0", "--kafka-port", "0", "--data", _folder, "--config", Shipped],
            new Screen(output, error, 100),
            stop.Token);

        string url = (await output.LineWith("HTTP ", up, error))[7..];
        string kafka = (await output.LineWith("Kafka ", up, error))[7..];
        using var http = new HttpClient();
        using JsonDocument cluster = JsonDocument.Parse(await http.GetStringAsync(new Uri(url + "api/v1/cluster"), TestContext.Current.CancellationToken));
        Assert.Equal("streams", cluster.RootElement.GetProperty("cluster").GetString());
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPEndPoint.Parse(kafka), TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();

        Assert.Equal(ExitStatus.Done, await up);
        Assert.EndsWith("Stopped.", output.ToString().Trim(), StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(_folder, "*.db"));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_plainly()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        Run run = await Run.Streams(
            "up", "--no-simulator", "--port", $"{((IPEndPoint)taken.LocalEndpoint).Port}", "--kafka-port", "0", "--data", _folder, "--config", Shipped);

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Contains("The node could not start", run.Error, StringComparison.Ordinal);
        Assert.Contains("address already in use", run.Error, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_node_of_a_cluster_wants_to_know_where_kafka_is()
    {
        Run run = await Run.Streams("node", "--data", _folder, "--config", Shipped);

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Contains("STREAMS__KAFKA__BOOTSTRAPSERVERS", run.Error, StringComparison.Ordinal);
    }

    /// <summary>Lets a test wait for a line that a running command writes.</summary>
    private sealed class WatchedWriter : StringWriter
    {
        private readonly SemaphoreSlim _written = new(0);

        public override void WriteLine(string? value)
        {
            lock (_written)
            {
                base.WriteLine(value);
            }

            _written.Release();
        }

        public override string ToString()
        {
            lock (_written)
            {
                return base.ToString();
            }
        }

        public async Task<string> LineWith(string start, Task<int> command, StringWriter error)
        {
            while (true)
            {
                if (ToString().Split('\n').FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal)) is { } line)
                {
                    return line.TrimEnd();
                }

                Task written = _written.WaitAsync(TestContext.Current.CancellationToken);
                if (await Task.WhenAny(written, command) == command)
                {
                    Assert.Fail($"The command ended: {ToString()}{error}");
                }
            }
        }
    }
}
