using System.Runtime.CompilerServices;
using System.Text;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>What a device makes of its state: beyond these, any number from 2 on is an alarm of its own.</summary>
internal static class Condition
{
    public const byte Well = 0;
    public const byte Restored = 1;
    public const byte Alarm = 2;
    public const byte OtherAlarm = 3;
    public const byte ThirdAlarm = 4;

    /// <summary>Was never asked.</summary>
    public const byte Unknown = 254;

    /// <summary>Has no power to speak: what it says now is its last gasp.</summary>
    public const byte Mute = 255;
}

/// <summary>
/// One reading while its device writes it: what the device can sense of its place and time, its own small differences, and the JSON as
/// it grows. One object for all readings; nothing is allocated for one.
/// </summary>
internal sealed class ReadingDraft(Conditions conditions, CityClock clock, Tallies tallies)
{
    private const int LongestReading = 8192;
    private static readonly double[] Powers = [1, 10, 100, 1_000, 10_000, 100_000];

    private readonly byte[] _text = new byte[LongestReading];
    private readonly byte[] _time = "0000-00-00T00:00:00.000Z"u8.ToArray();
    private long _dayInMs = long.MinValue;
    private double[] _figures = [];
    private ulong _own;
    private ulong _reading;
    private ulong _drawn;
    private int _area;
    private int _at;
    private bool _any;

    /// <summary>What is wrong with the device's values; none for nearly every device at nearly every time.</summary>
    public Distortion? Distortion { get; set; }

    /// <summary>What the device was told by the system that it belongs to; null for nearly every device at nearly every time.</summary>
    public DeviceOrders? Orders { get; set; }

    public long TimeInMs { get; private set; }

    public LocalMoment Now { get; private set; }

    public double SunElevation => conditions.SunElevation;

    public double IntervalInHours { get; private set; }

    /// <summary>Its condition when it last spoke.</summary>
    public byte Last { get; private set; }

    /// <summary>The way it takes, for those that move.</summary>
    public Route? Route { get; private set; }

    /// <summary>The position now, set by the model of a device that moves.</summary>
    public (double Latitude, double Longitude)? Position { get; set; }

    /// <summary>Whether anything was said.</summary>
    public bool HasMetrics => _any;

    public ReadOnlySpan<byte> Text => _text.AsSpan(0, _at);

    /// <summary>Whether its place has electricity.</summary>
    public bool HasPower => Sense(CityQuantity.PowerSupply) is var supply && (supply > 0.9995 || Own(90) < supply);

    public void Begin(ReadOnlySpan<byte> id, ulong own, int area, double[] figures, Route? route, long timeInMs, double intervalInHours, byte last)
    {
        (_own, _area, _figures, Route) = (own, area, figures, route);
        (TimeInMs, IntervalInHours, Last) = (timeInMs, intervalInHours, last);
        Now = clock.At(timeInMs);
        (Position, Distortion) = (null, null);
        _reading = Chance.Mix(own, timeInMs);
        _drawn = 0;
        _at = 0;
        _any = false;
        Put("{\"deviceId\":\""u8);
        Put(id);
        Put("\",\"time\":\""u8);
        PutTime(timeInMs);
        Put("\",\"metrics\":{"u8);
    }

    /// <summary>What the city is like here and now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public double Sense(CityQuantity quantity) => conditions.Value(_area, quantity);

    /// <summary>A figure of the device's group, by its place in the model's list.</summary>
    public double Figure(int index) => _figures[index];

    /// <summary>Even from 0 to 1, the same for this device for ever: one of its small differences.</summary>
    public double Own(ulong of) => Chance.Even(Chance.Mix(_own, of));

    /// <summary>A chance number of this device that is the same for the same <paramref name="slot"/>.</summary>
    public ulong Lot(ulong of, long slot) => Chance.Mix(Chance.Mix(_own, of), slot);

    /// <summary>Normal, new with each call: an instrument's noise.</summary>
    public double Noise() => Chance.Normal(Chance.Mix(_reading, ++_drawn));

    public double Even() => Chance.Even(Chance.Mix(_reading, ++_drawn));

    public int Poisson(double mean) => Chance.Poisson(mean, Chance.Mix(_reading, ++_drawn));

    /// <summary>Between -1 and 1, slowly changing: what differs here from elsewhere in the area for a while.</summary>
    public double Drift(ulong of, double hours) => Chance.Smooth(Chance.Mix(_own, of), TimeInMs, hours * 3_600_000);

    /// <summary>Local time of another moment.</summary>
    public LocalMoment At(long timeInMs) => clock.At(timeInMs);

    /// <summary>How fast a tally rises, an hour.</summary>
    public double Rate(Tally tally) => tallies.Rate(tally, Now);

    public double Sum(Tally tally, int day, double hour) => tallies.At(tally, day, hour);

