using System.Buffers;
using System.Diagnostics;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Windows;
using Streams.Node.Configuration;

namespace Streams.Benchmarks.Areas;

/// <summary>
/// One area under the shipped rules: with devices of every type, each told of by itself; with as many lamps as a whole city has, on a quiet
/// day; and when all of them lose their power.
/// </summary>
internal sealed class AreaCommand : IAreaOutput
{
    private const string Id = "bench/city";
    private const string Type = "street_light";
    private const int QuarterInMs = 900_000;

    /// <summary>What one shard of devices tells in one commit.</summary>
    private const int Batch = 64;

    private static readonly string[] Metrics = ["lamp", "brightness", "power", "energy", "voltage", "tilt"];

    private readonly AlertRules _rules;
    private readonly string[] _types;
    private readonly int _lamps;
    private readonly Observation _observation = new();
    private readonly ArrayBufferWriter<byte> _bytes = new();
    private readonly long _start = 1_780_000_000_000 / 86_400_000 * 86_400_000;
    private Area _area = new(Id);
    private int _alerts;
    private int _evidence;

    private AreaCommand(AlertRules rules, IEnumerable<string> types, int lamps) => (_rules, _types, _lamps) = (rules, [.. types], lamps);

    public static int Run(Options options)
    {
        int lamps = options.Whole("lamps", 34_000, Batch, 1_000_000);
        string folder = options.MaybeText("config") ?? "cluster-config";
        string? json = options.MaybeText("json");
        options.Finish();
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder);
        return configuration is null
            ? throw new UsageException($"The folder {folder} can not be used: {faults[0]}")
            : new AreaCommand(configuration.AlertRules, configuration.DeviceTypes.Select(type => type.Name), lamps).Measure(new FigureList($"area: {lamps:N0} lamps in one area, shipped rules"), json);
    }

    void IAreaOutput.Aggregate(AreaAggregate aggregate)
    {
    }

    void IAreaOutput.ToArea(string area, Observation observation)
    {
    }

    void IAreaOutput.Alert(Alert alert)
    {
        _alerts++;
        _evidence = Math.Max(_evidence, alert.Evidence.Length);
    }

    private int Measure(FigureList figures, string? json)
    {
        Mixed(figures);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        for (int round = 0; round < 3; round++)
        {
            Quarter(round, out _, out _);
        }

        Quarter(3, out double microseconds, out double longest);
        figures.Add($"quiet: an observation of {Batch} lamps, {Metrics.Length} metrics each", microseconds, "us");
        figures.Add("quiet: of that for a lamp", microseconds / Batch, "us");
        figures.Add("quiet: longest observation (windows close in it)", longest, "us");
        figures.Add("quiet: memory", (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0, "KB");
        Save(figures, "quiet");

        var clock = Stopwatch.StartNew();
        long at = _start + (5L * QuarterInMs);
        double worst = 0;
        for (int lamp = 0; lamp < _lamps; lamp += Batch)
        {
            long from = Stopwatch.GetTimestamp();
            _observation.Clear();
            for (int i = lamp; i < Math.Min(lamp + Batch, _lamps); i++)
            {
                _observation.Members.Add(Member(i, at + 5000));
                _observation.Anomalies.Add(Dark(i, at));
            }

            Apply(at + 5000 + lamp);
            worst = Math.Max(worst, Stopwatch.GetElapsedTime(from).TotalMicroseconds);
        }

        figures.Add("power cut: all lamps tell of it", clock.Elapsed.TotalMilliseconds, "ms");
        figures.Add("power cut: longest observation", worst / 1000, "ms");
        long wake = Stopwatch.GetTimestamp();
        for (int second = 1; second <= 10; second++)
        {
            _area.Wake(_rules, at + 5000 + _lamps + (second * 1000));
            _area.Drain(this);
        }

        figures.Add("power cut: each second that it lasts", Stopwatch.GetElapsedTime(wake).TotalMilliseconds / 10, "ms");
        figures.Add("power cut: states of alerts said", _alerts, "");
        figures.Add("power cut: most evidence in one", _evidence, "");
        figures.Add("power cut: memory", (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0, "KB");
        Save(figures, "power cut");
        return figures.Finish(json);
    }

    /// <summary>Two hours of a district with a few devices of every type, which speak one after the other: an observation has news of one device.</summary>
    private void Mixed(FigureList figures)
    {
        const int ofType = 20;
        const int minutes = 120;
        int observations = 0;
        long from = 0;
        for (int minute = 0; minute < minutes; minute++)
        {
            if (minute == minutes / 4)
            {
                (observations, from) = (0, Stopwatch.GetTimestamp());
            }

            for (int i = 0; i < ofType * _types.Length; i++)
            {
                long at = _start + (minute * 60_000L) + (i * 60_000L / (ofType * _types.Length));
                Tell(_types[i % _types.Length], $"bench-{i}", minute, at);
                Apply(at);
                observations++;
            }
        }

        figures.Add($"{ofType * _types.Length:N0} devices of {_types.Length} types: an observation of one", Stopwatch.GetElapsedTime(from).TotalMicroseconds / observations, "us");
        _area = new Area(Id);
    }

    /// <summary>A device has closed the windows that ended with the minute before.</summary>
    private void Tell(string type, string device, int minute, long atInMs)
    {
        _observation.Clear();
        foreach (WindowSize size in (ReadOnlySpan<WindowSize>)[WindowSize.Minute, WindowSize.Quarter, WindowSize.Hour])
        {
            long lengthInMs = size.LengthInMs();
            if (minute > 0 && minute * 60_000L % lengthInMs == 0)
            {
                PartialWindow window = _observation.AddWindow(_observation.SeriesOf(type, "level", "1"), size, _start + (minute * 60_000L) - lengthInMs);
                window.Members = 1;
                window.Moments.Add(1, atInMs);
                window.Sketch.Add(1);
            }
        }

        _observation.Members.Add(new MemberUpdate
        {
            Id = device, Type = type, WatermarkInMs = _start + (minute * 60_000L), LastEventInMs = atInMs, IntervalInMs = 60_000, Devices = 1,
        });
    }

    private void Save(FigureList figures, string when)
    {
        _bytes.ResetWrittenCount();
        long from = Stopwatch.GetTimestamp();
        _area.Save(_bytes);
        figures.Add($"{when}: snapshot", _bytes.WrittenCount / 1024.0, "KB");
        figures.Add($"{when}: time to write it", Stopwatch.GetElapsedTime(from).TotalMilliseconds, "ms");
        from = Stopwatch.GetTimestamp();
        _area = Area.Restore(_bytes.WrittenSpan, out string? fault) ?? throw new InvalidOperationException(fault);
        figures.Add($"{when}: time to read it", Stopwatch.GetElapsedTime(from).TotalMilliseconds, "ms");
    }

    /// <summary>Every lamp tells of the quarter, one batch after the other, spread over the next one.</summary>
    private void Quarter(int round, out double meanInMicroseconds, out double longestInMicroseconds)
    {
        long start = _start + ((long)round * QuarterInMs);
        int observations = 0;
        longestInMicroseconds = 0;
        var total = TimeSpan.Zero;
        for (int lamp = 0; lamp < _lamps; lamp += Batch)
        {
            Fill(lamp, start);
            long from = Stopwatch.GetTimestamp();
            Apply(start + QuarterInMs + ((long)lamp * QuarterInMs / _lamps));
            TimeSpan took = Stopwatch.GetElapsedTime(from);
            total += took;
            longestInMicroseconds = Math.Max(longestInMicroseconds, took.TotalMicroseconds);
            observations++;
        }

        meanInMicroseconds = total.TotalMicroseconds / observations;
    }

    private void Fill(int lamp, long start)
    {
        _observation.Clear();
        int last = Math.Min(lamp + Batch, _lamps);
        foreach (string metric in Metrics)
        {
            PartialWindow window = _observation.AddWindow(_observation.SeriesOf(Type, metric, "1"), WindowSize.Quarter, start);
            window.Members = last - lamp;
            for (int i = lamp; i < last; i++)
            {
                window.Moments.Add(i % 7, start);
                window.Sketch.Add(i % 7);
            }
        }

        for (int i = lamp; i < last; i++)
        {
            _observation.Members.Add(Member(i, start + QuarterInMs));
        }
    }

    private void Apply(long nowInMs)
    {
        _area.Apply(_observation, _rules, nowInMs);
        _area.Drain(this);
    }

    private static string Name(int lamp) => $"bench-light-{lamp:D5}";

    private static MemberUpdate Member(int lamp, long atInMs) => new()
    {
        Id = Name(lamp), Type = Type, WatermarkInMs = atInMs, LastEventInMs = atInMs, IntervalInMs = QuarterInMs, Devices = 1,
    };

    private static AnomalyNotice Dark(int lamp, long atInMs) => new()
    {
        Id = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(BitConverter.GetBytes(lamp)).AsSpan(0, 16)),
        DeviceId = Name(lamp),
        Type = Type,
        Metric = "voltage",
        Kind = AnomalyNotice.Limit,
        IsRaised = true,
        TimeInMs = atInMs + (lamp % 5000),
        SinceInMs = atInMs + (lamp % 5000),
        Value = 0,
        Expected = 50,
        Score = 0.95,
        Explanation = "voltage is 0 V, below the limit of 50 V.",
    };
}
