using System.Text;
using System.Text.Json;
using Streams.Domain.Detection;
using Streams.Runtime.Log;

namespace Streams.Cluster.Tests;

/// <summary>What two nodes owe their city when one of them is killed under load.</summary>
public sealed class KilledNodeTests : IClassFixture<KilledNodeRun>
{
    private static readonly TimeSpan s_resumesWithin = TimeSpan.FromSeconds(12);

    private readonly KilledNodeRun _run;

    public KilledNodeTests(KilledNodeRun run)
    {
        _run = run;
        Assert.SkipWhen(run.Skipped is not null, run.Skipped ?? "");
    }

    [Fact]
    public void Every_accepted_reading_is_counted_exactly_once()
    {
        Assert.Equal(KilledNodeRun.Rounds * CityStream.Devices, _run.Sent);
        Assert.Equal(Enumerable.Range(0, CityStream.Devices).Select(device => CityStream.AcceptedOf(device, KilledNodeRun.Rounds)), _run.Counted);
    }

    [Fact]
    public void Each_device_has_decided_what_it_would_have_without_a_cluster_in_the_same_order()
    {
        ILookup<string, Published> byDevice = Firsts(_run.Anomalies).ToLookup(anomaly => anomaly.Key);
        foreach ((string device, List<AnomalyEvent> decided) in _run.Expected)
        {
            Assert.Equal(
                decided.Select(decision => $"{decision.Id} {(decision.IsRaised ? "raised" : "cleared")} {decision.Explanation}"),
                byDevice[device].Select(anomaly =>
                    $"{anomaly.Json.GetProperty("id").GetString()} {anomaly.Json.GetProperty("state").GetString()} {anomaly.Json.GetProperty("explanation").GetString()}"));
        }
    }

    [Fact]
    public void Each_refused_reading_is_one_dead_letter_and_nothing_else_is()
    {
        List<Published> letters = Firsts(_run.DeadLetters);
        Assert.Equal(CityStream.BadIn(KilledNodeRun.Rounds), letters.Count);
        Assert.All(letters, letter => Assert.Contains("pm3", letter.Text, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_minute_of_a_device_holds_all_its_readings_as_last_revised()
    {
        Dictionary<string, Dictionary<long, int>> published = Published.MinutesOf(Firsts(_run.Aggregates));
        foreach ((string device, Dictionary<long, int> counts) in _run.Minutes)
        {
            Assert.Equal(counts, counts.Keys.ToDictionary(start => start, start => published[device].GetValueOrDefault(start)));
        }
    }

    [Fact]
    public void Every_area_has_had_its_alerts_and_they_rest_on_anomalies_that_were_decided()
    {
        HashSet<string> anomalies = [.. _run.Expected.Values.SelectMany(decided => decided).Select(decision => decision.Id)];
        Assert.Equal(CityStream.Areas, _run.Alerts.Select(alert => alert.Json.GetProperty("area").GetString()).Distinct().Count());
        Assert.All(
            _run.Alerts.SelectMany(state => state.Json.GetProperty("evidence").EnumerateArray()),
            evidence => Assert.Contains(evidence.GetProperty("anomalyId").GetString()!, anomalies));
    }

    [Fact]
    public void The_surviving_node_works_for_the_killed_one_within_12_seconds()
    {
        Assert.NotEmpty(_run.Lost);
        ILookup<int, Published> byShard = _run.Anomalies
            .Where(anomaly => anomaly.TimestampInMs > _run.KilledAtInMs)
            .ToLookup(anomaly => Partitioner.PartitionOf(Encoding.UTF8.GetBytes(anomaly.Key), _run.Partitions));
        TimeSpan[] resumed = [.. _run.Lost.Select(shard => TimeSpan.FromMilliseconds(byShard[shard].Min(anomaly => anomaly.TimestampInMs) - _run.KilledAtInMs))];
        TestContext.Current.TestOutputHelper!.WriteLine(
            $"Device shards of the killed node: {_run.Lost.Count} of {_run.Partitions}. From the kill to the first decision: {resumed.Min().TotalSeconds:0.0} s, of the last shard: {resumed.Max().TotalSeconds:0.0} s. "
            + $"Anomaly records: {_run.Anomalies.Count}, of them repeats: {_run.Anomalies.Count - _run.Anomalies.Select(anomaly => anomaly.Id).Distinct().Count()}.");
        Assert.All(resumed, time => Assert.True(time < s_resumesWithin, $"A shard resumed {time.TotalSeconds:0.0} s after the kill."));
    }

    /// <summary>Each decision as it was first published; a repeat must be its equal.</summary>
    private static List<Published> Firsts(List<Published> records)
    {
        Dictionary<string, Published> first = [];
        List<Published> inOrder = [];
        foreach (Published record in records)
        {
            Assert.NotEqual("", record.Id);
            if (first.TryAdd(record.Id, record))
            {
                inOrder.Add(record);
            }
            else
            {
                Assert.True(
                    first[record.Id].Text == record.Text && first[record.Id].Key == record.Key,
                    $"{record.Topic} has two records {record.Id}:{Environment.NewLine}{first[record.Id]}{Environment.NewLine}{record}");
            }
        }

        return inOrder;
    }
}
