using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Cli.Output;
using Streams.Cli.Up;
using Streams.Node.Api;
using Streams.Runtime;
using Streams.Runtime.Storage;
using Streams.Simulator.Tests;

namespace Streams.Cli.Tests.Up;

public sealed class DisplayTests : IDisposable
{
    private static readonly Whereabouts Where = new("Streams, with a demo city", new Uri("http://127.0.0.1:8080"), "127.0.0.1:9092", "/srv/streams/data", "A note.");
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly LeapingTime _time = new();
    private readonly PlayedNode _node = new();
    private readonly Sampler _sampler;
    private long _commits;
    private long _epoch;

    public DisplayTests()
    {
        _store.Open(new StoreLayout("test", "n", new Dictionary<byte, KindLayout> { [1] = new("device", 1) }));
        _epoch = _store.Claim(new ShardId(1, 0), "n", "log", _time.GetUtcNow()).Epoch;
        _sampler = new Sampler(_node, _store, _time);
    }

    public void Dispose() => _store.Dispose();

    private void Put(string id, string severity, string state, int revision, string headline)
    {
        byte[] body = Encoding.UTF8.GetBytes(
            $$"""{"id":"{{id}}","state":"{{state}}","revision":{{revision}},"info":[{"severity":"{{severity}}","onset":"2026-11-22T08:00:00.000Z","event":"e","headline":"{{headline}}"}]}""");
        var commit = new ShardCommit { Shard = new ShardId(1, 0), Epoch = _epoch, Number = ++_commits, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0] };
        commit.Documents.Add(new Document("alerts", id, "dijon", "Env", state, _time.GetUtcNow().ToUnixTimeMilliseconds(), body));
        Assert.Equal(CommitResult.Written, Assert.Single(_store.Commit([commit])));
    }

    [Fact]
    public void A_sample_has_rate_lag_and_active_alerts_the_severest_first()
    {
        Put("a", "Minor", "active", 1, "one");
        Put("b", "Severe", "active", 1, "two");
        Put("c", "Severe", "cleared", 2, "three");
        Put("d", "Minor", "active", 1, "four");
        _sampler.Take();
        _node.Readings = 1200;
        _ = Task.Delay(TimeSpan.FromSeconds(2), _time, TestContext.Current.CancellationToken);

        Sample sample = _sampler.Take();

        Assert.Equal((1200, 600.0, 7), (sample.Readings, sample.ReadingsPerSecond, sample.Lag));
        Assert.Equal("1 Severe, 2 Minor", sample.Active);
        Assert.Equal(4, sample.Newest.Count);
    }

    [Fact]
    public async Task A_pipe_gets_lines_and_each_state_of_an_alert_once()
    {
        using var output = new StringWriter();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        Put("a", "Severe", "active", 1, "Fine particles are high");
        int taken = 0;
        Sample Take()
        {
            taken++;
            if (taken == 3)
            {
                Put("a", "Severe", "cleared", 2, "Fine particles are back to usual");
            }
            else if (taken == 10)
            {
                stop.Cancel();
            }

            return _sampler.Take();
        }

        await new PlainDisplay(new Screen(output, TextWriter.Null, 120), Where).RunAsync(Take, _time, stop.Token);

        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["Streams, with a demo city", "HTTP   http://127.0.0.1:8080/", "Kafka  127.0.0.1:9092", "Data   /srv/streams/data", "A note."], lines[..5]);
        Assert.Equal(
            ["alert  Severe active, since 2026-11-22 08:00Z: Fine particles are high", "alert  Severe cleared, since 2026-11-22 08:00Z: Fine particles are back to usual"],
            lines.Where(line => line.StartsWith("alert", StringComparison.Ordinal)));
        Assert.Equal(2, lines.Count(line => line.Contains("readings,", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public void The_picture_fits_the_terminal(int width)
    {
        using var output = new StringWriter();
        var screen = new Screen(output, TextWriter.Null, width);
        using var log = new RecentLines(null, LogLevel.Warning, _time);
        Put("a", "Extreme", "active", 1, "Fine particles are far above the limit in dijon/gresilles and still rising, stay indoors and keep the windows shut");
        log.CreateLogger("x").Log(LogLevel.Warning, default, "The disk of the store is nearly full and something will have to be done about it before the evening comes.", null, (text, _) => text);

        screen.Write(new LiveDisplay(screen, Where, log).Draw(_sampler.Take()));

        string text = output.ToString();
        Assert.All(text.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, width));
        Assert.All(["http://127.0.0.1:8080/", "127.0.0.1:9092", "1 Extreme", "The disk"], each => Assert.Contains(each, text, StringComparison.Ordinal));
    }

    /// <summary>A node that says what the test wants it to.</summary>
    private sealed class PlayedNode : INodeView
    {
        public long Readings { get; set; }

        public NodeIdentity Identity { get; } = new("test", "n", "0.1.0", DateTimeOffset.UnixEpoch);

        public IReadOnlyList<HealthPart> Health() => [];

        public IReadOnlyList<RunningShard> Shards() => [new RunningShard(new ShardId(1, 0), 1, 10, 7), new RunningShard(new ShardId(1, 1), 1, 10, null)];

        public NodeFigures Figures() => new() { Applied = new Dictionary<string, long> { ["device"] = Readings, ["area"] = 5 } };

        public Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) => Task.FromResult<ReadOnlyMemory<byte>?>(null);

        public Task<ReadOnlyMemory<byte>?> RecentHistoryAsync(string kind, string key, CancellationToken stop) => Task.FromResult<ReadOnlyMemory<byte>?>(null);

        public Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop) => Task.CompletedTask;
    }
}
