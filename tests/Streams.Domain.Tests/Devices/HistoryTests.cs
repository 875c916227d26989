using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Devices;

public sealed class HistoryTests
{
    private const string First = "\"type\":\"air_quality_station\",\"area\":\"dijon/toison-dor\"";

    [Fact]
    public void Every_window_handed_out_is_in_history_once_in_a_row_of_its_size()
    {
        var bench = new Bench("d");
        var said = new List<string>();
        for (int i = 0; i < 20_000; i++)
        {
            bench.Send(i * 20, $"\"pm2_5\":{i % 90},\"air_temperature\":{(i % 7) / 10.0}", i == 0 ? First : "");
            if (i % 50 == 49)
            {
                said.AddRange(bench.Drain().Where(line => line.Contains(" n", StringComparison.Ordinal)));
            }

            if (i % 130 == 0)
            {
                bench.SaveAndRestore();
            }
        }

        bench.Device.DrainHistory(bench);
        Assert.Empty(bench.Recent());
        Assert.Equal(
            said.Select(line => line[..line.IndexOf(" r", StringComparison.Ordinal)]).Order(),
            bench.Past.Select(row => FormattableString.Invariant($"{row.Metric} {row.Size.Iso()}@{(row.StartInMs - Bench.Start) / 60_000} n{row.Count} m{Math.Round(row.Mean, 9) + 0.0}")).Order());
        Assert.All(bench.Past, row => Assert.True(row.Min <= row.P50 && row.P50 <= row.P95 && row.P95 <= row.P99 && row.P99 <= row.Max));
        Assert.Single(bench.Rows, row => row.Part == HistoryPart.Names);
        Assert.All(bench.Rows.Where(row => row.Part != HistoryPart.Names).SkipLast(4), row => Assert.InRange(row.Body.Length, 50, 900));
    }

    [Fact]
    public void A_windows_figures_come_back_as_they_were()
    {
        Arbitrary<double[]> series = Gen.OneOf(
            Gen.Choose(-20_000, 20_000).Select(cents => cents / 100.0).NonEmptyListOf(),
            Gen.Choose(0, 3).Select(state => (double)state).NonEmptyListOf(),
            Gen.Constant(0.1).NonEmptyListOf(),
            ArbMap.Default.GeneratorFor<NormalFloat>().Select(number => number.Get).NonEmptyListOf()).Select(values => values.ToArray()).ToArbitrary();
        Prop.ForAll(series, ArbMap.Default.ArbFor<PositiveInt>(), (values, revision) =>
        {
            Moments moments = default;
            QuantileSketch sketch = default;
            for (int i = 0; i < values.Length; i++)
            {
                moments.Add(values[i], Bench.Start + i);
                sketch.Add(values[i]);
            }

            Rows rows = new();
            HistoryRuns runs = new(hasMembers: true);
            ClosedWindow window = new("t", "m", "u", MetricKind.Gauge, WindowSize.Hour, Bench.Start, revision.Get, in moments, in sketch, in moments, in sketch);
            runs.Add(3, in window, members: 7, rows);
            runs.HandOutAll(rows);
            HistoryWindow back = Assert.Single(rows.Read(("t", "m", 3)));
            (double p50, double p95, double p99) = sketch.Percentiles();
            double[] quantiles = [.. new[] { p50, p95, p99 }.Select(quantile => Math.Clamp(quantile, moments.Min, moments.Max))];
            Assert.Equal(
                new HistoryWindow(
                    "t", "m", WindowSize.Hour, Bench.Start, revision.Get, moments.Count, back.Mean, moments.Min, moments.Max, back.StandardDeviation, back.Sum,
                    quantiles[0], quantiles[1], quantiles[2], moments.First, moments.Last, 7),
                back);
            double most = Math.Max(Math.Abs(moments.Min), Math.Abs(moments.Max));
            Assert.Equal(moments.Sum, back.Sum, 1e-12 * moments.Count * most);
            Assert.Equal(back.Sum / back.Count, back.Mean, 1e-12 * most);
            Assert.Equal(moments.StandardDeviation, back.StandardDeviation, 1e-9 * most + (moments.Max - moments.Min) / 65_535);
        }).QuickCheckThrowOnFailure();
    }

