using Streams.Domain.Areas;
using System.Buffers;

namespace Streams.Domain.Readings;

/// <summary>
/// Reads the plain JSON that nearly every device sends (known members, no escapes, short numbers) in a third of the time of the
/// general parser. Anything else, faulty or merely unusual, it declines, and the general parser decides: so it may be simple, and
/// what it takes has to be exactly what the other would.
/// </summary>
internal ref struct PlainReadingScanner(ReadOnlySpan<byte> value, Reading into)
{
    /// <summary>What ends a string, or makes it one for the general parser.</summary>
    private static readonly SearchValues<byte> StringEnds = SearchValues.Create(
        [(byte)'"', (byte)'\\', .. Enumerable.Range(0, 32).Select(control => (byte)control)]);

    private readonly ReadOnlySpan<byte> _value = value;
    private readonly Reading _into = into;
    private int _at;

    /// <summary>Whether the last number had a decimal point.</summary>
    private bool _hasPoint;

    internal TextRange Time { get; private set; }

    /// <summary>False declines; the reading has to be cleared then.</summary>
    internal bool TryScan()
    {
        if (!Take('{'))
        {
            return false;
        }

        int seen = 0;
        do
        {
            if (!TryTakeString(out ReadOnlySpan<byte> name) || !Take(':'))
            {
                return false;
            }

            int member = MemberOf(name);
            if (member == 0 || (seen & member) != 0 || !TryTakeMember(member, seen))
            {
                return false;
            }

            seen |= member;
        }
        while (Take(','));

        if (!Take('}'))
        {
            return false;
        }

        SkipSpace();

        // What every reading needs; without it there may be a CloudEvent around this one that says it.
        const int Needed = 1 | 8 | 64;
        return _at == _value.Length && (seen & Needed) == Needed;
    }

    private static int MemberOf(ReadOnlySpan<byte> name) => name.Length switch
    {
        8 => name.SequenceEqual("deviceId"u8) ? 1 : name.SequenceEqual("sequence"u8) ? 2 : name.SequenceEqual("location"u8) ? 4 : 0,
        4 => name.SequenceEqual("time"u8) ? 8 : name.SequenceEqual("type"u8) ? 16 : name.SequenceEqual("area"u8) ? 32 : 0,
        7 => name.SequenceEqual("metrics"u8) ? 64 : 0,
        5 => name.SequenceEqual("units"u8) ? 128 : 0,
        _ => 0,
    };

    private bool TryTakeMember(int member, int seen)
    {
        switch (member)
        {
            case 1:
                if (!TryTakeString(out ReadOnlySpan<byte> id) || !ReadingLimits.IsDeviceId(id))
                {
                    return false;
                }

                _into.DeviceIdRange = _into.Keep(id);
                return true;
            case 2:
                if (!TryTakeNumber(out double sequence) || _hasPoint || sequence < 0)
                {
                    return false;
                }

                _into.Sequence = (long)sequence;
                return true;
            case 4:
                return TryTakeLocation();
            case 8:
                if (!TryTakeString(out ReadOnlySpan<byte> time) || time.Length > ReadingLimits.LongestText)
                {
                    return false;
                }

                Time = _into.Keep(time);
                return true;
            case 16:
                if (!TryTakeString(out ReadOnlySpan<byte> type) || !ReadingLimits.IsName(type))
                {
                    return false;
                }

                _into.TypeRange = _into.Keep(type);
                return true;
            case 32:
                if (!TryTakeString(out ReadOnlySpan<byte> area) || !AreaPath.IsValid(area))
                {
                    return false;
                }

                _into.AreaRange = _into.Keep(area);
                return true;
            case 64:
                return TryTakeMetrics();
            default:
                // Units before their metrics have nothing to belong to yet.
                return (seen & 64) != 0 && TryTakeUnits();
        }
    }

    private bool TryTakeMetrics()
    {
        if (!Take('{'))
        {
            return false;
        }

        do
        {
            if (_into.Count == ReadingLimits.MostMetrics || !TryTakeString(out ReadOnlySpan<byte> name) || !ReadingLimits.IsName(name)
                || IndexOf(name) >= 0 || !Take(':') || !TryTakeNumber(out double number))
            {
                return false;
            }

            ref ReadingEntry entry = ref _into.Add();
            entry.Name = _into.Keep(name);
            entry.Value = number;
        }
        while (Take(','));

        return Take('}');
    }

    private bool TryTakeUnits()
    {
        if (!Take('{'))
        {
            return false;
        }

        do
        {
            if (!TryTakeString(out ReadOnlySpan<byte> name) || !Take(':') || !TryTakeString(out ReadOnlySpan<byte> unit))
            {
                return false;
            }

            int at = IndexOf(name);
            if (at < 0 || unit.Length is 0 or > ReadingLimits.LongestName || !_into.Entries[at].Unit.IsEmpty)
            {
                return false;
            }

            _into.Entries[at].Unit = _into.Keep(unit);
        }
        while (Take(','));

        return Take('}');
    }

    private bool TryTakeLocation()
    {
        if (!Take('{') || !TryTakeString(out ReadOnlySpan<byte> type) || !type.SequenceEqual("type"u8) || !Take(':')
            || !TryTakeString(out ReadOnlySpan<byte> point) || !point.SequenceEqual("Point"u8) || !Take(',')
            || !TryTakeString(out ReadOnlySpan<byte> coordinates) || !coordinates.SequenceEqual("coordinates"u8) || !Take(':')
            || !Take('[') || !TryTakeNumber(out double longitude) || !Take(',') || !TryTakeNumber(out double latitude) || !Take(']') || !Take('}')
            || !(Math.Abs(longitude) <= 180) || !(Math.Abs(latitude) <= 90))
        {
            return false;
        }

        _into.Location = new GeoPoint(longitude, latitude);
        return true;
    }

    private bool Take(char symbol)
    {
        SkipSpace();
        if ((uint)_at >= (uint)_value.Length || _value[_at] != symbol)
        {
            return false;
        }

        _at++;
        return true;
    }

    private void SkipSpace()
    {
        while ((uint)_at < (uint)_value.Length && _value[_at] is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            _at++;
        }
    }

    private bool TryTakeString(out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!Take('"'))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = _value[_at..];
        int length = rest.IndexOfAny(StringEnds);
        if (length < 0 || rest[length] != '"')
        {
            return false;
        }

        text = rest[..length];
        _at += length + 1;
        return true;
    }

    /// <summary>JSON's numbers of at most 15 digits without exponent.</summary>
    private bool TryTakeNumber(out double number)
    {
        number = 0;
        SkipSpace();
        int start = _at;
        if ((uint)_at < (uint)_value.Length && _value[_at] == '-')
        {
            _at++;
        }

        int first = _at;
        while ((uint)_at < (uint)_value.Length && (uint)(_value[_at] - '0') <= 9)
        {
            _at++;
        }

        // At least one digit, and no zero in front of another.
        if (_at == first || (_value[first] == '0' && _at > first + 1))
        {
            return false;
        }

        _hasPoint = (uint)_at < (uint)_value.Length && _value[_at] == '.';
        if (_hasPoint)
        {
            int point = _at++;
            while ((uint)_at < (uint)_value.Length && (uint)(_value[_at] - '0') <= 9)
            {
                _at++;
            }

            if (_at == point + 1)
            {
                return false;
            }
        }

        return ((uint)_at >= (uint)_value.Length || (_value[_at] | 0x20) != 'e') && ShortDecimal.TryParse(_value[start.._at], out number);
    }

    private readonly int IndexOf(ReadOnlySpan<byte> name)
    {
        Span<ReadingEntry> entries = _into.Entries;
        for (int i = 0; i < entries.Length; i++)
        {
            if (entries[i].Name.Length == name.Length && _into.TextOf(entries[i].Name).SequenceEqual(name))
            {
                return i;
            }
        }

        return -1;
    }
}
