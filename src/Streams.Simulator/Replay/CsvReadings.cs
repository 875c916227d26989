using System.Globalization;

namespace Streams.Simulator.Replay;

/// <summary>
/// Readings of a CSV file with the columns <c>device_id, device_type, district, latitude, longitude, observed_at, metric, value, unit</c>
/// (by name, in any order; <c>latitude</c>, <c>longitude</c>, <c>district</c> and <c>unit</c> may be missing, others are passed over).
/// Rows of one device and time that stand side by side become one reading for each device type and district among them.
/// A row that can not be used is counted and passed over.
/// </summary>
internal sealed class CsvReadings : RecordedReadings
{
    private const int Columns = 9;
    private static readonly string[] Names = ["device_id", "device_type", "district", "latitude", "longitude", "observed_at", "metric", "value", "unit"];
    private static readonly int[] Required = [DeviceId, DeviceType, ObservedAt, Metric, Value];
    private const int DeviceId = 0, DeviceType = 1, District = 2, Latitude = 3, Longitude = 4, ObservedAt = 5, Metric = 6, Value = 7, Unit = 8;

    private static readonly string[] TimeForms =
    [
        "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd HH:mm:ssK", "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    private readonly string _name;
    private readonly FileStream _file;
    private readonly CsvRecords _rows;
    private readonly string _place;
    private readonly long _size;
    private readonly int _fields;
    private readonly int[] _column = new int[Columns];
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _texts;
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _areas;

    // Readings of the device and time at hand, one for each type and district; filled again for every group.
    private readonly List<RecordedReading> _group = [];
    private int _groupCount;
    private int _at = -1;

    private Row _pending;
    private bool _hasPending;
    private string _lastTimeText = "";
    private long _lastTimeInMs;

    public CsvReadings(string path, FileStream file, TextReader text, string place, UnusableRows unusable)
    {
        _name = Path.GetFileName(path);
        _file = file;
        _size = Math.Max(1, file.Length);
        _place = place;
        Unusable = unusable;
        _texts = new Dictionary<string, string>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _areas = new Dictionary<string, string>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();
        _rows = new CsvRecords(text);
        if (!_rows.Next())
        {
            throw new InvalidDataException($"{path} is empty; a recording begins with a header line.");
        }

        _fields = _rows.Count;
        Array.Fill(_column, -1);
        for (int i = 0; i < _fields; i++)
        {
            int known = Array.IndexOf(Names, _rows[i].Trim().ToString().ToLowerInvariant());
            if (known >= 0)
            {
                _column[known] = i;
            }
        }

        string[] missing = [.. Required.Where(column => _column[column] < 0).Select(column => Names[column])];
        if (missing.Length > 0)
        {
            throw new InvalidDataException($"{path}:1: the header line lacks {string.Join(", ", missing)}; it should be {string.Join(',', Names)}.");
        }

        _hasPending = NextRow(out _pending);
    }

    public override RecordedReading Current => _group[_at];

    public override UnusableRows Unusable { get; }

    public override double Fraction => Math.Min(1, (double)_file.Position / _size);

    public override bool Next()
    {
        if (++_at < _groupCount)
        {
            return true;
        }

        if (!_hasPending)
        {
            _at = _groupCount = 0;
            return false;
        }

        _at = _groupCount = 0;
        Row first = _pending;
        do
        {
            Take(_pending);
            _hasPending = NextRow(out _pending);
        }
        while (_hasPending && _pending.TimeInMs == first.TimeInMs && ReferenceEquals(_pending.DeviceId, first.DeviceId));
        return true;
    }

    /// <summary>
    /// Adds a row to its reading. A metric that comes twice is an event counted twice where the unit says that single events are
    /// recorded (<c>call</c>, <c>request</c>); otherwise it is the same row again, or a contradiction.
    /// </summary>
    private void Take(in Row row)
    {
        RecordedReading? reading = null;
        for (int i = 0; i < _groupCount && reading is null; i++)
        {
            reading = ReferenceEquals(_group[i].DeviceType, row.DeviceType) && ReferenceEquals(_group[i].Area, row.Area) ? _group[i] : null;
        }

        if (reading is null)
        {
            if (_groupCount == _group.Count)
            {
                _group.Add(new RecordedReading());
            }

            reading = _group[_groupCount++];
            reading.Begin(row.DeviceId, row.DeviceType, row.Area, row.TimeInMs);
        }

        reading.Location ??= row.Location;
        int known = reading.IndexOf(row.Metric);
        if (known < 0)
        {
            reading.Add(row.Metric, row.Value, row.Unit);
        }
        else if (row.Unit is "call" or "request")
        {
            reading.AddTo(known, row.Value.Number);
        }
        else
        {
            Unusable.Add(_name, row.Line, reading.Metrics[known].Value == row.Value
                ? "metric: the same device, time, metric and value again"
                : "metric: another value of the same device, time and metric");
        }
    }

    private bool NextRow(out Row row)
    {
        while (_rows.Next())
        {
            string? fault = _rows.Fault;
            if (fault is null)
            {
                fault = Read(out row);
                if (fault is null)
                {
                    return true;
                }
            }

            Unusable.Add(_name, _rows.Line, fault);
        }

        row = default;
        return false;
    }

    /// <summary>What is wrong with the row, or null.</summary>
    private string? Read(out Row row)
    {
        row = default;
        if (_rows.Count != _fields)
        {
            return FormattableString.Invariant($"columns: {_rows.Count} instead of {_fields}");
        }

        ReadOnlySpan<char> device = Field(DeviceId);
        ReadOnlySpan<char> metric = Field(Metric);
        if (device.IsEmpty)
        {
            return "device_id: empty";
        }

        if (metric.IsEmpty)
        {
            return "metric: empty";
        }

        if (!TryReadTime(Field(ObservedAt), out long timeInMs))
        {
            return "observed_at: not an ISO 8601 time with an offset";
        }

        if (!TryReadValue(Field(Value), out RecordedValue value))
        {
            return "value: not a number";
        }

        ReadOnlySpan<char> latitude = Field(Latitude);
        ReadOnlySpan<char> longitude = Field(Longitude);
        (double, double)? location = null;
        if (!latitude.IsEmpty || !longitude.IsEmpty)
        {
            if (!TryReadDegrees(latitude, 90, out double north))
            {
                return "latitude: not a number from -90 to 90";
            }

            if (!TryReadDegrees(longitude, 180, out double east))
            {
                return "longitude: not a number from -180 to 180";
            }

            location = (north, east);
        }

        row = new Row(_rows.Line, Text(device), Text(Field(DeviceType)), AreaOf(Field(District)), location, timeInMs, Text(metric), value, Text(Field(Unit)));
        return null;
    }

    private ReadOnlySpan<char> Field(int column) => _column[column] < 0 ? default : _rows[_column[column]].Trim();

    private bool TryReadTime(ReadOnlySpan<char> text, out long timeInMs)
    {
        if (text.SequenceEqual(_lastTimeText))
        {
            timeInMs = _lastTimeInMs;
            return text.Length > 0;
        }

        // "K" also takes a time without an offset, which could be anywhere.
        bool hasOffset = text.Length > 6 && (text[^1] is 'Z' or 'z' || (text[^6] is '+' or '-' && text[^3] == ':'));
        if (!hasOffset || !DateTimeOffset.TryParseExact(text, TimeForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time))
        {
            timeInMs = 0;
            return false;
        }

        _lastTimeText = text.ToString();
        _lastTimeInMs = timeInMs = time.ToUnixTimeMilliseconds();
        return true;
    }

    private static bool TryReadValue(ReadOnlySpan<char> text, out RecordedValue value)
    {
        if (double.TryParse(text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number))
        {
            value = new RecordedValue(number);
            return true;
        }

        bool flag = text is "true" || text is "false";
        value = flag ? new RecordedValue(0, Flag: text is "true") : default;
        return flag;
    }

    private static bool TryReadDegrees(ReadOnlySpan<char> text, double limit, out double degrees) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out degrees) && Math.Abs(degrees) <= limit;

    /// <summary>The same string for the same text, so that a file of millions of rows holds each name once.</summary>
    private string Text(ReadOnlySpan<char> text)
    {
        if (!_texts.TryGetValue(text, out string? known))
        {
            known = text.ToString();
            _texts.Dictionary.Add(known, known);
        }

        return known;
    }

    private string AreaOf(ReadOnlySpan<char> district)
    {
        if (!_areas.TryGetValue(district, out string? area))
        {
            string slug = Slug.Of(district.ToString());
            area = Text(slug.Length == 0 ? _place : _place + "/" + slug);
            _areas.Dictionary.Add(district.ToString(), area);
        }

        return area;
    }

    protected override void Dispose(bool disposing) => _file.Dispose();

    private readonly record struct Row(
        long Line,
        string DeviceId,
        string DeviceType,
        string Area,
        (double, double)? Location,
        long TimeInMs,
        string Metric,
        RecordedValue Value,
        string Unit);
}
