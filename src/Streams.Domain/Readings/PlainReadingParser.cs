using Streams.Domain.Areas;
using System.Text;
using System.Text.Json;

namespace Streams.Domain.Readings;

/// <summary>Parses one plain JSON reading: first the shape (<see cref="Parse"/>), then what the whole must have (<see cref="Finish"/>).</summary>
internal ref struct PlainReadingParser
{
    private readonly ReadOnlySpan<byte> _value;
    private readonly Reading _into;
    private Utf8JsonReader _reader;
    private Members _seen;
    private bool _hasSpecVersion;
    private TextRange _time;
    private ReadOnlySpan<byte> _units;

    /// <summary>What is being read, for the message when the JSON breaks off.</summary>
    private string _member;

    internal PlainReadingParser(ReadOnlySpan<byte> value, Reading into)
    {
        _value = value.StartsWith("\uFEFF"u8) ? value[3..] : value;
        _into = into;
        _seen = Members.None;
        _member = "";
    }

    [Flags]
    private enum Members
    {
        None = 0,
        DeviceId = 1,
        Time = 2,
        Metrics = 4,
        Type = 8,
        Area = 16,
        Location = 32,
        Sequence = 64,
        Units = 128,
    }

    /// <summary>No reading of ours, and it has the member that every CloudEvent has.</summary>
    internal readonly bool LooksLikeCloudEvent => _hasSpecVersion && (_seen & (Members.DeviceId | Members.Metrics)) == 0;

    internal Refusal? Parse()
    {
        var scanner = new PlainReadingScanner(_value, _into);
        if (scanner.TryScan())
        {
            _time = scanner.Time;
            _seen = Members.Metrics;
            return null;
        }

        _into.Clear();
        return ParseGenerally();
    }

    /// <summary>Any JSON, at any place of it that is wrong.</summary>
    internal Refusal? ParseGenerally()
    {
        try
        {
            _reader = new Utf8JsonReader(_value);
            return ParseObject();
        }
        catch (JsonException e)
        {
            // The only way Utf8JsonReader has to say that the JSON is broken.
            return new Refusal(
                RefusalReasons.MalformedJson, FieldInProgress(),
                $"The record is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            // A name that is half a surrogate pair: see KeepText.
            return new Refusal(RefusalReasons.MalformedJson, FieldInProgress(), "The record holds a name that is no text (half a surrogate pair).");
        }
    }

    internal readonly Refusal? Finish(in CloudEventAttributes attributes, long nowInMs)
    {
        Reading into = _into;
        if (into.DeviceIdRange.IsEmpty)
        {
            if (attributes.Subject.IsEmpty)
            {
                return Missing("deviceId");
            }

            if (!ReadingLimits.IsDeviceId(attributes.Subject))
            {
                return BadId("ce_subject");
            }

            into.DeviceIdRange = into.Keep(attributes.Subject);
        }

        ReadOnlySpan<byte> time = _time.IsEmpty ? attributes.Time : into.TextOf(_time);
        if (time.IsEmpty)
        {
            return Missing("time");
        }

        if (!Rfc3339.TryParse(time, out long timeInMs))
        {
            return new Refusal(
                RefusalReasons.BadTime, "time",
                $"'{Encoding.UTF8.GetString(time)}' is not an RFC 3339 date-time with offset, such as 2026-11-22T10:15:30.250Z.");
        }

        if (ReadingParser.CheckTime(timeInMs, nowInMs, "time") is { } refusal)
        {
            return refusal;
        }

        if (into.Count == 0)
        {
            return (_seen & Members.Metrics) == 0
                ? Missing("metrics")
                : new Refusal(RefusalReasons.Missing, "metrics", "A reading has at least one metric.");
        }

        into.TimeInMs = timeInMs;
        foreach (ref ReadingEntry entry in into.Entries)
        {
            entry.TimeInMs = timeInMs;
        }

        return null;
    }

    private static Refusal Missing(string field) =>
        new(RefusalReasons.Missing, field, $"A reading needs '{field}'.");

    private static Refusal BadId(string field) => new(RefusalReasons.BadId, field, ReadingLimits.DeviceIdInWords);

    private Refusal? ParseObject()
    {
        if (!_reader.Read() || _reader.TokenType != JsonTokenType.StartObject)
        {
            return new Refusal(RefusalReasons.WrongType, "", "A reading is a JSON object.");
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            Members member = NextMember();
            if (member == Members.None)
            {
                _reader.Skip();
                continue;
            }

            if ((_seen & member) != 0)
            {
                return new Refusal(RefusalReasons.Duplicate, _member, $"'{_member}' is there twice.");
            }

            _seen |= member;
            _reader.Read();
            if (ParseMember(member) is { } refusal)
            {
                return refusal;
            }

            _member = "";
        }

        // Past the closing brace only white space may follow; Read() throws on anything else.
        _reader.Read();
        return _units.IsEmpty ? null : ParseUnits();
    }

    private Members NextMember()
    {
        int length = _reader.ValueSpan.Length;
        if (_reader.ValueIsEscaped)
        {
            // Rare enough to be decoded: "device\u0049d" is deviceId to any JSON reader.
            return MemberNamed(_reader.GetString()!);
        }

        switch (length)
        {
            case 8 when _reader.ValueSpan.SequenceEqual("deviceId"u8): return Is(Members.DeviceId, "deviceId");
            case 4 when _reader.ValueSpan.SequenceEqual("time"u8): return Is(Members.Time, "time");
            case 7 when _reader.ValueSpan.SequenceEqual("metrics"u8): return Is(Members.Metrics, "metrics");
            case 4 when _reader.ValueSpan.SequenceEqual("type"u8): return Is(Members.Type, "type");
            case 4 when _reader.ValueSpan.SequenceEqual("area"u8): return Is(Members.Area, "area");
            case 8 when _reader.ValueSpan.SequenceEqual("location"u8): return Is(Members.Location, "location");
            case 8 when _reader.ValueSpan.SequenceEqual("sequence"u8): return Is(Members.Sequence, "sequence");
            case 5 when _reader.ValueSpan.SequenceEqual("units"u8): return Is(Members.Units, "units");
            case 11 when _reader.ValueSpan.SequenceEqual("specversion"u8):
                _hasSpecVersion = true;
                return Members.None;
            default:
                return Members.None;
        }
    }

    private Members MemberNamed(string name) => name switch
    {
        "deviceId" => Is(Members.DeviceId, name),
        "time" => Is(Members.Time, name),
        "metrics" => Is(Members.Metrics, name),
        "type" => Is(Members.Type, name),
        "area" => Is(Members.Area, name),
        "location" => Is(Members.Location, name),
        "sequence" => Is(Members.Sequence, name),
        "units" => Is(Members.Units, name),
        _ => Members.None,
    };

    private Members Is(Members member, string name)
    {
        _member = name;
        return member;
    }

    private Refusal? ParseMember(Members member)
    {
        // null is the usual way to say "not sent".
        if (_reader.TokenType == JsonTokenType.Null)
        {
            return null;
        }

        switch (member)
        {
            case Members.DeviceId:
                if (KeepString(out TextRange id) is { } notText)
                {
                    return notText;
                }

                _into.DeviceIdRange = id;
                return ReadingLimits.IsDeviceId(_into.TextOf(id)) ? null : BadId("deviceId");
            case Members.Time:
                return KeepString(out _time);
            case Members.Type:
                if (KeepString(out TextRange type) is { } typeRefusal)
                {
                    return typeRefusal;
                }

                _into.TypeRange = type;
                return ReadingLimits.IsName(_into.TextOf(type))
                    ? null
                    : new Refusal(RefusalReasons.BadName, "type", $"A type is 1 to {ReadingLimits.LongestName} ASCII letters, digits and _.-.");
            case Members.Area:
                if (KeepString(out TextRange area) is { } areaRefusal)
                {
                    return areaRefusal;
                }

                _into.AreaRange = area;
                return AreaPath.IsValid(_into.TextOf(area))
                    ? null
                    : new Refusal(RefusalReasons.BadArea, "area", AreaPath.InWords);
            case Members.Sequence:
                if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out long sequence) || sequence < 0)
                {
                    return new Refusal(RefusalReasons.WrongType, "sequence", "A sequence is a whole number from 0 up.");
                }

                _into.Sequence = sequence;
                return null;
            case Members.Location:
                return ParseLocation();
            case Members.Units:
                if (_reader.TokenType != JsonTokenType.StartObject)
                {
                    return new Refusal(RefusalReasons.WrongType, "units", "'units' is an object of metric names and units.");
                }

                int start = (int)_reader.TokenStartIndex;
                _reader.Skip();
                _units = _value[start..(int)_reader.BytesConsumed];
                return null;
            default:
                return ParseMetrics();
        }
    }

    private Refusal? KeepString(out TextRange text)
    {
        text = default;
        if (_reader.TokenType != JsonTokenType.String)
        {
            return new Refusal(RefusalReasons.WrongType, _member, $"'{_member}' is a string.");
        }

        if (_reader.ValueSpan.Length > ReadingLimits.LongestText * 2)
        {
            return new Refusal(RefusalReasons.TooLarge, _member, $"'{_member}' is {_reader.ValueSpan.Length} bytes long; at most {ReadingLimits.LongestText} are taken.");
        }

        text = KeepText();
        return null;
    }

    /// <summary>Copies the token's text, unescaped.</summary>
    private TextRange KeepText()
    {
        if (!_reader.ValueIsEscaped)
        {
            return _into.Keep(_reader.ValueSpan);
        }

        try
        {
            return _into.Take(_reader.CopyString(_into.Room(_reader.ValueSpan.Length)));
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: "\ud800". Valid JSON by its grammar, but no text.
            throw new JsonException(null, null, 0, _reader.TokenStartIndex);
        }
    }

    private Refusal? ParseMetrics()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return new Refusal(RefusalReasons.WrongType, "metrics", "'metrics' is an object of names and values.");
        }

        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_into.Count == ReadingLimits.MostMetrics)
            {
                return new Refusal(RefusalReasons.TooManyMetrics, "metrics", $"A reading has at most {ReadingLimits.MostMetrics} metrics.");
            }

            if (_reader.ValueSpan.Length > ReadingLimits.LongestName * 2)
            {
                return new Refusal(RefusalReasons.BadName, "metrics", $"A metric's name is at most {ReadingLimits.LongestName} bytes long.");
            }

            TextRange name = KeepText();
            if (!ReadingLimits.IsName(_into.TextOf(name)))
            {
                return new Refusal(
                    RefusalReasons.BadName, $"metrics.{_into.StringOf(name)}",
                    $"A metric's name is 1 to {ReadingLimits.LongestName} ASCII letters, digits and _.-.");
            }

            if (Find(_into.TextOf(name)) >= 0)
            {
                return new Refusal(RefusalReasons.Duplicate, $"metrics.{_into.StringOf(name)}", $"The metric '{_into.StringOf(name)}' is there twice.");
            }

            ref ReadingEntry entry = ref _into.Add();
            entry.Name = name;
            _reader.Read();
            if (ParseValue(ref entry) is { } refusal)
            {
                return refusal;
            }
        }

        return null;
    }

    private Refusal? ParseValue(ref ReadingEntry entry)
    {
        switch (_reader.TokenType)
        {
            case JsonTokenType.Number:
                entry.Kind = ValueKind.Number;
                if (ShortDecimal.TryParse(_reader.ValueSpan, out entry.Value))
                {
                    return null;
                }

                return _reader.TryGetDouble(out entry.Value) && double.IsFinite(entry.Value)
                    ? null
                    : Refuse(RefusalReasons.NotFinite, in entry, "is beyond what a 64-bit number can hold");
            case JsonTokenType.True:
            case JsonTokenType.False:
                entry.Kind = ValueKind.Boolean;
                entry.Value = _reader.TokenType == JsonTokenType.True ? 1 : 0;
                return null;
            case JsonTokenType.String:
                entry.Kind = ValueKind.Text;
                if (_reader.ValueSpan.Length > ReadingLimits.LongestText)
                {
                    return Refuse(RefusalReasons.TooLarge, in entry, $"is a text of more than {ReadingLimits.LongestText} bytes");
                }

                entry.Text = KeepText();
                return null;
            default:
                return Refuse(RefusalReasons.WrongType, in entry, "is neither a number nor a boolean nor a string");
        }
    }

    private readonly Refusal Refuse(string reason, in ReadingEntry entry, string what)
    {
        string name = _into.StringOf(entry.Name);
        return new Refusal(reason, $"metrics.{name}", $"The metric '{name}' {what}.");
    }

    /// <summary>Joins units to their metrics, which may stand after them: so it happens when the whole object was read.</summary>
    private readonly Refusal? ParseUnits()
    {
        var units = new Utf8JsonReader(_units);
        units.Read();
        while (units.Read() && units.TokenType == JsonTokenType.PropertyName)
        {
            int at = units.ValueIsEscaped ? Find(Encoding.UTF8.GetBytes(units.GetString()!)) : Find(units.ValueSpan);
            units.Read();
            if (at < 0 || units.TokenType == JsonTokenType.Null)
            {
                units.Skip();
                continue;
            }

            ref ReadingEntry entry = ref _into.Entries[at];
            if (units.TokenType != JsonTokenType.String || units.ValueSpan.Length is 0 or > ReadingLimits.LongestName)
            {
                string metric = _into.StringOf(entry.Name);
                return new Refusal(RefusalReasons.WrongType, $"units.{metric}", $"The unit of '{metric}' is a short string.");
            }

            if (!entry.Unit.IsEmpty)
            {
                string metric = _into.StringOf(entry.Name);
                return new Refusal(RefusalReasons.Duplicate, $"units.{metric}", $"The unit of '{metric}' is there twice.");
            }

            entry.Unit = units.ValueIsEscaped ? _into.Keep(Encoding.UTF8.GetBytes(units.GetString()!)) : _into.Keep(units.ValueSpan);
        }

        return null;
    }

    /// <summary>A GeoJSON point: <c>{"type":"Point","coordinates":[longitude, latitude(, altitude)]}</c>.</summary>
    private Refusal? ParseLocation()
    {
        if (_reader.TokenType != JsonTokenType.StartObject)
        {
            return BadLocation();
        }

        bool isPoint = false;
        Span<double> coordinates = stackalloc double[3];
        int count = 0;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("type"u8))
            {
                _reader.Read();
                isPoint = _reader.TokenType == JsonTokenType.String && _reader.ValueTextEquals("Point"u8);
            }
            else if (_reader.ValueTextEquals("coordinates"u8))
            {
                _reader.Read();
                if (_reader.TokenType != JsonTokenType.StartArray)
                {
                    return BadLocation();
                }

                count = 0;
                while (_reader.Read() && _reader.TokenType == JsonTokenType.Number)
                {
                    if (count == 3 || !_reader.TryGetDouble(out coordinates[count++]))
                    {
                        return BadLocation();
                    }
                }

                if (_reader.TokenType != JsonTokenType.EndArray)
                {
                    return BadLocation();
                }
            }
            else
            {
                _reader.Skip();
            }
        }

        GeoPoint point = new(coordinates[0], coordinates[1]);
        if (!isPoint || count < 2 || !point.IsOnEarth)
        {
            return BadLocation();
        }

        _into.Location = point;
        return null;
    }

    private static Refusal BadLocation() => new(RefusalReasons.BadLocation, "location", GeoPoint.InWords);

    private readonly string FieldInProgress() =>
        _member == "metrics" && _into.Count > 0 ? "metrics." + _into.StringOf(_into.Entries[^1].Name) : _member;

    private readonly int Find(ReadOnlySpan<byte> name)
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
