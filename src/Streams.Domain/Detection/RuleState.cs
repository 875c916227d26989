using System.Runtime.InteropServices;

namespace Streams.Domain.Detection;

/// <summary>What a detector says about one reading.</summary>
internal enum Signal : byte
{
    /// <summary>Between raising and clearing: leaves everything as it is.</summary>
    Neither,

    Calm,
    Raised,
}

/// <summary>What the simple rules of one metric remember. Copied into snapshots as it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RuleState
{
    /// <summary>Changes with the layout.</summary>
    internal const byte Version = 1;

    private const int Buckets = 4;
    private const long BucketInMs = 8 * 3_600_000;

    private long _sameSinceInMs;
    private long _highSinceInMs;
    private long _lowSinceInMs;
    private long _bucket;
    private fixed float _lowest[Buckets];
    private fixed float _highest[Buckets];
    private int _sameReadings;
    private byte _isHighHeld;
    private byte _isLowHeld;

    /// <summary>Event time at which the present run of equal values began.</summary>
    internal readonly long SameSinceInMs => _sameSinceInMs;

    /// <summary>Event time since which the value is beyond a limit, or the state alarms; 0 when it does not.</summary>
    internal readonly long BeyondSinceInMs => _highSinceInMs != 0 ? _highSinceInMs : _lowSinceInMs;

    /// <summary>The very same value for long enough. Three readings at least, so that one gap between two equal values is no proof.</summary>
    internal Signal Stuck(MetricRules rules, double value, long atInMs, double last, long lastAtInMs)
    {
        if (value != last || _sameReadings == 0 || atInMs - lastAtInMs > rules.LongestGapInMs)
        {
            _sameSinceInMs = atInMs;
            _sameReadings = 1;
            return value != last ? Signal.Calm : Signal.Neither;
        }

        _sameReadings = Math.Min(_sameReadings + 1, int.MaxValue - 1);
        return _sameReadings >= 3 && atInMs - _sameSinceInMs >= rules.StuckAfterInMs && Array.IndexOf(rules.StuckExcept, value) < 0
            ? Signal.Raised
            : Signal.Neither;
    }

    /// <summary>Faster than it can change: calm again at half of that.</summary>
    internal static Signal Rate(MetricRules rules, double value, long atInMs, double last, long lastAtInMs)
    {
        double change = Math.Abs(value - last);
        double allowed = rules.RatePerMs * (atInMs - lastAtInMs);
        return change > allowed ? Signal.Raised : change <= allowed / 2 ? Signal.Calm : Signal.Neither;
    }

    /// <summary>Beyond a limit for long enough; calm when back within the clearing limits.</summary>
    internal Signal Limit(MetricRules rules, double value, long atInMs)
    {
        bool high = Hold(ref _highSinceInMs, ref _isHighHeld, value > rules.High, value <= rules.HighClear, atInMs, rules.LimitForInMs);
        bool low = Hold(ref _lowSinceInMs, ref _isLowHeld, value < rules.Low, value >= rules.LowClear, atInMs, rules.LimitForInMs);
        return high || low ? Signal.Raised
            : value <= rules.HighClear && value >= rules.LowClear ? Signal.Calm
            : Signal.Neither;
    }

    /// <summary>A state that alarms, for long enough. From one such state to another the first is over and the other begins anew. States have no limits, so both share the same memory.</summary>
    internal Signal Alarm(MetricRules rules, double state, long atInMs, double last)
    {
        if (_isHighHeld != 0 && state != last)
        {
            _highSinceInMs = 0;
            _isHighHeld = 0;
            return Signal.Calm;
        }

        _highSinceInMs = state != last ? 0 : _highSinceInMs;
        bool isAlarm = rules.IsAlarm(state);
        return Hold(ref _highSinceInMs, ref _isHighHeld, isAlarm, !isAlarm, atInMs, rules.LimitForInMs) ? Signal.Raised
            : isAlarm ? Signal.Neither
            : Signal.Calm;
    }

    /// <summary>Smallest and largest value of the last 24 to 32 hours, this reading not included; false where there is none.</summary>
    internal readonly bool TryGetExtremes(long atInMs, out double lowest, out double highest)
    {
        lowest = double.PositiveInfinity;
        highest = double.NegativeInfinity;
        long now = atInMs / BucketInMs;
        for (int i = 0; i < Buckets; i++)
        {
            long bucket = _bucket - i;
            if (bucket > now - Buckets && _bucket > 0)
            {
                int at = (int)(bucket % Buckets);
                lowest = Math.Min(lowest, _lowest[at]);
                highest = Math.Max(highest, _highest[at]);
            }
        }

        return lowest <= highest;
    }

    internal void NoteExtremes(double value, long atInMs)
    {
        long bucket = atInMs / BucketInMs;
        int at = (int)(bucket % Buckets);
        if (bucket != _bucket)
        {
            // Every bucket between the last reading and this one saw nothing.
            for (long empty = Math.Max(_bucket + 1, bucket - Buckets + 1); empty <= bucket; empty++)
            {
                _lowest[(int)(empty % Buckets)] = float.PositiveInfinity;
                _highest[(int)(empty % Buckets)] = float.NegativeInfinity;
            }

            _bucket = bucket;
        }

        float number = (float)value;
        _lowest[at] = Math.Min(_lowest[at], number);
        _highest[at] = Math.Max(_highest[at], number);
    }

    private static bool Hold(ref long sinceInMs, ref byte isHeld, bool beyond, bool within, long atInMs, long forInMs)
    {
        if (beyond)
        {
            sinceInMs = sinceInMs == 0 ? Math.Max(1, atInMs) : sinceInMs;
            isHeld |= atInMs - sinceInMs >= forInMs ? (byte)1 : (byte)0;
            return isHeld != 0;
        }

        // Between the two limits a raised condition stays as it is, and one that was only building up begins anew.
        if (within || isHeld == 0)
        {
            sinceInMs = 0;
            isHeld = 0;
        }

        return false;
    }
}

