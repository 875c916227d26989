using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Devices;
using Streams.Node.Configuration;
using Streams.Runtime;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests;

public sealed class HousekeepingTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);
    private static readonly ShardId Shard = new(1, 0);

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly long _epoch;
    private long _commits;

    public HousekeepingTests()
    {
        _store.Open(new StoreLayout("test", "node-1", new Dictionary<byte, KindLayout> { [1] = new("device", 1) }));
        _epoch = _store.Claim(Shard, "node-1", "log-1", Now).Epoch;
        Write(default, commit => commit.Actors.Add(new ActorRow(0, "d", true, null, new byte[] { 1 })));
    }

    public void Dispose() => _store.Dispose();

    [Theory]
    [InlineData(HistoryPart.Minutes, 1)]
    [InlineData(HistoryPart.Quarters, 14)]
    [InlineData(HistoryPart.Hours, 365)]
    [InlineData(HistoryPart.Days, 3650)]
    [InlineData(HistoryPart.Mixed, 3650)]
    public async Task Windows_of_each_size_are_kept_for_their_own_time_from_when_they_were_written(HistoryPart part, int days)
    {
        Write(TimeSpan.FromDays(days) - TimeSpan.FromMinutes(1), commit => commit.History.Add(Row(part, 0)));
        Write(TimeSpan.FromDays(days) + TimeSpan.FromMinutes(1), commit => commit.History.Add(Row(part, 1)));
        await SweepAsync();
        Assert.Equal([0L], Left(part));
        Write(TimeSpan.FromDays(5_000), commit => commit.History.Add(Row(HistoryPart.Names, 0)));
        await SweepAsync();
        Assert.Equal([0L], Left(HistoryPart.Names));
    }

    [Fact]
    public async Task Cap_documents_are_kept_as_long_as_alerts_and_what_webhooks_did_not_take_as_long_as_dead_letters()
    {
        foreach ((string collection, int days) in new[] { ("cap", 365), ("webhook-dead-letters", 30) })
        {
            Write(TimeSpan.FromDays(days) - TimeSpan.FromMinutes(1), commit => commit.Documents.Add(new Document(collection, "young", "", "", "", 5, new byte[] { 1 }, IsDone: true)));
            Write(TimeSpan.FromDays(days) + TimeSpan.FromMinutes(1), commit => commit.Documents.Add(new Document(collection, "old", "", "", "", 5, new byte[] { 1 }, IsDone: true)));
            await SweepAsync();
            Assert.Equal("young", Assert.Single(_store.Query(new DocumentQuery(collection))).Id);
        }
    }

    [Fact]
    public async Task A_recording_of_long_ago_that_was_played_in_just_now_is_all_there()
    {
        Write(TimeSpan.FromHours(2), commit =>
        {
            commit.History.AddRange(Enum.GetValues<HistoryPart>().Select(part => Row(part, 1)));
            commit.Journal.Add(new JournalRow("d", 5, "anomaly_raised", new byte[] { 1 }));
            commit.Documents.Add(new Document("anomalies", "a", "", "", "cleared", 5, new byte[] { 1 }, IsDone: true));
            commit.Documents.Add(new Document("alerts", "b", "", "", "expired", 5, new byte[] { 1 }, IsDone: true));
        });
        await SweepAsync();
        Assert.All(Enum.GetValues<HistoryPart>(), part => Assert.Equal([1L], Left(part)));
        Assert.Equal((1, 1L, 1L), (_store.ReadJournal(Shard, "d", 9).Count, _store.Count("anomalies"), _store.Count("alerts")));
    }

    [Fact]
    public async Task What_is_still_open_stays_however_old_and_what_is_done_goes_after_its_time()
    {
        Write(TimeSpan.FromDays(4_000), commit => commit.Documents.AddRange(
            [Of("anomalies", "raised", false), Of("anomalies", "cleared", true), Of("alerts", "active", false), Of("alerts", "cancelled", true), Of("devices", "silent", false)]));
        Write(TimeSpan.FromDays(89), commit => commit.Documents.Add(Of("anomalies", "cleared lately", true)));
        Write(TimeSpan.FromDays(364), commit => commit.Documents.Add(Of("alerts", "expired lately", true)));
        await SweepAsync();
        Assert.Equal(["cleared lately", "raised"], Ids("anomalies"));
        Assert.Equal(["active", "expired lately"], Ids("alerts"));
        Assert.Equal(["silent"], Ids("devices"));

        static Document Of(string collection, string state, bool isDone) => new(collection, state, "", "", state, 5, new byte[] { 1 }, isDone);

        string[] Ids(string collection) => [.. _store.Query(new DocumentQuery(collection)).Select(row => row.Id).Order()];
    }

    [Fact]
    public async Task More_than_one_piece_goes_with_a_pause_after_each()
    {
        PausingTime time = new();
        Write(TimeSpan.FromDays(2), commit => commit.History.AddRange(Enumerable.Range(0, (2 * IStore.PrunedAtOnce) + 1).Select(i => Row(HistoryPart.Minutes, i))));
        await SweepAsync(time);
        Assert.Empty(Left(HistoryPart.Minutes));
        Assert.Equal(2, time.Pauses);
    }

    [Fact]
    public async Task Who_did_what_goes_after_two_years_in_whole_days_and_leaves_one_entry_behind()
    {
        foreach (double days in new[] { 800, 731, 730.1, 729, 1 })
        {
            _store.Append(new AuditDraft($"{days}", Now.AddDays(-days), AuditActor.Cluster, "device.put", $"{days} days ago"));
        }

        _store.AuditPublished(5);
        await SweepAsync();
        await SweepAsync();

        // Of the day that is not over yet, nothing: 730.1 days ago is the same day as 730.
        Assert.Equal([3L, 4, 5, 6], _store.ReadAudit(new AuditQuery(OldestFirst: true)).Select(entry => entry.Link.Number));
        Assert.Equal((2, AuditWalk.Pruning), (_store.ReadAuditChain().Anchor.Number, _store.ReadAudit(new AuditQuery())[0].Action));
    }

    private static HistoryRow Row(HistoryPart part, int number) => new(0, (byte)part, 0, new byte[] { (byte)number });

    private IEnumerable<long> Left(HistoryPart part) => _store.ReadHistory(Shard, "d", (byte)part, 0, 1, 1000).Select(row => (long)row.Body.Span[0]);

    private async Task SweepAsync(TimeProvider? time = null)
    {
        await using Housekeeping housekeeping = new(_store, new HousekeepingSettings(), time ?? new PausingTime(), NullLogger.Instance);
        await housekeeping.SweepAsync();
    }

    private void Write(TimeSpan ago, Action<ShardCommit> fill)
    {
        ShardCommit commit = new()
        {
            Shard = Shard, Epoch = _epoch, Number = ++_commits, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0],
            AtInMs = (Now - ago).ToUnixTimeMilliseconds(),
        };
        fill(commit);
        Assert.Equal(CommitResult.Written, Assert.Single(_store.Commit([commit])));
    }

    /// <summary>Stands still, and every pause is over at once.</summary>
    private sealed class PausingTime : TimeProvider
    {
        public int Pauses { get; private set; }

        public override DateTimeOffset GetUtcNow() => Now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Pauses++;
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
