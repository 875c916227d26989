using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Streams.Domain.Windows;

namespace Streams.Domain.Detection;

/// <summary>How long the general detector learns, rests and forgets, counted in readings.</summary>
/// <param name="Threshold">Combined score at which it speaks; 0.5 is usual, more is quieter.</param>
/// <param name="RestInReadings">After an alarm this many calm readings arm it again.</param>
/// <param name="FatigueInReadings">Time constant of the reluctance that every alarm adds.</param>
/// <param name="WarmupInReadings">Readings before the first alarm.</param>
public readonly record struct UnusualPace(double Threshold, int RestInReadings, double FatigueInReadings, int WarmupInReadings)
{
    private const double ReferenceIntervalInMs = 300_000;

    /// <summary>
    /// The recipe counts in readings of five minutes (rest 50, fatigue 3,000, warm-up 100); the same hours for another interval.
    /// Slow devices keep at least a rest of 6 and the warm-up of 100 readings: fewer show no habit to depart from.
    /// </summary>
    public static UnusualPace For(TimeSpan interval, double threshold)
    {
        double scale = interval > TimeSpan.Zero ? ReferenceIntervalInMs / interval.TotalMilliseconds : 1;
        return new UnusualPace(
            threshold,
            (int)Math.Max(6, Math.Round(50 * scale)),
            Math.Max(250, 3000 * scale),
            (int)Math.Max(100, Math.Round(100 * scale)));
    }
}

/// <summary>What the general detector thinks of one value.</summary>
/// <param name="Score">At least 0.5 for an alarm, below 0.5 otherwise; 1 is surest.</param>
/// <param name="Combined">The sum of all signals before the gate; 0 is perfectly ordinary.</param>
/// <param name="IsSeasonal">The signals about the time of day spoke louder than those about the recent past.</param>
public readonly record struct UnusualVerdict(bool IsAlarm, double Score, double Combined, bool IsSeasonal);

