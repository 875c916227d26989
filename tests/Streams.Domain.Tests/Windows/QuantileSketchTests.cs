using System.Buffers;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Windows;

public sealed class QuantileSketchTests
{
    [Fact]
    public void An_empty_sketch_has_no_quantile()
    {
        QuantileSketch sketch = default;
        Assert.True(sketch.IsEmpty);
        Assert.Equal(0, sketch.Count);
        Assert.True(double.IsNaN(sketch.Quantile(0.5)));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(14.2)]
    [InlineData(-19.9)]
    [InlineData(1e-12)]
    [InlineData(4.7e9)]
    [InlineData(-3.1e250)]
    public void One_value_is_every_quantile_within_one_percent(double value)
    {
        QuantileSketch sketch = default;
        sketch.Add(value);
        foreach (double q in (double[])[0, 0.5, 1])
        {
            Assert.InRange(sketch.Quantile(q) - value, (-0.0101 * Math.Abs(value)) - 1e-9, (0.0101 * Math.Abs(value)) + 1e-9);
        }
    }

    [Theory]
    [InlineData(double.MaxValue)]
    [InlineData(double.PositiveInfinity)]
    public void What_no_bin_can_hold_counts_as_the_largest(double value)
    {
        QuantileSketch sketch = default;
        sketch.Add(value);
        sketch.Add(double.NaN);
        Assert.InRange(sketch.Quantile(1), 1e284, 1e285);
        Assert.Equal(1, sketch.Count);
    }

    [Fact]
    public void Every_quantile_is_within_one_percent_of_the_sorted_values() =>
        Prop.ForAll(Values, values =>
        {
            QuantileSketch sketch = Of(values);
            double[] sorted = [.. values.Order()];
            double collapsed = values.Length == 0 ? 0 : 1.33e-9 * values.Max(Math.Abs);
            return values.Length == 0 || Enumerable.Range(0, 21).All(step =>
            {
                double q = step / 20.0;
                double truth = sorted[(int)(q * (sorted.Length - 1))];
                return Math.Abs(sketch.Quantile(q) - truth) <= (QuantileSketch.RelativeError * 1.0001 * Math.Abs(truth)) + collapsed + 1e-9;
            });
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Merging_parts_in_any_order_is_counting_everything_at_once() =>
        Prop.ForAll(Values, Values, Values, (a, b, c) =>
        {
            QuantileSketch left = Of(a);
            left.Merge(Of(b));
            left.Merge(Of(c));
            QuantileSketch right = Of(c);
            QuantileSketch tail = Of(b);
            tail.Merge(Of(a));
            right.Merge(tail);
            byte[] whole = Encoded(Of([.. a, .. b, .. c]));
            return Encoded(left).SequenceEqual(whole) && Encoded(right).SequenceEqual(whole);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void What_is_encoded_decodes_to_the_same_and_a_cleared_sketch_is_as_new() =>
        Prop.ForAll(Values, Values, (before, after) =>
        {
            QuantileSketch reused = Of(before);
            reused.Clear();
            foreach (double value in after)
            {
                reused.Add(value);
            }

            byte[] bytes = Encoded(reused);
            QuantileSketch decoded = default;
            var reader = new SnapshotReader(bytes);
            decoded.Decode(ref reader);
            return !reader.Failed && reader.AtEnd && bytes.SequenceEqual(Encoded(Of(after))) && bytes.SequenceEqual(Encoded(decoded))
                && decoded.Count == after.Length;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Broken_bytes_fail_the_reader_and_throw_nothing() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            QuantileSketch sketch = default;
            var reader = new SnapshotReader(bytes);
            sketch.Decode(ref reader);
            _ = Encoded(sketch);
            return true;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Counts_stay_exact_beyond_every_width_of_a_bin()
    {
        QuantileSketch sketch = default;
        sketch.Add(5, 200);
        sketch.Add(5, 100);
        Assert.Equal(300, sketch.Count);
        QuantileSketch sum = default;
        for (int i = 0; i < 40; i++)
        {
            QuantileSketch twice = sketch.Copy();
            twice.Merge(in sketch);
            sketch = twice;
        }

        sum.Merge(in sketch);
        sum.Add(7);
        Assert.Equal((300L << 40) + 1, sum.Count);
        Assert.InRange(sum.Quantile(0), 4.95, 5.05);
        Assert.InRange(sum.Quantile(1), 6.93, 7.07);
    }

    [Fact]
    public void A_span_of_twenty_decades_keeps_the_large_values_and_stays_within_its_bound()
    {
        double[] values = [.. Enumerable.Range(-9, 24).Select(power => Math.Pow(10, power))];
        QuantileSketch up = Of(values);
        QuantileSketch down = Of([.. values.Reverse()]);
        Assert.Equal(Encoded(up), Encoded(down));
        Assert.InRange(up.Quantile(1), 0.99e14, 1.01e14);
        Assert.InRange(up.Quantile(20 / 23.0), 0.99e11, 1.01e11);
        Assert.InRange(up.Quantile(0), 0, 1.3e-9 * 1e14);
        Assert.InRange(up.SizeInBytes, 0, 24 + 1024);
    }

    [Fact]
    public void A_quiet_minute_costs_a_few_dozen_bytes()
    {
        QuantileSketch sketch = Of([.. Enumerable.Range(0, 60).Select(second => 14.2 + (0.01 * second))]);
        Assert.InRange(sketch.SizeInBytes, 1, 64);
        Assert.InRange(Encoded(sketch).Length, 1, 16);
    }

    /// <summary>Lists of sensor-like and wild numbers: small lists of many magnitudes, both signs, with zeros and repeats.</summary>
    private static Arbitrary<double[]> Values { get; } =
        (from digits in Gen.Choose(-99_999, 99_999)
         from power in Gen.Choose(-6, 5)
         from repeats in Gen.Frequency((9, Gen.Constant(1)), (1, Gen.Choose(200, 400)))
         select Enumerable.Repeat(digits * Math.Pow(10, power), repeats).ToArray())
        .ListOf().Select(lists => lists.SelectMany(list => list).ToArray()).ToArbitrary();

    private static QuantileSketch Of(double[] values)
    {
        QuantileSketch sketch = default;
        foreach (double value in values)
        {
            sketch.Add(value);
        }

        return sketch;
    }

    private static byte[] Encoded(QuantileSketch sketch)
    {
        var output = new ArrayBufferWriter<byte>();
        sketch.Encode(output);
        return output.WrittenSpan.ToArray();
    }
}
