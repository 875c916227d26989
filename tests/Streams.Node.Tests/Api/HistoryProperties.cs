using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Actors;
using Streams.Node.Api;
using Streams.Node.Api.Aggregates;
using Streams.Node.Configuration;
using Streams.Node.Tests.Configuration;
using Streams.Runtime;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Node.Tests.Api;

/// <summary>
/// Whatever happens in between (readings near and far apart, late ones, restarts, prunings, windows still in memory or already in the store), what closed
/// within retention is read page by page, once, in order and in its newest revision.
/// </summary>
public sealed class HistoryProperties
{
    [Fact]
    public void What_closed_within_retention_is_read_exactly_from_SQLite() => Check(SqliteStore.InMemory, runs: 40);

    [Fact]
    public void What_closed_within_retention_is_read_exactly_from_PostgreSQL()
    {
        PostgresServer server = PostgresServer.Require();
        Check(() => new PostgresStore(server.CreateDatabase()), runs: 3);
    }

    private static void Check(Func<IStore> connect, int runs)
    {
        Gen<Step> step = Gen.Frequency(
            (8, Gen.Choose(1, 150).SelectMany(count => Gen.Elements(7, 20, 61, 900, 20_000), Step (count, every) => new Step.Speak(count, every))),
            (2, Gen.Choose(1, 280).Select(Step (back) => new Step.SpeakLate(back))),
            (1, Gen.Constant<Step>(new Step.Restart())),
            (1, Gen.Choose(0, 3).SelectMany(part => Gen.Choose(0, 40_000), Step (part, age) => new Step.Prune((HistoryPart)part, age))),
            (2, Gen.Choose(0, 4).SelectMany(size => Gen.Choose(20, 300).SelectMany(limit => Gen.Choose(0, 100), (limit, share) => (limit, share)),
                Step (size, rest) => new Step.Read(size == 4 ? null : (WindowSize)size, rest.limit, rest.share))));
        Prop.ForAll(step.ArrayOf().Resize(40).ToArbitrary(), steps =>
        {
            using IStore store = connect();
            Subject subject = new(store);
            foreach (Step each in steps)
            {
                subject.Do(each);
            }

            subject.Do(new Step.Read(null, 97, 0));
            subject.Do(new Step.Read(WindowSize.Minute, 1000, 0));
        }).Check(Config.QuickThrowOnFailure.WithReplay(17, 23).WithMaxTest(runs));
    }

    private abstract record Step
    {
        private Step()
        {
        }

        public sealed record Speak(int Count, int EveryInSeconds) : Step;

        public sealed record SpeakLate(int BackInSeconds) : Step;

        public sealed record Restart : Step;

        public sealed record Prune(HistoryPart Part, int AgeInSeconds) : Step;

        /// <param name="Share">Where the range begins, in hundredths of the past.</param>
        public sealed record Read(WindowSize? Size, int Limit, int Share) : Step;
    }

    /// <summary>A device, its store, and a plain memory of every window that closed.</summary>
    private sealed class Subject : IDeviceOutput
    {
        private const string Id = "d/1";
        private static readonly long Start = new DateTimeOffset(2015, 12, 8, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        private static readonly ClusterConfiguration Shipped = ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>()).Configuration!;

        private readonly ApiSources _sources;
        private readonly ShardId _shard;
        private readonly long _epoch;
        private readonly Reading _reading = new();
        private readonly List<HistoryRow> _rows = [];
        private readonly Dictionary<(WindowSize Size, string Metric, long Start), (long ClosedAt, int Revision, long Count)> _closed = [];
        private readonly long[] _prunedBefore = new long[4];
        private Device _device = new(Id);
        private long _now = Start;
        private long _commits;

        public Subject(IStore store)
        {
            store.Open(ApiServer.Layout);
            _sources = new ApiSources(store, new PlayedNode(), ApiServer.Layout, Shipped, TimeProvider.System);
            _shard = _sources.ShardOf("device", Id);
            _epoch = store.Claim(_shard, "node-1", "log-1", ApiServer.Now).Epoch;
            Commit(commit => commit.Actors.Add(new ActorRow(0, Id, true, null, new byte[] { 1 })));
        }

