using Streams.Domain.Areas;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// One device of a city as an actor: it takes readings, keeps windows and detectors for each metric of each of its types, and
/// decides. Pure: time is an argument, what it has to say waits until <see cref="Drain"/>. Not thread-safe.
/// </summary>
/// <remarks>
/// Usually a device has one type. Some feeds publish several kinds of thing under one id: a reading that names another known type
/// adds that type, and metrics are kept per type. Windows and detectors run on event time; silence is judged by processing time
/// for a live device, and by event time for a recording that is played back.
/// </remarks>
public sealed partial class Device(string id)
{
    /// <summary>Families are open-ended; a device that invents metrics without end is refused beyond this.</summary>
    public const int MostMetrics = 512;

    /// <summary>A reading older than this at its arrival is a recording: it starts no silence deadline.</summary>
    private const long LiveWithinInMs = 3_600_000;

    /// <summary>What was decided and waits to be drained; null while there is nothing, which is nearly always.</summary>
    private List<object>? _decided;
    private CompiledType? _primary;
    private CompiledType[] _types = [];
    private MetricState[] _metrics = [];
    private int _metricCount;
    private int _hint;

    /// <summary>The newest event time at which some window closes.</summary>
    private long _nextCloseInMs = long.MaxValue;
    private long _idleWatermarkInMs = long.MinValue;
    private SequenceWindow _sequence;
    private long _silentSinceInMs;
    private long _silentRaisedAtInMs;
    private bool _hasWindows;

    public string Id { get; } = id;

    /// <summary>True once a type and an area are known: by the first reading that names them, or <see cref="Register"/>.</summary>
    public bool IsRegistered => _primary is not null;

    /// <summary>Empty before registration.</summary>
    public string Area { get; private set; } = "";

    /// <summary>The primary type's name; empty before registration.</summary>
    public string Type => _primary?.Name ?? "";

    /// <summary>For people; empty where an operator gave none.</summary>
    public string Name { get; private set; } = "";

    public IEnumerable<string> Types => _types.Select(type => type.Name);

    public int TypeCount => _types.Length;

    /// <summary>The definition of one of its types, as the catalog has it.</summary>
    public DeviceType TypeAt(int index) => _types[index].Definition;

    public GeoPoint? Location { get; private set; }

    /// <summary>Newest event time of an applied reading; <see cref="long.MinValue"/> before the first.</summary>
    public long LastEventInMs { get; private set; } = long.MinValue;

    /// <summary>Processing time of the last applied reading; 0 before the first.</summary>
    public long LastArrivalInMs { get; private set; }

    /// <summary>Event time up to which windows are closed; <see cref="long.MinValue"/> before the first reading.</summary>
    public long WatermarkInMs
    {
        get
        {
            if (LastEventInMs == long.MinValue)
            {
                return long.MinValue;
            }

            long latenessInMs = 0;
            foreach (CompiledType type in _types)
            {
                latenessInMs = Math.Max(latenessInMs, type.Plan.LatenessInMs);
            }

            return Math.Max(LastEventInMs - latenessInMs, _idleWatermarkInMs);
        }
    }

    /// <summary>When the device wants to be woken, processing time; null for never.</summary>
    public long? DueInMs { get; private set; }

    public bool IsSilent => _silentRaisedAtInMs != 0;

    /// <summary>Something waits to be drained.</summary>
    public bool HasPending => DecidedCount > 0 || _hasWindows;

    public long ReadingCount { get; private set; }

    public long RepeatCount { get; private set; }

    /// <summary>Values that revised a closed window.</summary>
    public long LateCount { get; private set; }

    /// <summary>Values outside of the physical range, which are left out of the windows.</summary>
    public long ImpossibleCount { get; private set; }

    private int DecidedCount => _decided?.Count ?? 0;

    internal ReadOnlySpan<MetricState> Metrics => _metrics.AsSpan(0, _metricCount);