    [Fact]
    public void A_chunk_of_all_sizes_in_a_snapshot_of_the_first_form_goes_to_history_as_it_is()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":5", First);
        bench.Send(130, "\"pm2_5\":7");
        Assert.True(Device.TryRestore("d", FormOneOf(bench), bench.Catalog, out Device? device, out string? fault), fault);
        bench.Device = device;
        byte[] chunk = bench.Recent();
        bench.SaveAndRestore();
        Assert.Equal(chunk, bench.Recent());
        Assert.False(bench.Device.HasPending);
        bench.Drain();
        Assert.Equal((HistoryPart.Mixed, Bench.Start, 5.0), (bench.Rows[^1].Part, bench.Past[0].StartInMs, bench.Past[0].First));
        Assert.Empty(bench.Recent());
        bench.Send(200, "\"pm2_5\":9");
        bench.Send(500, "\"pm2_5\":9");
        bench.Drain();
        Assert.Equal(HistoryPart.Names, bench.Rows[^1].Part);
        Assert.NotEmpty(bench.Recent());
    }

    [Fact]
    public void An_areas_names_end_nowhere_and_its_snapshot_does()
    {
        AreaHistory area = new();
        Rows rows = new();
        ArrayBufferWriter<byte> snapshot = new();
        for (int i = 0; i < 20_000; i++)
        {
            AreaAggregate window = new() { Type = "t", Metric = $"request.{i}", Unit = "", Size = WindowSize.Minute, StartInMs = Bench.Start + (i / 100 * 60_000), Members = 1 };
            window.Moments.Add(i, window.StartInMs);
            area.Add(window, rows);
        }

        area.Save(snapshot);
        Assert.InRange(snapshot.WrittenCount, 1, 128 * 1024);
        ReadOnlySpan<byte> rest = snapshot.WrittenSpan;
        area = AreaHistory.Restore(ref rest)!;
        Assert.True(rest.IsEmpty);
        area.Show(rows);
        Assert.Equal(Enumerable.Range(0, 20_000), rows.Read().Select(window => (int)window.First).Order());
    }

    [Fact]
    public void Broken_history_is_not_read_and_throws_nothing() =>
        Prop.ForAll<byte, byte[]>((part, bytes) =>
        {
            HistoryNames names = new();
            names.TryAdd(bytes);
            names.TryAdd([3, 0, 1, 65, 1, 66, .. bytes]);
            foreach (byte version in (byte[])[1, 2, 3, 4, 5])
            {
                WindowHistory.TryRead((HistoryPart)(part % 7), [version, .. bytes], names, []);
            }

            return true;
        }).QuickCheckThrowOnFailure();

    /// <summary>The device's snapshot as the first form had it, with one minute of 5 in its chunk.</summary>
    private static byte[] FormOneOf(Bench bench)
    {
        ArrayBufferWriter<byte> old = new();
        old.Write(bench.SaveHead(version: 1, out _));
        SnapshotWriter writer = new(old);
        writer.Flag(false);
        writer.Signed(0);
        writer.Unsigned(1);
        writer.Signed(Bench.Start);
        writer.Signed(Bench.Start + 60_000);
        writer.Signed(Bench.Start);
        ArrayBufferWriter<byte> chunk = new();
        SnapshotWriter row = new(chunk);
        row.Byte(1);
        row.Unsigned(4);
        row.Text("air_quality_station");
        row.Text("pm2_5");
        row.Signed(Bench.Start / 60_000);
        row.Unsigned(0);
        row.Number(5);
        writer.Bytes(chunk.WrittenSpan);
        writer.Unsigned(0);
        writer.Unsigned(0);
        writer.Unsigned(0);
        return old.WrittenSpan.ToArray();
    }

    /// <summary>Keeps rows and reads them.</summary>
    private sealed class Rows : IHistoryOutput
    {
        private readonly List<(HistoryPart Part, byte[] Body)> _rows = [];
        private readonly HistoryNames _names = new();

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
        {
            if (part == HistoryPart.Names)
            {
                Assert.True(_names.TryAdd(body));
            }
            else
            {
                _rows.Add((part, body.ToArray()));
            }
        }

        public List<HistoryWindow> Read(params (string Type, string Metric, int Number)[] names)
        {
            ArrayBufferWriter<byte> row = new();
            HistoryNames.Begin(row);
            Array.ForEach(names, name => HistoryNames.Write(row, name.Number, name.Type, name.Metric));
            Assert.True(_names.TryAdd(row.WrittenSpan));
            List<HistoryWindow> windows = [];
            Assert.All(_rows, kept => Assert.True(WindowHistory.TryRead(kept.Part, kept.Body, _names, windows)));
            return windows;
        }
    }
}