/// <summary>The recent values of a metric watched for spikes. Copied into snapshots as it is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct SpikeState
{
    internal const byte Version = 1;

    /// <summary>Enough for a median that two or three odd values do not move.</summary>
    private const int Recent = 9;

    private fixed double _recent[Recent];
    private int _count;
    private byte _hasCandidate;
    private double _median;
    private double _deviation;

    /// <summary>The value that may be a spike, while <see cref="HasCandidate"/>; afterwards the last one that was.</summary>
    internal double Candidate;

    internal long CandidateAtInMs;

    internal readonly double Median => _median;

    internal readonly bool HasCandidate => _hasCandidate != 0;

    /// <summary>Raised when the value before was far off and this one is back: only then it was a spike and no new level.</summary>
    internal Signal Step(MetricRules rules, double value, long atInMs)
    {
        double limit = rules.SpikeDeviations * _deviation;
        bool settled = _count >= Recent;
        if (_hasCandidate != 0)
        {
            _hasCandidate = 0;
            if (Math.Abs(value - _median) <= limit / 2)
            {
                Push(value);
                return Signal.Raised;
            }

            Push(Candidate);
        }
        else if (settled && Math.Abs(value - _median) > limit)
        {
            _hasCandidate = 1;
            Candidate = value;
            CandidateAtInMs = atInMs;
            return Signal.Calm;
        }

        Push(value);
        return Signal.Calm;
    }

    private void Push(double value)
    {
        _recent[_count % Recent] = value;
        _count = _count + 1 == 2 * Recent ? Recent : _count + 1;
        if (_count < Recent)
        {
            return;
        }

        Span<double> values = stackalloc double[Recent];
        for (int i = 0; i < Recent; i++)
        {
            values[i] = _recent[i];
        }

        _median = MedianOfNine(values);
        for (int i = 0; i < Recent; i++)
        {
            values[i] = Math.Abs(_recent[i] - _median);
        }

        // 1.4826 makes the median distance a standard deviation. Series that repeat a value have none: 1 % of the level then.
        _deviation = Math.Max(1.4826 * MedianOfNine(values), Math.Max(0.01 * Math.Abs(_median), 1e-9));
    }

    /// <summary>Nineteen exchanges without a branch (J. L. Smith, "Implementing median filters in XC4000E FPGAs", 1996), a fifth of what sorting costs. Shuffles the values.</summary>
    private static double MedianOfNine(Span<double> v)
    {
        Order(ref v[1], ref v[2]);
        Order(ref v[4], ref v[5]);
        Order(ref v[7], ref v[8]);
        Order(ref v[0], ref v[1]);
        Order(ref v[3], ref v[4]);
        Order(ref v[6], ref v[7]);
        Order(ref v[1], ref v[2]);
        Order(ref v[4], ref v[5]);
        Order(ref v[7], ref v[8]);
        Order(ref v[0], ref v[3]);
        Order(ref v[5], ref v[8]);
        Order(ref v[4], ref v[7]);
        Order(ref v[3], ref v[6]);
        Order(ref v[1], ref v[4]);
        Order(ref v[2], ref v[5]);
        Order(ref v[4], ref v[7]);
        Order(ref v[4], ref v[2]);
        Order(ref v[6], ref v[4]);
        Order(ref v[4], ref v[2]);
        return v[4];

        static void Order(ref double low, ref double high)
        {
            double less = double.MinNative(low, high);
            high = double.MaxNative(low, high);
            low = less;
        }
    }
}
