namespace Streams.Domain.Windows;

/// <summary>
/// The mergeable part of a window apart from its quantiles: count, sum, extremes, mean and M2 (sum of squared deviations from the
/// mean, Welford; merged as Chan et al.), and the first and last value by event time. Merging parts in any order gives what
/// adding the values one by one would have given, up to rounding.
/// </summary>
public struct Moments
{
    public long Count;
    public double Sum;
    public double Min;
    public double Max;
    public double Mean;
    public double M2;
    public double First;
    public double Last;
    public long FirstAtInMs;
    public long LastAtInMs;

    /// <summary>Population standard deviation; 0 for fewer than two values.</summary>
    public readonly double StandardDeviation => Count > 1 ? Math.Sqrt(Math.Max(0, M2 / Count)) : 0;

    public void Add(double value, long atInMs)
    {
        if (Count == 0)
        {
            this = new Moments
            {
                Count = 1, Sum = value, Min = value, Max = value, Mean = value,
                First = value, Last = value, FirstAtInMs = atInMs, LastAtInMs = atInMs,
            };
            return;
        }

        Count++;
        Sum += value;
        Min = Math.Min(Min, value);
        Max = Math.Max(Max, value);
        double delta = value - Mean;
        Mean += delta / Count;
        M2 += delta * (value - Mean);
        if (atInMs < FirstAtInMs)
        {
            First = value;
            FirstAtInMs = atInMs;
        }

        if (atInMs >= LastAtInMs)
        {
            Last = value;
            LastAtInMs = atInMs;
        }
    }

    public void Merge(in Moments other)
    {
        if (other.Count == 0)
        {
            return;
        }

        if (Count == 0)
        {
            this = other;
            return;
        }

        long count = Count + other.Count;
        double delta = other.Mean - Mean;
        M2 += other.M2 + (delta * delta * Count * other.Count / count);
        Mean += delta * other.Count / count;
        Count = count;
        Sum += other.Sum;
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
        if (other.FirstAtInMs < FirstAtInMs)
        {
            First = other.First;
            FirstAtInMs = other.FirstAtInMs;
        }

        if (other.LastAtInMs >= LastAtInMs)
        {
            Last = other.Last;
            LastAtInMs = other.LastAtInMs;
        }
    }
}