        public void Do(Step step)
        {
            switch (step)
            {
                case Step.Speak(int count, int every):
                    for (int i = 0; i < count; i++)
                    {
                        _now += every * 1000;
                        Say(_now);
                        if (i % 10 == 9)
                        {
                            Write();
                        }
                    }

                    Write();
                    break;
                case Step.SpeakLate(int back):
                    Say(Math.Max(Start, _now - (back * 1000)));
                    Write();
                    break;
                case Step.Restart:
                    System.Buffers.ArrayBufferWriter<byte> snapshot = new();
                    _device.Save(snapshot);
                    Assert.True(Device.TryRestore(Id, snapshot.WrittenSpan, _sources.Catalog, out Device? restored, out string? fault), fault);
                    _device = restored;
                    break;
                case Step.Prune(HistoryPart part, int age):
                    long before = _now - (age * 1000L);
                    _prunedBefore[(int)part] = Math.Max(_prunedBefore[(int)part], before);
                    while (_sources.Store.PruneHistory((byte)part, before) > 0)
                    {
                    }

                    break;
                case Step.Read read:
                    Read(read.Size, read.Limit, Start + ((_now - Start) * read.Share / 100));
                    break;
            }
        }

        public void Closed(in ClosedWindow window) =>
            _closed[(window.Size, window.Metric, window.StartInMs)] = (_now, window.Revision, window.Moments.Count);

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => _rows.Add(new HistoryRow(0, (byte)part, fromInMs, body.ToArray()));

        public void Registered(DeviceRegistration registration)
        {
        }

        public void Moved(DeviceRegistration registration, string fromArea)
        {
        }

        public void Anomaly(AnomalyEvent anomaly)
        {
        }

        private void Say(long atInMs)
        {
            string time = DateTimeOffset.FromUnixTimeMilliseconds(atInMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            byte[] json = Encoding.UTF8.GetBytes(
                $$"""{"deviceId":"{{Id}}","time":"{{time}}","type":"air_quality_sensor","area":"beijing","metrics":{"pm2_5":{{atInMs / 1000 % 97}}.5,"no2":{{atInMs / 60_000 % 7}} } }""");
            Assert.True(ReadingParser.TryParse(json, ApiServer.Now.ToUnixTimeMilliseconds(), _reading, out _));
            Assert.NotEqual(OutcomeKind.Refused, _device.Apply(_reading, _sources.Catalog, _now).Kind);
        }

        private void Write()
        {
            _device.Drain(this);
            Commit(commit => commit.History.AddRange(_rows));
            _rows.Clear();
        }

        private void Commit(Action<ShardCommit> fill)
        {
            ShardCommit commit = new()
            {
                Shard = _shard, Epoch = _epoch, Number = ++_commits, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0], AtInMs = _now,
            };
            fill(commit);
            Assert.Equal(CommitResult.Written, Assert.Single(_sources.Store.Commit([commit])));
        }

        private void Read(WindowSize? size, int limit, long from)
        {
            ShownHistory recent = new();
            _device.ShowRecentHistory(recent);
            List<HistoryWindow> read = [];
            (long, string)? after = null;
            bool more = true;
            while (more)
            {
                (List<FoundWindow> page, more) = new WindowSearch(_sources, "device", Id, recent.Rows, null, size).Page(from, long.MaxValue, after, limit);
                Assert.True(more ? page.Count == limit : page.Count <= limit);
                read.AddRange(page.Select(found => found.Window));
                after = page.Count == 0 ? null : (page[^1].Window.StartInMs, page[^1].Place);
            }

            Assert.Equal(read.OrderBy(window => window.StartInMs).ThenBy(window => (window.Size, window.Metric)), read);
            Dictionary<(WindowSize, string, long), HistoryWindow> byKey = read.ToDictionary(window => (window.Size, window.Metric, window.StartInMs));
            foreach (((WindowSize Size, string Metric, long Start) key, (long closedAt, int revision, long count)) in _closed)
            {
                if (key.Start >= from && (size is null || key.Size == size) && closedAt >= _prunedBefore[(int)key.Size])
                {
                    Assert.True(byKey.TryGetValue(key, out HistoryWindow found), $"{key} of {closedAt} is missing.");
                    Assert.Equal((revision, count), (found.Revision, found.Count));
                }
            }

            Assert.All(byKey, found => Assert.True(_closed.ContainsKey(found.Key) && found.Key.Item3 >= from));
        }
    }
}