/// <summary>
/// The general detector: is this value unusual, against everything seen, the recent past and this time of day? Seven signals,
/// each a rarity learnt in one pass, added with fixed weights; a gate keeps one event from speaking many times.
/// </summary>
/// <remarks>
/// Unmanaged on purpose: it lies inside its owner, is copied into a snapshot as it is, and costs a fraction of a microsecond.
/// Doubles for every running mean: as 32-bit numbers they cost detection quality where values lie far from zero.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct UnusualState
{
    /// <summary>Changes whenever the layout of this struct or of those in it does.</summary>
    public const byte Version = 1;

    private const int HalfHours = 48;

    private NoveltyState _novelOfValue;
    private NoveltyState _novelOfMean;
    private NoveltyState _novelOfResidual;
    private TailState _tailOfMean;
    private TailState _tailOfResidual;
    private TailState _tailOfNovelResidual;
    private TailState _tailOfShift;
    private TailState _tailOfSpread;
    private HourContextState _hours;

    /// <summary>Usual value of each half hour, as the difference from the first value seen: small enough for 32 bits.</summary>
    private fixed float _profile[HalfHours];
    private fixed byte _profileSeen[HalfHours];
    private double _origin;
    private double _level;
    private double _quickMean;
    private double _residual;
    private double _fastMean;
    private double _slowMean;
    private double _fastSpread;
    private double _slowSpread;
    private double _fatigue;

    /// <summary>Mean distance from the usual of the time of day: for explanations only.</summary>
    private double _distance;
    private long _quiet;
    private long _index;

    /// <summary>Readings seen.</summary>
    public readonly long Count => _index;

    /// <summary>What is usual at this time of day, and how far from it values usually are; from the recent mean where the time of day is new.</summary>
    public readonly (double Value, double Distance) UsualAt(long atInMs)
    {
        int slot = HalfHourOf(atInMs);
        return (_profileSeen[slot] > 0 ? _origin + _profile[slot] : _level, _distance);
    }

    /// <summary>Asks for the memory that a value soon after this time will touch: of the day's profile only the part of that time.</summary>
    internal readonly void Prefetch(long atInMs)
    {
        int slot = HalfHourOf(atInMs);
        CacheLines.Prefetch(in _novelOfValue, (3 * Unsafe.SizeOf<NoveltyState>()) + (5 * Unsafe.SizeOf<TailState>()));
        _hours.Prefetch(slot / 2);
        CacheLines.Prefetch(in _profile[slot], 1);
        CacheLines.Prefetch(in _profileSeen[0], HalfHours + (11 * sizeof(double)));
    }

    public UnusualVerdict Step(in UnusualPace pace, double x, long atInMs)
    {
        long i = _index++;
        if (i == 0)
        {
            _origin = _level = x;
            _quiet = long.MaxValue / 2;
        }

        double novelValue = _novelOfValue.Step(x, 256);
        Follow(ref _quickMean, x, 0.1, i);
        double novelMean = _novelOfMean.Step(_quickMean, 256);
        double rareMean = i >= 20 ? _tailOfMean.Step(novelMean) : 0;

        int slot = HalfHourOf(atInMs);
        double usual = _origin + _profile[slot];
        double residual = x - (_profileSeen[slot] > 0 ? usual : _level);
        double levelBefore = _level;
        Follow(ref _level, x, 0.01, i);
        Follow(ref _residual, residual, 0.3, i);
        Follow(ref _distance, Math.Abs(residual), 0.01, i);
        double rareResidual = i > 0 ? _tailOfResidual.Step(Math.Abs(_residual)) : 0;
        if (_profileSeen[slot] < 50)
        {
            _profileSeen[slot]++;
        }

        _profile[slot] = (float)(usual + (Math.Max(1.0 / _profileSeen[slot], 0.02) * (x - usual)) - _origin);
        double novelResidual = _novelOfResidual.Step(_residual, 128);
        double rareNovelResidual = i >= 20 ? _tailOfNovelResidual.Step(novelResidual) : 0;

        Follow(ref _fastMean, x, 0.05, i);
        double rareShift = i > 0 ? _tailOfShift.Step(Math.Abs(_fastMean - _slowMean)) : 0;
        Follow(ref _slowMean, x, 0.005, i);

        double step = i > 0 ? Math.Abs(x - levelBefore) : 0;
        Follow(ref _fastSpread, step, 0.03, i);
        Follow(ref _slowSpread, step, 0.001, i);
        double tiny = (1e-3 * _slowSpread) + 1e-12;
        double rareSpread = i > 50 ? _tailOfSpread.Step((_fastSpread + tiny) / (_slowSpread + tiny)) : 0;

        double novelHour = _hours.Step(x, slot / 2, i);
        if (i < 60)
        {
            novelValue = rareNovelResidual = rareMean = 0;
        }

        double past = Capped(novelValue / 0.025) + Capped(rareSpread / 1.85) + Capped(rareShift / 2.15) + (0.7 * Capped(rareMean / 0.68));
        double season = Capped(novelHour / 0.083) + Capped(rareResidual / 2.15) + Capped(rareNovelResidual / 1.3);
        double combined = (past + season) / 6.7;

        // Four signals speak of the past and three of the season: compared by their means, or the past would nearly always win.
        return Gate(in pace, i, combined, season / 3 > past / 3.7);
    }

    private static int HalfHourOf(long atInMs)
    {
        long ofDay = atInMs % 86_400_000;
        return (int)((ofDay < 0 ? ofDay + 86_400_000 : ofDay) / 1_800_000);
    }

    private static double Capped(double signal) => Math.Min(4, signal);

    /// <summary>An exponential mean that begins as the plain mean.</summary>
    private static void Follow(ref double mean, double x, double weight, long i) =>
        mean += Math.Max(weight, 1.0 / (i + 1)) * (x - mean);

    private UnusualVerdict Gate(in UnusualPace pace, long i, double combined, bool isSeasonal)
    {
        bool alarm = false;
        _fatigue *= 1 - (1 / pace.FatigueInReadings);
        if (i >= pace.WarmupInReadings)
        {
            bool armed = _quiet >= pace.RestInReadings;
            _quiet++;
            if (combined >= pace.Threshold)
            {
                if (!armed)
                {
                    _quiet = 0;
                }
                else if (combined - _fatigue >= pace.Threshold)
                {
                    // Held back by fatigue, the rest does not start anew: an event that goes on gets its chance.
                    alarm = true;
                    _fatigue += 0.1;
                    _quiet = 0;
                }
            }
        }

        double score = alarm
            ? 0.5 + (0.5 * (1 - Math.Exp(-(combined - pace.Threshold) / 0.5)))
            : 0.49 * Math.Min(1, combined);
        return new UnusualVerdict(alarm, score, combined, isSeasonal);
    }
}