    /// <summary>Asks the processor to load this device's state. Call for a batch of devices before applying their readings.</summary>
    public void Prefetch()
    {
        if (_metricCount > 0)
        {
            _metrics[_hint + 1 < _metricCount ? _hint + 1 : 0].Prefetch();
        }
    }

    /// <summary>
    /// Makes the device known without a reading: from the city's configuration or an operator. A known device is moved, and
    /// learns the type where it is new. Refused for a type the catalog does not have, or a malformed area.
    /// </summary>
    /// <param name="name">Empty leaves the name it has.</param>
    public Outcome Register(string type, string area, GeoPoint? location, DeviceCatalog catalog, string name = "")
    {
        if (!catalog.TryGet(Encoding.UTF8.GetBytes(type), out CompiledType? compiled))
        {
            return Outcome.Refuse(RefusalReasons.UnknownType, "type", $"There is no device type '{type}'.");
        }

        if (!AreaPath.IsValid(Encoding.UTF8.GetBytes(area)))
        {
            return Outcome.Refuse(RefusalReasons.BadArea, "area", $"'{area}' is no area path such as dijon/toison-dor.");
        }

        int before = DecidedCount;
        bool isDescribedAnew = (location is not null && location != Location) || (name.Length > 0 && name != Name);
        Name = name.Length > 0 ? name : Name;
        Enroll(compiled, area, location);
        if (isDescribedAnew && DecidedCount == before)
        {
            Decide(new DeviceRegistration(Id, compiled.Name, area, Location, Name));
        }

        return new Outcome(DecidedCount > before ? OutcomeKind.Decided : OutcomeKind.Quiet);
    }

    /// <summary>
    /// The device is to be forgotten: takes back what others were told and wants to be woken no more. To be drained a last time; another device
    /// takes its place (see <see cref="Follow"/>). Windows that are open are left to nobody.
    /// </summary>
    public void Retire()
    {
        foreach (MetricState metric in Metrics)
        {
            metric.ClearAll(this, Explanation.Retired);
        }

        if (IsSilent)
        {
            ClearSilence(_silentRaisedAtInMs, Explanation.Retired);
        }

        if (IsInExcess)
        {
            ClearExcess(LastEventInMs, Explanation.Retired);
        }

        DueInMs = null;
    }

    /// <summary>Takes the place of one that was retired and has handed out all of its past: this one's goes on after it.</summary>
    public void Follow(Device before) => _pastNames = before._pastNames;

    /// <summary>Takes a reading whole, or refuses it whole and changes nothing.</summary>
    /// <param name="reading">Its entries' values are converted in place.</param>
    /// <param name="nowInMs">Processing time.</param>
    /// <param name="configured">What the configuration says of the device; stands in for what its first reading leaves out.</param>
    public Outcome Apply(Reading reading, DeviceCatalog catalog, long nowInMs, DeviceRegistration? configured = null)
    {
        CompiledType? type = TypeOf(reading, catalog, configured, out Outcome refused);
        if (type is null)
        {
            return refused;
        }

        if (Check(reading, type, out refused) is false)
        {
            return refused;
        }

        bool isNewest = reading.TimeInMs > LastEventInMs;
        SequenceVerdict verdict = reading.Sequence is { } sequence ? _sequence.Judge(sequence, isNewest) : SequenceVerdict.Unknown;
        if (verdict == SequenceVerdict.Repeat || (verdict == SequenceVerdict.Unknown && !isNewest && IsRepeatedWhole(reading)))
        {
            RepeatCount++;
            return new Outcome(OutcomeKind.Repeat);
        }

        if (!Pay(reading, type))
        {
            return RefuseExcess(reading);
        }

        if (reading.Sequence is { } number)
        {
            _sequence.Note(number, isNewest);
        }

        int decidedBefore = DecidedCount;
        bool hadWindows = _hasWindows;
        _hasWindows = false;
        if (NeedsEnrolling(reading, type))
        {
            string area = !reading.Area.IsEmpty ? Encoding.UTF8.GetString(reading.Area) : _primary is null && configured is not null ? configured.Area : Area;
            Enroll(type, area, reading.Location ?? (Location is null ? configured?.Location : null));
        }

        if (reading.Location is { } location)
        {
            Location = location;
        }

        NoteSilence(reading.TimeInMs, nowInMs);
        foreach (ref ReadingEntry entry in reading.Entries)
        {
            Apply(reading, ref entry, type, verdict == SequenceVerdict.New);
        }

        if (_primary is { SilentAfterInMs: null })
        {
            AwaitIdle(nowInMs);
        }

        ReadingCount++;
        bool speaks = _hasWindows;
        _hasWindows |= hadWindows;
        return new Outcome(
            DecidedCount > decidedBefore ? OutcomeKind.Decided
            : speaks ? OutcomeKind.Speaks
            : OutcomeKind.Quiet);
    }

