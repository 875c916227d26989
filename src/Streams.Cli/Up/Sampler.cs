using Streams.Cli.Output;
using Streams.Node.Api;
using Streams.Runtime.Storage;

namespace Streams.Cli.Up;

/// <summary>
/// Takes samples of a node in this process. What is in memory is new in each; alerts are read every other second, and what has to be
/// counted in the store as seldom as keeps the counting below a hundredth of a core.
/// </summary>
/// <param name="domainOf">The domain of a device type.</param>
/// <param name="simulation">Null, or answering null, where no simulated city runs.</param>
internal sealed class Sampler(INodeView node, IStore store, Func<string, string> domainOf, TimeProvider time, Func<SimulationFacts?>? simulation = null)
{
    /// <summary>Active alerts counted at most; a city has dozens, and each sample reads them all.</summary>
    private const int MostActive = 500;

    /// <summary>More than change between two looks, so that who lists changes misses none.</summary>
    private const int NewestTaken = 100;

    /// <summary>Five minutes of seconds.</summary>
    private const int RatesKept = 300;

    private const int DelaysKept = 200;
    private const int CostShare = 100;
    private static readonly TimeSpan AlertsEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan CountsEvery = TimeSpan.FromSeconds(4);

    /// <summary>What is found longer after its values than this is of a recording, or of a past that is being caught up with.</summary>
    private static readonly TimeSpan Present = TimeSpan.FromHours(1);

    private static readonly TimeSpan CaughtUp = TimeSpan.FromMinutes(1);

    private readonly long _startedAt = time.GetTimestamp();
    private readonly Queue<double> _rates = new();
    private readonly Dictionary<string, AlertLine> _lines = new(StringComparer.Ordinal);
    private readonly List<(string Id, TimeSpan Delay)> _delays = [];
    private long _takenAt = time.GetTimestamp();
    private TimeSpan _cpuBefore = Environment.CpuUsage.TotalTime;
    private long? _alertsDueAt, _countsDueAt;
    private Sample _last = new();

    /// <summary>The present figures; where the store is busy or away, its part is that of the sample before.</summary>
    /// <param name="whole">Counts everything anew, whether it is time for it or not.</param>
    public Sample Take(bool whole = false)
    {
        long now = time.GetTimestamp();
        TimeSpan since = time.GetElapsedTime(_takenAt, now);
        long readings = node.Figures().Applied.GetValueOrDefault("device");
        Sample sample = _last with { Up = time.GetElapsedTime(_startedAt, now), Readings = readings, Lag = node.Shards().Sum(shard => shard.Lag ?? 0), Simulation = simulation?.Invoke() };
        if (since > TimeSpan.Zero)
        {
            double rate = Math.Max(0, readings - _last.Readings) / since.TotalSeconds;
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            _rates.Enqueue(rate);
            if (_rates.Count > RatesKept)
            {
                _rates.Dequeue();
            }

            sample = sample with { ReadingsPerSecond = rate, Rates = [.. _rates], CoresUsed = (cpu - _cpuBefore) / since, MemoryInBytes = Environment.WorkingSet };
            (_takenAt, _cpuBefore) = (now, cpu);
        }

        try
        {
            if (whole || _alertsDueAt is not { } alertsDue || now >= alertsDue)
            {
                sample = WithAlerts(sample);
                _alertsDueAt = After(now, AlertsEvery);
            }

            if (whole || _countsDueAt is not { } countsDue || now >= countsDue)
            {
                sample = WithCounts(sample);
                TimeSpan cost = time.GetElapsedTime(now);
                _countsDueAt = After(now, cost * CostShare > CountsEvery ? cost * CostShare : CountsEvery);
            }
        }
        catch (StoreUnavailableException)
        {
            // The node itself says so in its log; the display goes on with what it has.
        }

        return _last = sample;
    }

    private long After(long timestamp, TimeSpan span) => timestamp + (long)(span.TotalSeconds * time.TimestampFrequency);

    private Sample WithCounts(Sample sample) => sample with
    {
        Domains =
        [
            .. store.Tally("devices").GroupBy(tally => domainOf(tally.Category))
                .Select(group => new DomainCount(group.Key, In(group, "ok"), In(group, "anomalous"), In(group, "silent")))
                .OrderByDescending(domain => domain.All).ThenBy(domain => domain.Domain, StringComparer.Ordinal),
        ],
        Areas = store.Count("areas"),
        Anomalies = store.Count("anomalies"),
        DeadLetters = store.Count("dead-letters"),
    };

    private static long In(IEnumerable<Tally> tallies, string state) => tallies.Where(tally => tally.State == state).Sum(tally => tally.Count);

    private Sample WithAlerts(Sample sample)
    {
        AlertLine[] active = [.. store.Query(new DocumentQuery("alerts", State: "active", Limit: MostActive)).Select(LineOf)];
        AlertLine[] newest = [.. store.Query(new DocumentQuery("alerts", Limit: NewestTaken)).Select(LineOf)];
        AlertLine[] said = [.. newest.Concat(active).DistinctBy(alert => alert.Id).OrderByDescending(alert => alert.SentAt)];
        foreach (string gone in _lines.Keys.Except(said.Select(alert => alert.Id)).ToArray())
        {
            _lines.Remove(gone);
        }

        foreach (AlertLine alert in said)
        {
            NoteDelay(alert, sample.Simulation);
        }

        return sample with
        {
            ActiveBySeverity = [.. active.GroupBy(alert => alert.Severity).OrderBy(group => Colours.RankOf(group.Key)).Select(group => (group.Key, group.Count()))],
            WorstAreas =
            [
                .. active.GroupBy(alert => alert.Area).Select(group => (group.Key, group.MinBy(alert => Colours.RankOf(alert.Severity))!.Severity))
                    .OrderBy(area => Colours.RankOf(area.Severity)).ThenBy(area => area.Key, StringComparer.Ordinal),
            ],
            Newest = [.. said.Take(NewestTaken)],
            Delay = DelayOf(),
        };
    }

    /// <summary>Parses an alert only when it is another state than the one known.</summary>
    private AlertLine LineOf(Document document)
    {
        if (!_lines.TryGetValue(document.Id, out AlertLine? line) || !line.IsStateOf(document))
        {
            line = AlertLine.Of(document);
            _lines[document.Id] = line;
        }

        return line;
    }

    private void NoteDelay(AlertLine alert, SimulationFacts? city)
    {
        if (alert.FoundAt is not { } found || _delays.Exists(each => each.Id == alert.Id))
        {
            return;
        }

        // At speed 1 a simulated city's time is ours, once it has caught up; else what it was there when the alert was said, and how long that is here.
        DateTimeOffset now = time.GetUtcNow();
        if (city is { Speed: 1 } && now - city.Time > CaughtUp)
        {
            return;
        }

        TimeSpan delay = city is null or { Speed: 1 } ? alert.SentAt - found : ((city.Time - ((now - alert.SentAt) * city.Speed)) - found) / city.Speed;
        if (delay < Present && delay > -Present)
        {
            _delays.Add((alert.Id, delay > TimeSpan.Zero ? delay : TimeSpan.Zero));
            if (_delays.Count > DelaysKept)
            {
                _delays.RemoveAt(0);
            }
        }
    }

    private AlertDelay? DelayOf()
    {
        TimeSpan[] sorted = [.. _delays.Select(each => each.Delay).Order()];
        return sorted.Length == 0 ? null : new AlertDelay(sorted[sorted.Length / 2], sorted[(int)Math.Ceiling(sorted.Length * 0.99) - 1], sorted.Length);
    }
}
