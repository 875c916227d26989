using System.Runtime.CompilerServices;

namespace Streams.Simulator.Living;

/// <summary>
/// Chance as a function: the same question has the same answer, whenever and in whatever order it is asked. So a city can begin at any time,
/// and two runs of one seed are the same.
/// </summary>
internal static class Chance
{
    /// <summary>SplitMix64's mixing of two numbers into one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Mix(ulong seed, ulong with)
    {
        ulong z = seed + (with * 0x9E3779B97F4A7C15UL) + 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    public static ulong Mix(ulong seed, long with) => Mix(seed, (ulong)with);

    public static ulong Of(string text)
    {
        ulong hash = 14695981039346656037UL;
        foreach (char letter in text)
        {
            hash = (hash ^ letter) * 1099511628211UL;
        }

        return Mix(hash, 0UL);
    }

    /// <summary>Even over 0 (included) to 1 (not).</summary>
    public static double Even(ulong hash) => (hash >> 11) * (1.0 / (1UL << 53));

    /// <summary>Nearly normal with mean 0 and deviation 1, never beyond 3.5: the sum of the four 16-bit parts.</summary>
    public static double Normal(ulong hash)
    {
        double sum = (ushort)hash + (double)(ushort)(hash >> 16) + (ushort)(hash >> 32) + (ushort)(hash >> 48);
        return ((sum / 65535) - 2) * 1.7320508;
    }

    /// <summary>A curve through chance points <paramref name="periodInMs"/> apart, between -1 and 1 with a deviation of about a half: what drifts rather than jumps.</summary>
    public static double Smooth(ulong seed, long timeInMs, double periodInMs)
    {
        double at = timeInMs / periodInMs;
        double whole = Math.Floor(at);
        double part = at - whole;
        double from = Even(Mix(seed, (long)whole)), to = Even(Mix(seed, (long)whole + 1));
        return (2 * (from + ((to - from) * part * part * (3 - (2 * part))))) - 1;
    }

    /// <summary>How many events there are where <paramref name="mean"/> are usual.</summary>
    public static int Poisson(double mean, ulong hash)
    {
        if (mean <= 0)
        {
            return 0;
        }

        if (mean > 30)
        {
            return (int)Math.Max(0, Math.Round(mean + (Math.Sqrt(mean) * Normal(hash))));
        }

        double left = Even(hash), share = Math.Exp(-mean);
        int count = 0;
        for (; left > share && count < 200; count++)
        {
            left -= share;
            share *= mean / (count + 1);
        }

        return count;
    }
}