    /// <summary>
    /// The deadline asked for by <see cref="DueInMs"/> may have come: raises silence when it has, and closes the windows that were
    /// waiting for more readings. Waking too early changes nothing.
    /// </summary>
    public Outcome Wake(long nowInMs)
    {
        if (DueInMs is not { } due || nowInMs < due)
        {
            return new Outcome(OutcomeKind.Quiet);
        }

        DueInMs = null;
        if (_primary is { SilentAfterInMs: null })
        {
            return CloseByClock(nowInMs);
        }

        if (_primary is not { SilentAfterInMs: not null } || IsSilent || LastEventInMs == long.MinValue)
        {
            return new Outcome(OutcomeKind.Quiet);
        }

        // At least one after the last reading, so that a device whose clock is ahead has not spoken "after" it fell silent.
        RaiseSilence(LastEventInMs, Math.Max(nowInMs, LastEventInMs + 1));
        CloseIdle();
        return new Outcome(OutcomeKind.Decided);
    }

    internal void Decide(object decided) => (_decided ??= new List<object>(1)).Add(decided);

    private static string TextOf(ReadOnlySpan<byte> text) => Encoding.UTF8.GetString(text);

    private CompiledType? TypeOf(Reading reading, DeviceCatalog catalog, DeviceRegistration? configured, out Outcome refused)
    {
        refused = default;
        ReadOnlySpan<byte> name = reading.Type;
        if (name.IsEmpty)
        {
            if (_primary is null)
            {
                if (configured is not null && catalog.TryGet(Encoding.UTF8.GetBytes(configured.Type), out CompiledType? known))
                {
                    return known;
                }

                refused = Outcome.Refuse(
                    RefusalReasons.UnknownDevice, "type", $"The device '{Id}' is not registered, so its first reading has to say its 'type' and 'area'.");
            }

            return _primary;
        }

        CompiledType? type = null;
        foreach (CompiledType one in _types)
        {
            if (name.SequenceEqual(one.Utf8Name))
            {
                type = one;
                break;
            }
        }

        if (type is null && !catalog.TryGet(name, out type))
        {
            refused = Outcome.Refuse(RefusalReasons.UnknownType, "type", $"There is no device type '{TextOf(name)}'.");
            return null;
        }

        if (_primary is null && reading.Area.IsEmpty && configured is null)
        {
            refused = Outcome.Refuse(
                RefusalReasons.UnknownDevice, "area", $"The device '{Id}' is not registered, so its first reading has to say its 'area'.");
            return null;
        }

        return type;
    }