    /// <summary>A counter that has run since its device was put in or exchanged, some two to four years ago.</summary>
    public double Counted(Tally tally)
    {
        int life = 700 + (int)(Own(91) * 800);
        int since = Now.Day - ((Now.Day + (int)(Own(92) * life)) % life);
        return tallies.At(tally, Now) - tallies.At(tally, Math.Max(0, since), 0);
    }

    /// <param name="decimals">0 to 5; zeros at the end are left out.</param>
    public void Number(ReadOnlySpan<byte> name, double value, int decimals)
    {
        Member(name);
        PutNumber(Distortion is { } distortion ? distortion.Distort(name, value) : value, decimals);
    }

    /// <summary>As <see cref="Number(ReadOnlySpan{byte}, double, int)"/>, kept within what the instrument can show.</summary>
    public void Number(ReadOnlySpan<byte> name, double value, int decimals, double least, double most) => Number(name, Math.Clamp(value, least, most), decimals);

    /// <summary>A number that only rises. What bends a device's other numbers leaves it alone unless it is named: set back, it would count everything anew.</summary>
    public void Counter(ReadOnlySpan<byte> name, double value, int decimals)
    {
        Member(name);
        PutNumber(Distortion is { } distortion ? distortion.Distort(name, Math.Max(0, value), isCounter: true) : Math.Max(0, value), decimals);
    }

    /// <param name="index">The state's place in the device type's list: a fault may show another one.</param>
    public void State(ReadOnlySpan<byte> name, ReadOnlySpan<byte> state, int index)
    {
        Member(name);
        double value = index;
        if (Distortion is { } distortion && distortion.IsShown(name, ref value))
        {
            PutNumber(value, 0);
            return;
        }

        Put("\""u8);
        Put(state);
        Put("\""u8);
    }

    public void Flag(ReadOnlySpan<byte> name, bool isSo)
    {
        Member(name);
        double value = isSo ? 1 : 0;
        Distortion?.IsShown(name, ref value);
        Put(value != 0 ? "true"u8 : "false"u8);
    }

    /// <summary>Ends the reading.</summary>
    /// <param name="tail">Type and area as JSON members, each with a comma before it.</param>
    /// <param name="at">Latitude and longitude, where they are to be said.</param>
    public void End(ReadOnlySpan<byte> tail, (double Latitude, double Longitude)? at, long sequence)
    {
        Put("}"u8);
        Put(tail);
        if (at is var (latitude, longitude))
        {
            Put(",\"location\":{\"type\":\"Point\",\"coordinates\":["u8);
            PutNumber(longitude, 5);
            Put(","u8);
            PutNumber(latitude, 5);
            Put("]}"u8);
        }

        Put(",\"sequence\":"u8);
        PutNumber(sequence, 0);
        Put("}"u8);
    }

    private void Member(ReadOnlySpan<byte> name)
    {
        Put(_any ? ",\""u8 : "\""u8);
        Put(name);
        Put("\":"u8);
        _any = true;
    }

    private void Put(ReadOnlySpan<byte> text)
    {
        text.CopyTo(_text.AsSpan(_at));
        _at += text.Length;
    }

    private void PutNumber(double value, int decimals)
    {
        if (!(Math.Abs(value) < 1e12))
        {
            throw new InvalidOperationException($"A model made {value} of {Encoding.UTF8.GetString(Text)}.");
        }

        long scaled = (long)Math.Round(value * Powers[decimals]);
        if (scaled < 0)
        {
            _text[_at++] = (byte)'-';
            scaled = -scaled;
        }

        for (; decimals > 0 && scaled % 10 == 0; decimals--)
        {
            scaled /= 10;
        }

        Span<byte> digits = stackalloc byte[20];
        int at = digits.Length;
        for (int written = 0; scaled > 0 || written <= decimals; written++)
        {
            if (written == decimals && decimals > 0)
            {
                digits[--at] = (byte)'.';
            }

            digits[--at] = (byte)('0' + (scaled % 10));
            scaled /= 10;
        }

        Put(digits[at..]);
    }

    private void PutTime(long timeInMs)
    {
        const long DayInMs = 86_400_000;
        if (timeInMs < _dayInMs || timeInMs >= _dayInMs + DayInMs)
        {
            _dayInMs = timeInMs - (timeInMs % DayInMs);
            DateTimeOffset.FromUnixTimeMilliseconds(_dayInMs).TryFormat(_time, out _, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        }

        int left = (int)(timeInMs - _dayInMs);
        Two(11, left / 3_600_000);
        Two(14, left / 60_000 % 60);
        Two(17, left / 1000 % 60);
        _time[20] = (byte)('0' + (left / 100 % 10));
        Two(21, left % 100);
        Put(_time);
    }

    private void Two(int at, int number)
    {
        _time[at] = (byte)('0' + (number / 10));
        _time[at + 1] = (byte)('0' + (number % 10));
    }
}
