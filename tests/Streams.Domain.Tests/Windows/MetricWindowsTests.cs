using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Windows;

public sealed class MetricWindowsTests
{
    private static readonly MetricDefinition Metric = new() { Name = "pm2_5", Unit = "ug/m3" };

    private static readonly WindowPlan Plan = new(
        [WindowSize.Minute, WindowSize.Quarter, WindowSize.Hour, WindowSize.Day], TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5));

    // Times are minutes:seconds of a day; "=t" drains at the end. Answers: size start count mean revision(+added).
    [Theory]
    [InlineData("0:10=1 0:50=3", "")]
    [InlineData("0:10=1 0:50=3 2:00=9", "PT1M@0 n2 m2 r0+2")]
    [InlineData("0:10=1 1:10=2 0:50=3 2:00=9", "PT1M@0 n2 m2 r0+2")]
    [InlineData("0:10=1 2:00=9 ! 0:50=3 !", "PT1M@0 n1 m1 r0+1 PT1M@0 n2 m2 r1+1")]
    [InlineData("0:10=1 2:00=9 ! 0:50=3 0:55=5 !", "PT1M@0 n1 m1 r0+1 PT1M@0 n3 m3 r1+2")]
    [InlineData("0:10=1 2:00=9 0:50=3 !", "PT1M@0 n2 m2 r0+2")]
    [InlineData("0:10=1 5:00=9 ! 2:30=4 !", "PT1M@0 n1 m1 r0+1 PT1M@2 n1 m4 r0+1")]
    [InlineData("0:10=1 16:30=9 !", "PT1M@0 n1 m1 r0+1 PT15M@0 n1 m1 r0+1")]
    [InlineData("14:10=1 16:30=9 ! 14:40=3 !", "PT1M@14 n1 m1 r0+1 PT15M@0 n1 m1 r0+1 PT1M@14 n2 m2 r1+1 PT15M@0 n2 m2 r1+1")]
    [InlineData("0:10=1 0:20=3 20:00=5 40:00=7 61:00=9 !", "PT1M@0 n2 m2 r0+2 PT15M@0 n2 m2 r0+2 PT1M@20 n1 m5 r0+1 PT15M@15 n1 m5 r0+1 PT1M@40 n1 m7 r0+1 PT15M@30 n1 m7 r0+1 PT1H@0 n4 m4 r0+4")]
    public void Windows_close_by_the_watermark_and_late_values_revise_them(string readings, string expected)
    {
        var story = new Story(Plan);
        foreach (string word in readings.Split(' '))
        {
            if (word == "!")
            {
                story.Drain();
                continue;
            }

            int[] parts = [.. word.Split(':', '=').Select(int.Parse)];
            story.Add(parts[2], ((parts[0] * 60L) + parts[1]) * 1000);
        }

        story.Drain();
        Assert.Equal(expected, string.Join(' ', story.Told));
    }

    [Fact]
    public void Order_within_lateness_and_retention_does_not_matter_and_every_size_is_the_recomputed_one() =>
        Prop.ForAll(Readings, readings =>
        {
            var story = new Story(Plan);
            for (int i = 0; i < readings.Length; i++)
            {
                story.Add(readings[i].Value, readings[i].AtInMs);
                if (i % 7 == 3)
                {
                    story.Drain();
                }

                if (i % 11 == 5)
                {
                    story.SaveAndRestore();
                }
            }

            story.CloseAll();
            foreach (WindowSize size in Plan.Sizes)
            {
                foreach (IGrouping<long, (long AtInMs, double Value)> window in readings.GroupBy(reading => size.StartOf(reading.AtInMs)))
                {
                    story.AssertIs(size, window.Key, [.. window]);
                }
            }

            return story.WindowCount == Plan.Sizes.ToArray().Sum(size => readings.Select(r => size.StartOf(r.AtInMs)).Distinct().Count());
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_restored_window_set_survives_a_plan_with_other_sizes()
    {
        var story = new Story(Plan);
        story.Add(1, 10_000);
        story.Add(3, 100_000);
        story.SaveAndRestore(new WindowPlan([WindowSize.Minute, WindowSize.Hour], TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(5)));
        story.CloseAll();
        Assert.Equal(["PT1M@0 n1 m1 r0+1", "PT1M@1 n1 m3 r0+1", "PT1H@0 n2 m2 r0+2"], story.Told);
    }

    /// <summary>A few hours of readings, each at most six minutes behind the newest before it: late, yet never beyond retention.</summary>
    private static Arbitrary<(long AtInMs, double Value)[]> Readings { get; } =
        (from step in Gen.Frequency((6, Gen.Choose(0, 20)), (2, Gen.Choose(20, 400)), (1, Gen.Choose(1000, 9000)))
         from back in Gen.Frequency((3, Gen.Constant(0)), (2, Gen.Choose(0, 60)), (1, Gen.Choose(0, 300)))
         from value in Gen.Choose(-500, 500)
         select (step, back, value))
        .ListOf().Select(list =>
        {
            long newest = 1_400_000_000_000;
            return list.Select(item =>
            {
                newest += item.step * 1000L;
                return (newest - (item.back * 1000L), item.value / 10.0);
            }).ToArray();
        }).ToArbitrary();

    /// <summary>One metric fed as a device does it, remembering what was handed out.</summary>
    private sealed class Story(WindowPlan plan) : IClosedWindows
    {
        private readonly Dictionary<(WindowSize, long), (Moments Whole, Moments Added, QuantileSketch Sketch, QuantileSketch AddedSketch)> _windows = [];
        private WindowPlan _plan = plan;
        private MetricWindows _metric = new(plan);
        private long _newest = long.MinValue;

        public List<string> Told { get; } = [];

        public int WindowCount => _windows.Count;

        public void Add(double value, long atInMs)
        {
            _newest = Math.Max(_newest, atInMs);
            long watermark = _newest - _plan.LatenessInMs;
            _metric.CloseThrough(_plan, watermark);
            _metric.Add(_plan, value, atInMs, watermark, out _);
        }

        public void Drain()
        {
            Story me = this;
            _metric.Drain(ref me, "air_quality_station", Metric, Metric.Name);
        }

        public void CloseAll()
        {
            _metric.CloseThrough(_plan, _newest + TimeSpan.FromDays(3).Ticks);
            Drain();
        }

        public void SaveAndRestore(WindowPlan? changed = null)
        {
            var output = new ArrayBufferWriter<byte>();
            _metric.Save(_plan, new SnapshotWriter(output), output);
            _plan = changed ?? _plan;
            _metric = new MetricWindows(_plan);
            var reader = new SnapshotReader(output.WrittenSpan);
            _metric.Restore(_plan, ref reader);
            Assert.False(reader.Failed);
            Assert.True(reader.AtEnd);
        }

        public void Closed(in ClosedWindow window)
        {
            (Moments Whole, Moments Added, QuantileSketch Sketch, QuantileSketch AddedSketch) known =
                _windows.GetValueOrDefault((window.Size, window.StartInMs));
            Assert.Equal(known.Whole.Count > 0, window.Revision > 0);
            known.Whole = window.Moments;
            known.Sketch = window.Sketch.Copy();
            known.Added.Merge(in window.Added);
            known.AddedSketch.Merge(in window.AddedSketch);
            _windows[(window.Size, window.StartInMs)] = known;
            Told.Add($"{window.Size.Iso()}@{window.StartInMs / 60_000} n{window.Moments.Count} m{Math.Round(window.Moments.Mean, 6)} r{window.Revision}+{window.Added.Count}");
        }

        public void AssertIs(WindowSize size, long startInMs, (long AtInMs, double Value)[] values)
        {
            (Moments whole, Moments added, QuantileSketch sketch, QuantileSketch addedSketch) = _windows[(size, startInMs)];
            foreach (Moments moments in (Moments[])[whole, added])
            {
                double mean = values.Average(value => value.Value);
                Assert.Equal(values.Length, moments.Count);
                Assert.Equal(values.Sum(value => value.Value), moments.Sum, 1e-6);
                Assert.Equal(mean, moments.Mean, 1e-6);
                Assert.Equal(values.Min(value => value.Value), moments.Min);
                Assert.Equal(values.Max(value => value.Value), moments.Max);
                Assert.Equal(Math.Sqrt(values.Average(value => (value.Value - mean) * (value.Value - mean))), moments.StandardDeviation, 1e-4);
                Assert.Contains(moments.First, values.Where(value => value.AtInMs == values.Min(v => v.AtInMs)).Select(value => value.Value));
                Assert.Contains(moments.Last, values.Where(value => value.AtInMs == values.Max(v => v.AtInMs)).Select(value => value.Value));
            }

            QuantileSketch recomputed = default;
            foreach ((_, double value) in values)
            {
                recomputed.Add(value);
            }

            Assert.Equal(Encoded(recomputed), Encoded(sketch));
            Assert.Equal(Encoded(recomputed), Encoded(addedSketch));
        }

        private static byte[] Encoded(QuantileSketch sketch)
        {
            var output = new ArrayBufferWriter<byte>();
            sketch.Encode(output);
            return output.WrittenSpan.ToArray();
        }
    }
}