    /// <summary>Looks at every entry and changes nothing of the device; afterwards entries have their slot and their value in the type's unit.</summary>
    private bool Check(Reading reading, CompiledType type, out Outcome refused)
    {
        refused = default;
        int newMetrics = 0;
        foreach (ref ReadingEntry entry in reading.Entries)
        {
            ReadOnlySpan<byte> name = reading.TextOf(entry.Name);
            entry.Slot = SlotOf(type, name);
            CompiledMetric? metric = entry.Slot >= 0 ? _metrics[entry.Slot].Metric : type.Find(name);
            if (metric is null)
            {
                refused = Outcome.Refuse(
                    RefusalReasons.UnknownMetric, $"metrics.{TextOf(name)}", $"The type '{type.Name}' has no metric '{TextOf(name)}'.");
                return false;
            }

            if (entry.Slot < 0 && _metricCount + ++newMetrics > MostMetrics)
            {
                refused = Outcome.Refuse(
                    RefusalReasons.TooManyMetrics, $"metrics.{TextOf(name)}", $"The device '{Id}' has {MostMetrics} metrics already, the most there can be.");
                return false;
            }

            if (EntryCheck.Convert(reading, ref entry, metric) is { } refusal)
            {
                refused = new Outcome(OutcomeKind.Refused, refusal);
                return false;
            }

            if (entry.TimeInMs < LastEventInMs
                && type.Plan.IsBeyondRetention(entry.TimeInMs, LastEventInMs - type.Plan.LatenessInMs))
            {
                refused = Outcome.Refuse(
                    RefusalReasons.LateBeyondRetention, "time",
                    $"The time {Rfc3339.Format(entry.TimeInMs)} is too late: the device's newest reading is of {Rfc3339.Format(LastEventInMs)}, and windows take late values for {type.Plan.RetentionInMs / 1000} s after they closed.");
                return false;
            }
        }

        return true;
    }

    private int SlotOf(CompiledType type, ReadOnlySpan<byte> name)
    {
        // Readings of a device look alike: the metric after the last one found is nearly always the one asked for.
        int at = _hint + 1;
        for (int tried = 0; tried < _metricCount; tried++, at++)
        {
            if (at >= _metricCount)
            {
                at = 0;
            }

            MetricState metric = _metrics[at];
            if (metric.Metric.Type == type && name.SequenceEqual(metric.Utf8Name))
            {
                _hint = at;
                return at;
            }
        }

        return -1;
    }

