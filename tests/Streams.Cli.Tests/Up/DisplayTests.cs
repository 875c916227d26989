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
    private SimulationFacts? _city;
    private long _commits;
    private long _epoch;

    public DisplayTests()
    {
        _store.Open(new StoreLayout("test", "n", new Dictionary<byte, KindLayout> { [1] = new("device", 1) }));
        _epoch = _store.Claim(new ShardId(1, 0), "n", "log", _time.GetUtcNow()).Epoch;
        _sampler = new Sampler(_node, _store, type => type == "noise_meter" ? "noise" : "other", _time, () => _city);
    }

    public void Dispose() => _store.Dispose();

    /// <param name="delayInSeconds">How long before it was said the last window that it rests on ended.</param>
    private void Put(string id, string severity, string state, int revision, string headline, string area = "dijon", double delayInSeconds = 0)
    {
        DateTimeOffset now = _time.GetUtcNow(), found = now.AddSeconds(-delayInSeconds).AddHours(-1);
        byte[] body = Encoding.UTF8.GetBytes(
            $$"""{"id":"{{id}}","state":"{{state}}","revision":{{revision}},"sent":"{{now:yyyy-MM-ddTHH:mm:ss.fffZ}}","info":[{"severity":"{{severity}}","onset":"2026-11-22T08:00:00.000Z","event":"e","headline":"{{headline}}"}],"evidence":[{"window":"PT1H","time":"{{found:yyyy-MM-ddTHH:mm:ss.fffZ}}"},{"alertId":"child","time":"{{now:yyyy-MM-ddTHH:mm:ss.fffZ}}"}]}""");
        Put(new Document("alerts", id, area, "Env", state, now.ToUnixTimeMilliseconds(), body));
    }

    private void Put(Document document)
    {
        var commit = new ShardCommit { Shard = new ShardId(1, 0), Epoch = _epoch, Number = ++_commits, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0] };
        commit.Documents.Add(document);
        Assert.Equal(CommitResult.Written, Assert.Single(_store.Commit([commit])));
    }

    private void Pass(double seconds) => _ = Task.Delay(TimeSpan.FromSeconds(seconds), _time, TestContext.Current.CancellationToken);

    [Fact]
    public void A_sample_has_rate_lag_and_active_alerts_the_severest_first()
    {
        Put("a", "Minor", "active", 1, "one");
        Put("b", "Severe", "active", 1, "two");
        Put("c", "Severe", "cleared", 2, "three");
        Put("d", "Minor", "active", 1, "four");
        _sampler.Take();
        _node.Readings = 1200;
        Pass(2);

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

    [Fact]
    public void Devices_are_counted_by_domain_and_state_but_not_at_every_look()
    {
        Put(new Document("devices", "a", "dijon", "noise_meter", "ok", 1, "{}"u8.ToArray()));
        Put(new Document("devices", "b", "dijon", "noise_meter", "silent", 2, "{}"u8.ToArray()));
        Put(new Document("devices", "c", "dijon", "lamp", "anomalous", 3, "{}"u8.ToArray()));
        Sample first = _sampler.Take();
        Put(new Document("devices", "d", "dijon", "lamp", "ok", 3, "{}"u8.ToArray()));
        Pass(1);
        Sample soon = _sampler.Take();
        Pass(4);
        Sample later = _sampler.Take();

        Assert.Equal([new DomainCount("noise", 1, 0, 1), new DomainCount("other", 0, 1, 0)], first.Domains);
        Assert.Equal((3, 3, 4), (first.Devices, soon.Devices, later.Devices));
        Assert.Equal(4, _sampler.Take(whole: true).Devices);
    }

    [Fact]
    public void The_delay_of_alerts_is_from_the_end_of_what_they_rest_on_and_leaves_out_the_past()
    {
        Put("a", "Severe", "active", 1, "one", delayInSeconds: 2);
        Put("b", "Severe", "active", 1, "two", delayInSeconds: 4);
        Put("c", "Severe", "active", 1, "three", delayInSeconds: 6);
        Put("old", "Severe", "active", 1, "of a recording", delayInSeconds: 90_000);
        Put("again", "Severe", "active", 2, "a later state", delayInSeconds: 50);

        Assert.Equal(new AlertDelay(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(6), 3), _sampler.Take().Delay);
    }

    [Fact]
    public void In_a_simulated_city_the_delay_goes_by_the_citys_time()
    {
        // There it is a day later and time runs tenfold: 20 seconds of the city are 2 of ours.
        DateTimeOffset now = _time.GetUtcNow();
        _city = new SimulationFacts("Dijon", now.AddDays(1), 10, [], []);
        Put("a", "Severe", "active", 1, "one", delayInSeconds: 20 - 86_400);

        Assert.Equal(TimeSpan.FromSeconds(2), _sampler.Take().Delay!.Median);
    }

    [Theory]
    [InlineData(60, 20)]
    [InlineData(80, 24)]
    [InlineData(120, 30)]
    [InlineData(140, 45)]
    [InlineData(40, 10)]
    public void The_picture_fits_the_terminal(int width, int height)
    {
        _city = new SimulationFacts("Dijon", _time.GetUtcNow(), 60, ["flood in dijon/port-du-canal"], ["flood", "heat"]);
        Put("a", "Extreme", "active", 1, "Fine particles are far above the limit in dijon/gresilles and still rising, stay indoors and keep the windows shut 微小粒子状物質");
        for (int i = 0; i < 40; i++)
        {
            Put($"more-{i}", "Minor", "active", 1, $"Alert {i}", $"dijon/a-district-with-quite-a-long-name-{i}");
            Put(new Document("devices", $"d-{i}", "dijon", i % 2 == 0 ? "noise_meter" : "lamp", "ok", 1, "{}"u8.ToArray()));
        }

        string[] warnings = ["12:00:00 warning: The disk of the store is nearly full and something will have to be done about it before the evening comes."];

        string[] lines = [.. new Picture(Where, _sampler.Take(), warnings, _time.GetUtcNow(), width, height).Lines().Select(line => string.Concat(line.Select(part => part.Text)))];

        Assert.InRange(lines.Length, 1, height);
        Assert.All(lines, line => Assert.InRange(Cells.Width(line), 0, width));
        Assert.All(["Streams, with a demo city", "http://127.0.0.1:8080/", "1 Extreme"], each => Assert.Contains(lines, line => line.Contains(each, StringComparison.Ordinal)));
        if (height >= 20)
        {
            Assert.All(
                ["flood in dijon/port-du-canal", "The disk of the store", "streams scenario start flood"[..(width < 80 ? 0 : 28)], "Latest alerts", "x60"[..(width < 80 ? 0 : 3)]],
                each => Assert.Contains(lines, line => line.Contains(each, StringComparison.Ordinal)));
            Assert.True(lines.Count(line => line.Contains(" s ago", StringComparison.Ordinal)) >= 3);
        }
    }

    [Fact]
    public async Task The_live_display_leaves_the_terminal_as_it_was_and_says_where_everything_is()
    {
        using var output = new StringWriter();
        using var log = new RecentLines(null, LogLevel.Warning, _time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        int taken = 0;

        await new LiveDisplay(new Screen(output, TextWriter.Null, 80), Where, log).RunAsync(
            () =>
            {
                if (++taken == 4)
                {
                    stop.Cancel();
                }

                return _sampler.Take();
            },
            _time,
            stop.Token);

        string text = output.ToString();
        Assert.StartsWith("\e[?1049h", text, StringComparison.Ordinal);
        Assert.Equal(3, text.Split("\e[H").Length - 1);
        Assert.Contains("\e[?1049l", text, StringComparison.Ordinal);
        Assert.Contains("HTTP   http://127.0.0.1:8080/", text[text.IndexOf("\e[?1049l", StringComparison.Ordinal)..], StringComparison.Ordinal);
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

        public IReadOnlyList<NodeRow> Nodes() => [];

        public void Drain(bool drain)
        {
        }

        public Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop, bool hereOnly = false) => Task.FromResult<IReadOnlyList<HistoryRow>?>(null);

        public Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop) => Task.CompletedTask;
    }
}
