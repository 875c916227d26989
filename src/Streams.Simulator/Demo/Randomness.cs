namespace Streams.Simulator.Demo;

/// <summary>
/// Random numbers of one device, the same for the same seed on every machine and version (SplitMix64), and a slow drift made of
/// them: what sensors show between two readings is never independent.
/// </summary>
internal sealed class Randomness(ulong seed)
{
    private ulong _state = seed;
    private double _drift;

    public static ulong SeedOf(ulong citySeed, string deviceId)
    {
        ulong hash = 14695981039346656037UL ^ citySeed;
        foreach (char c in deviceId)
        {
            hash = (hash ^ c) * 1099511628211UL;
        }

        return hash;
    }

    /// <summary>Even over 0 (included) to 1 (not).</summary>
    public double Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }

    /// <summary>Normal with mean 0 and deviation 1, nearly: the sum of twelve even numbers, so never beyond 6.</summary>
    public double Normal()
    {
        double sum = -6;
        for (int i = 0; i < 12; i++)
        {
            sum += Next();
        }

        return sum;
    }

    /// <summary>The drift one step on: mean 0, deviation 1, <paramref name="memory"/> (0 to 1) of it kept.</summary>
    public double Drift(double memory) => _drift = (memory * _drift) + (Math.Sqrt(1 - (memory * memory)) * Normal());

    /// <summary>How many events happened where <paramref name="mean"/> are usual; at least 0.</summary>
    public double Count(double mean) => Math.Max(0, Math.Round(mean + (Math.Sqrt(Math.Max(mean, 0)) * Normal())));
}
