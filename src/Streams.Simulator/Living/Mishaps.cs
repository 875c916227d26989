using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>How much goes wrong with devices by itself. Small shares, so that a quiet week stays quiet.</summary>
public sealed record Imperfections
{
    /// <summary>Readings that arrive seconds to minutes after their time. Default one in 2,000; 0 to 0.1.</summary>
    public double Late { get; init; } = 0.0005;

    /// <summary>Readings that arrive twice. Default one in 4,000; 0 to 0.1.</summary>
    public double Repeated { get; init; } = 0.00025;

    /// <summary>Devices that break in a month: they fall silent, freeze or drift until they are repaired, hours to days later. Default 0.4 %; 0 to 1.</summary>
    public double Broken { get; init; } = 0.004;

    public static Imperfections None { get; } = new() { Late = 0, Repeated = 0, Broken = 0 };
}

/// <summary>What befalls single devices and readings without a scenario; follows from the seed.</summary>
internal sealed class Mishaps(Imperfections shares)
{
    private const long MonthInMs = 30L * 86_400_000;
    private const double HourInMs = 3_600_000;

    /// <summary>What is wrong with a device at this time; null for nothing.</summary>
    public (DeviceFault Kind, double Hours, ulong Lot)? Of(ulong own, long timeInMs)
    {
        if (shares.Broken <= 0)
        {
            return null;
        }

        long shifted = timeInMs + (long)(Chance.Even(Chance.Mix(own, 201UL)) * MonthInMs);
        ulong lot = Chance.Mix(own ^ 0x5EED, shifted / MonthInMs);
        if (Chance.Even(lot) >= shares.Broken)
        {
            return null;
        }

        double begins = Chance.Even(Chance.Mix(lot, 1UL)) * 22 * 24;
        double lasts = 5 + (90 * Math.Pow(Chance.Even(Chance.Mix(lot, 2UL)), 2));
        double hours = (shifted % MonthInMs / HourInMs) - begins;
        if (hours < 0 || hours > lasts)
        {
            return null;
        }

        DeviceFault kind = (Chance.Mix(lot, 3UL) % 10) switch { < 5 => DeviceFault.Silent, < 8 => DeviceFault.Stuck, _ => DeviceFault.Drift };
        return (kind, hours, lot);
    }

    /// <summary>Milliseconds after its time at which a reading arrives; nearly always 0.</summary>
    public long LateBy(ulong own, long timeInMs)
    {
        ulong lot = Chance.Mix(own ^ 0x1A7E, timeInMs);
        return Chance.Even(lot) < shares.Late ? 2_000 + (long)(Math.Pow(Chance.Even(Chance.Mix(lot, 1UL)), 3) * 200_000) : 0;
    }

    public bool Repeats(ulong own, long timeInMs) => Chance.Even(Chance.Mix(own ^ 0x7817CE, timeInMs)) < shares.Repeated;
}
