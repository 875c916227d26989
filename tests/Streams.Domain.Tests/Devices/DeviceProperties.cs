using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Devices;

namespace Streams.Domain.Tests.Devices;

public sealed class DeviceProperties
{
    private static readonly DeviceCatalog Catalog = new(
    [
        Sensors.Type("air_quality_station", TimeSpan.FromMinutes(1), new MetricDefinition
        {
            Name = "pm2_5", Unit = "ug/m3", Min = -50, Max = 1000,
            Detectors = new DetectorSettings
            {
                Level = new LevelLimits(40, 30, -40, -30, TimeSpan.FromMinutes(1)), RatePerMinute = 30, Spike = 8, Unusual = 0.3, StuckAfter = TimeSpan.FromMinutes(10),
            },
        }, new MetricDefinition { Name = "energy", Unit = "kW.h", Kind = MetricKind.Counter },
        new MetricDefinition { Name = "request.*", Unit = "request", Kind = MetricKind.Count }),
    ]);

    [Fact]
    public void Saving_and_restoring_anywhere_changes_nothing_that_comes_after() =>
        Prop.ForAll(Stories, steps =>
        {
            Bench kept = New();
            Bench restored = New();
            for (int i = 0; i < steps.Length; i++)
            {
                Step step = steps[i];
                OutcomeKind first = Play(kept, step);
                OutcomeKind second = Play(restored, step);
                Assert.Equal(first, second);
                if (step.Save)
                {
                    restored.SaveAndRestore();
                }

                if (step.Drain)
                {
                    Assert.Equal(kept.Drain(), restored.Drain());
                }

                Assert.Equal(kept.Device.DueInMs, restored.Device.DueInMs);
                Assert.Equal(kept.Device.WatermarkInMs, restored.Device.WatermarkInMs);
                Assert.Equal(kept.Device.HasPending, restored.Device.HasPending);
            }

            Assert.Equal(kept.Drain(), restored.Drain());
            Assert.Equal(kept.Anomalies, restored.Anomalies);
            foreach (Bench bench in (Bench[])[kept, restored])
            {
                bench.Send(3_000_000, "\"pm2_5\":1,\"energy\":1,\"request.tree\":1", nowSecond: 3_000_000);
            }

            Assert.Equal(kept.Drain(), restored.Drain());
            Assert.Equal(kept.Device.ReadingCount, restored.Device.ReadingCount);
            Assert.Equal(kept.Recent(), restored.Recent());
            Assert.Equal(kept.Past, restored.Past);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_broken_snapshot_is_refused_and_throws_nothing()
    {
        Bench bench = New();
        bench.Send(0, "\"pm2_5\":5,\"energy\":4");
        bench.Send(130, "\"pm2_5\":5,\"energy\":4");
        byte[] good = bench.Save();
        Prop.ForAll<int, byte, int>((at, replacement, length) =>
        {
            byte[] broken = [.. good];
            broken[Math.Abs(at % good.Length)] = replacement;
            Device.TryRestore("d", broken, Catalog, out _, out _);
            return !Device.TryRestore("d", broken.AsSpan(0, Math.Abs(length % good.Length)), Catalog, out _, out string? fault) && fault!.Length > 0;
        }).QuickCheckThrowOnFailure();
        Assert.False(Device.TryRestore("d", [77, .. good], Catalog, out _, out string? version));
        Assert.Contains("version 77", version, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_survives_a_changed_catalog()
    {
        Bench bench = New();
        bench.Send(0, "\"pm2_5\":-100,\"energy\":4,\"request.tree\":1");
        bench.Send(10, "\"pm2_5\":5");
        bench.Drain();
        bench.Catalog = new DeviceCatalog([Sensors.Type("air_quality_station", TimeSpan.FromMinutes(1), new MetricDefinition { Name = "pm2_5", Unit = "mg/m3" }, new MetricDefinition { Name = "energy", Unit = "kW.h", Kind = MetricKind.Counter })]);
        bench.SaveAndRestore();
        Assert.Equal(["cleared range pm2_5@10"], bench.Drain());
        Assert.Equal("unknown_metric", bench.Send(20, "\"request.tree\":1").Refusal!.Reason);
        bench.Send(30, "\"energy\":6,\"pm2_5\":0.1");
        bench.Send(130, "\"energy\":6");
        Assert.Equal(["pm2_5 PT1M@0 n1 m0.1 r0+1", "energy PT1M@0 n1 m2 r0+1"], bench.Drain().Order(StringComparer.Ordinal).Reverse());
        bench.Catalog = new DeviceCatalog([Sensors.Type("other", TimeSpan.FromMinutes(1))]);
        bench.SaveAndRestore();
        Assert.False(bench.Device.IsRegistered);
    }

    [Fact]
    public void Order_and_repeats_within_lateness_do_not_matter_to_what_windows_become() =>
        Prop.ForAll(Stories, steps =>
        {
            Bench straight = Windows();
            Bench mixed = Windows();
            var readings = steps.Where(step => step.Value is not null).Select((step, i) => (Second: i * 7, step.Value, step.Back)).ToList();
            foreach ((int second, string? value, _) in readings)
            {
                straight.Send(second, value!);
            }

            // Up to 55 s of delay, below the lateness of a minute, and every third reading twice.
            foreach ((int second, string? value, int back) in readings.OrderBy(reading => reading.Second + (reading.Back % 55)))
            {
                mixed.Send(second, value!, nowSecond: 1e6);
                if (back % 3 == 0)
                {
                    Assert.Equal(OutcomeKind.Repeat, mixed.Send(second, value!, nowSecond: 1e6).Kind);
                }
            }

            straight.Send(100_000, "\"pm2_5\":0", nowSecond: 1e6);
            mixed.Send(100_000, "\"pm2_5\":0", nowSecond: 1e6);
            Assert.Equal(straight.Drain().Where(IsWindow).Order(), mixed.Drain().Where(IsWindow).Order());
        }).QuickCheckThrowOnFailure();

    private static Arbitrary<Step[]> Stories { get; } =
        (from value in Gen.Choose(-60, 60)
         from kind in Gen.Choose(0, 9)
         from ahead in Gen.Frequency((6, Gen.Choose(1, 40)), (1, Gen.Choose(100, 5000)))
         from back in Gen.Frequency((4, Gen.Constant(0)), (1, Gen.Choose(1, 300)))
         from chances in Gen.Choose(0, 999)
         select new Step(
             kind switch
             {
                 9 => null,
                 8 => $"\"pm2_5\":{value},\"energy\":{(value + 60).ToString(CultureInfo.InvariantCulture)}",
                 7 => "\"request.tree\":1",
                 _ => $"\"pm2_5\":{(value / 2.0).ToString(CultureInfo.InvariantCulture)}",
             },
             ahead, back, chances % 3 == 0, chances % 7 == 0)).ArrayOf().ToArbitrary();

    private static bool IsWindow(string line) => line.Contains(" PT", StringComparison.Ordinal) || line.Contains(" P1D", StringComparison.Ordinal);

    private static Bench New()
    {
        var bench = new Bench("d", Catalog);
        bench.Device.Register("air_quality_station", "dijon", null, Catalog);
        return bench;
    }

    private static Bench Windows()
    {
        var bench = new Bench("d");
        bench.Device.Register("air_quality_station", "dijon", null, bench.Catalog);
        bench.Catalog = new DeviceCatalog([Sensors.Type("air_quality_station", TimeSpan.FromMinutes(1), new MetricDefinition { Name = "pm2_5", Unit = "ug/m3" }, new MetricDefinition { Name = "request.*", Unit = "request" }, new MetricDefinition { Name = "energy", Unit = "kW.h" })]);
        bench.SaveAndRestore();
        return bench;
    }

    private static OutcomeKind Play(Bench bench, Step step)
    {
        double newest = bench.Device.LastEventInMs == long.MinValue ? 0 : (bench.Device.LastEventInMs - Bench.Start) / 1000.0;
        if (step.Value is null)
        {
            return bench.Wake(newest + step.Ahead).Kind;
        }

        double second = Math.Max(0, newest + step.Ahead - step.Back);
        return bench.Send(second, step.Value, nowSecond: newest + step.Ahead).Kind;
    }

    private sealed record Step(string? Value, int Ahead, int Back, bool Save, bool Drain);
}