    private bool IsRepeatedWhole(Reading reading)
    {
        foreach (ref ReadingEntry entry in reading.Entries)
        {
            if (!IsRepeated(in entry))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsRepeated(in ReadingEntry entry) =>
        entry.Slot >= 0 && entry.TimeInMs <= _metrics[entry.Slot].LastAtInMs && _metrics[entry.Slot].Repeats.Contains(entry.Value, entry.TimeInMs);

    private bool NeedsEnrolling(Reading reading, CompiledType type) =>
        _primary is null
        || (!ReferenceEquals(type, _primary) && Array.IndexOf(_types, type) < 0)
        || (!reading.Area.IsEmpty && !Ascii.Equals(reading.Area, Area));

    private void Enroll(CompiledType type, string area, GeoPoint? location)
    {
        Location = location ?? Location;
        if (_primary is not null && area != Area)
        {
            string from = Area;
            Area = area;
            Decide(new Move(new DeviceRegistration(Id, _primary.Name, area, Location), from));
        }

        Area = area;
        _primary ??= type;
        if (Array.IndexOf(_types, type) < 0)
        {
            _types = [.. _types, type];
            Decide(new DeviceRegistration(Id, type.Name, area, Location));
        }
    }

    private void Apply(Reading reading, ref ReadingEntry entry, CompiledType type, bool isSurelyNew)
    {
        MetricState metric = entry.Slot >= 0 ? _metrics[entry.Slot] : NewMetric(type, reading.TextOf(entry.Name));
        long atInMs = entry.TimeInMs;
        if (!isSurelyNew && IsRepeated(in entry))
        {
            RepeatCount++;
            return;
        }

        metric.Repeats.Add(entry.Value, atInMs, metric.RepeatCount++);
        if (atInMs > LastEventInMs)
        {
            LastEventInMs = atInMs;
            if (atInMs >= _nextCloseInMs)
            {
                CloseThrough(atInMs);
            }
        }

        // Minus nought is nought.
        double value = entry.Value + 0.0;
        bool isNewest = atInMs > metric.LastAtInMs;
        if (metric.Metric.Definition.Kind == MetricKind.Counter && !TakeIncrease(metric, ref value, isNewest, atInMs))
        {
            return;
        }

        MetricRules rules = metric.Metric.Rules;
        if (value < rules.Min || value > rules.Max)
        {
            ImpossibleCount++;
            metric.DetectImpossible(this, value, atInMs);
            return;
        }

        WindowPlan plan = metric.Metric.Type.Plan;
        metric.Windows.Add(plan, value, atInMs, LastEventInMs - plan.LatenessInMs, out bool isLate);
        if (isLate)
        {
            LateCount++;
            _hasWindows = true;
        }

        long nextInMs = metric.Windows.NextCloseInMs;
        if (nextInMs != long.MaxValue)
        {
            _nextCloseInMs = Math.Min(_nextCloseInMs, nextInMs + plan.LatenessInMs);
        }

        if (isNewest)
        {
            metric.Detect(this, value, atInMs);
        }
    }

    /// <summary>
    /// Turns a counter's reading into its increase. The first reading, and one out of order, have none. A smaller reading than before is a
    /// counter that started again at 0, so all of it is increase; unless it is too much for that: then the counter was set or replaced, and
    /// what it counted in between nobody knows.
    /// </summary>
    private static bool TakeIncrease(MetricState metric, ref double value, bool isNewest, long atInMs)
    {
        if (!isNewest)
        {
            return false;
        }

        double raw = value;
        bool isFirst = metric.LastAtInMs == long.MinValue;
        bool isSet = raw < metric.LastRaw && raw > 10 * metric.LastValue && raw > metric.LastRaw / 100;
        value = raw >= metric.LastRaw ? raw - metric.LastRaw : raw;
        metric.LastRaw = raw;
        if (isFirst || isSet)
        {
            metric.LastAtInMs = atInMs;
        }

        return !isFirst && !isSet;
    }

    private MetricState NewMetric(CompiledType type, ReadOnlySpan<byte> name)
    {
        // A pack may hold a new metric at several times: the second time it is there.
        int slot = SlotOf(type, name);
        return slot >= 0 ? _metrics[slot] : Add(new MetricState(type.Find(name)!, name));
    }

    private MetricState Add(MetricState metric)
    {
        if (_metricCount == _metrics.Length)
        {
            // One or two metrics is the rule; families grow faster than by one.
            Array.Resize(ref _metrics, _metricCount < 4 ? _metricCount + 1 : _metricCount * 3 / 2);
        }

        _metrics[_metricCount] = metric;
        _hint = _metricCount;
        _metricCount++;
        return metric;
    }

    private void CloseThrough(long newestInMs)
    {
        _nextCloseInMs = long.MaxValue;
        foreach (MetricState metric in Metrics)
        {
            Close(metric, newestInMs - metric.Metric.Type.Plan.LatenessInMs);
        }
    }

    /// <summary>Nothing more comes: closes the base windows of the last reading, and what ends with them.</summary>
    private void CloseIdle()
    {
        _nextCloseInMs = long.MaxValue;
        long through = long.MaxValue;
        foreach (MetricState metric in Metrics)
        {
            WindowPlan plan = metric.Metric.Type.Plan;
            long endInMs = plan.Base.StartOf(LastEventInMs) + plan.BaseLengthInMs;
            through = Math.Min(through, endInMs);
            Close(metric, endInMs);
        }

        if (through != long.MaxValue)
        {
            _idleWatermarkInMs = Math.Max(_idleWatermarkInMs, through);
        }
    }

    private void Close(MetricState metric, long watermarkInMs)
    {
        WindowPlan plan = metric.Metric.Type.Plan;
        int pendingBefore = metric.Windows.PendingCount;
        metric.Windows.CloseThrough(plan, watermarkInMs);
        _hasWindows |= metric.Windows.PendingCount > pendingBefore;
        long nextInMs = metric.Windows.NextCloseInMs;
        if (nextInMs != long.MaxValue)
        {
            _nextCloseInMs = Math.Min(_nextCloseInMs, nextInMs + plan.LatenessInMs);
        }
    }

    /// <summary>A moved area, waiting to be said.</summary>
    private sealed record Move(DeviceRegistration Registration, string FromArea);
}
