using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>
/// One condition of one area: what it rests on (windows, devices' anomalies, child areas) and the alerts that came of it. A rule for
/// several device types has one case that speaks, without a type of its own, and a part for each type, which only gathers. After every
/// change <see cref="Decide"/> compares the times at which the condition held, as known by now, with the alerts said so far, and
/// says what is missing. So it does not matter in which order parts became known.
/// </summary>
/// <remarks>
/// Parent and children: an area tells its parent of every alert, published or not. When the rule's number of children have the
/// condition at once, the parent raises one alert and tells these children for what time it speaks (coverage). A covered child
/// publishes nothing more; what it had published it cancels, naming the parent's alert (<c>supersededBy</c>). When the parent's alert is over and a child's
/// condition still holds, the child's alert stands again.
/// </remarks>
internal sealed class AlertCase(ConditionKey key)
{
    private const int MostCoverage = 16;

    private readonly List<AlertLife> _lives = [];
    private readonly AlertBook _over = new();
    private readonly List<CoverageNotice> _coverage = [];
    private readonly List<CasePart> _parts = [];

    /// <summary>Processing time.</summary>
    private long _decidedAtInMs;

    public ConditionKey Key { get; } = key;

    /// <summary>Unit of the metric, once a window was seen.</summary>
    public string Unit { get; set; } = "";

    /// <summary>Name of the metric, where it is one.</summary>
    public string Metric { get; set; } = "";

    public WindowTrack? Windows { get; set; }

    public SpanTrack? Devices { get; set; }

    public SpanTrack? Children { get; set; }

    public MeasureHistory? History { get; set; }

    /// <summary>Devices of the type in the area, when the devices were last counted.</summary>
    public int Members { get; set; }

    public IReadOnlyList<AlertLife> Lives => _lives;

    /// <summary>True if a device or child still has what it rests on, so that it goes on as time does.</summary>
    public bool HasOpenSpans => Devices is { HasOpen: true } || Children is { HasOpen: true };

    /// <summary>True if it has alerts that rest on what goes on without news of its own.</summary>
    public bool GoesOn => _lives.Count > 0 && (Children is not null || Sources.Any(source => source.Devices is not null));

    /// <summary>True if it never made an alert and rests on nothing.</summary>
    public bool IsBlank => _lives.Count == 0 && _over.Entries.Count == 0 && Windows is null && Devices is null && Children is null;

    /// <summary>Unit of its figures, of whichever part has any.</summary>
    public string ShownUnit => Sources.Select(source => source.Unit).FirstOrDefault(unit => unit.Length > 0, Unit);

    public string ShownMetric => Sources.Select(source => source.Metric).FirstOrDefault(metric => metric.Length > 0, Metric);

    private IEnumerable<AlertCase> Sources => _parts.Count == 0 ? [this] : _parts.Select(part => part.Case).OfType<AlertCase>();

    /// <summary>Processing time at which <see cref="Decide"/> must be called even if nothing comes in.</summary>
    public long? DueInMs { get; private set; }

    /// <summary>
    /// True if it was decided less than this ago and rests on so many devices that it can wait: the first thousand lamps without power
    /// raise the alert, the next ten thousand only make it larger.
    /// </summary>
    public bool CanWait(long nowInMs, long forInMs)
    {
        const int many = 1000;
        return nowInMs - _decidedAtInMs is >= 0 and var ago && ago < forInMs && Sources.Any(source => source.Devices is { Count: > many });
    }

    /// <summary>Asks to be decided at this time at the latest.</summary>
    public void DecideBy(long atInMs) => DueInMs = Math.Min(DueInMs ?? long.MaxValue, atInMs);

    /// <summary>The parent's word on what its alert speaks for. Once it is over, what still holds here waits its time again before it is said.</summary>
    public void Cover(CoverageNotice notice, AlertRule? rule, long nowInMs)
    {
        if (notice.EndInMs != long.MaxValue && rule is not null)
        {
            foreach (AlertLife life in _lives)
            {
                life.SettlesAtInMs = Math.Max(life.SettlesAtInMs, nowInMs + (long)rule.Settle.TotalMilliseconds);
            }
        }

        _coverage.RemoveAll(other => other.AlertId == notice.AlertId);
        _coverage.Add(notice);
        if (_coverage.Count > MostCoverage)
        {
            _coverage.RemoveAt(0);
        }
    }

    /// <param name="parts">What it rests on, one for each device type, with the area's members of the type: how far each is known. Itself, if the rule is for one type.</param>
    /// <param name="isConfirmed">True if this follows from news about the condition and not only from time passing.</param>
    public void Decide(AlertRule rule, AlertVoice voice, ReadOnlySpan<CasePart> parts, bool isConfirmed)
    {
        _decidedAtInMs = voice.NowInMs;
        _parts.Clear();
        _parts.AddRange(parts);
        List<Period> periods = Periods(rule, voice.NowInMs);
        Match(rule, voice, periods, isConfirmed);
        DueInMs = null;
        for (int i = 0; i < _lives.Count;)
        {
            AlertLife life = _lives[i];
            Expire(rule, voice, life);
            Speak(rule, voice, life);
            if (life.HasEnded && !IsWaiting(rule, voice, life))
            {
                _lives.RemoveAt(i);
                _over.Add(life);
                continue;
            }

            i++;
            if (life.IsDismissed)
            {
                // Only news of its condition can change anything.
                continue;
            }

            long due = IsWaiting(rule, voice, life) ? life.SettlesAtInMs : life.SeenAtInMs + (long)rule.ExpiresAfter.TotalMilliseconds;

            // The parent's alert is over, and this one may outlast it: it is looked at again once that is no tail any more.
            if (life.Period.IsOpen && CoverOf(rule, life) is { EndInMs: < long.MaxValue } cover
                && cover.EndInMs + (long)rule.ClearAfter.TotalMilliseconds >= voice.NowInMs)
            {
                due = Math.Min(due, cover.EndInMs + (long)rule.ClearAfter.TotalMilliseconds + 1);
            }

            DueInMs = Math.Min(DueInMs ?? long.MaxValue, due);
        }

        foreach (AlertCase source in Sources)
        {
            if (source.Devices?.NextSilentFor(rule.For, voice.NowInMs) is { } next)
            {
                DueInMs = Math.Min(DueInMs ?? long.MaxValue, next);
            }
        }
    }

    /// <summary>A child tells of something that an earlier alert of this area spoke for already: it need not say it again.</summary>
    public void CoverLate(AlertVoice voice, ConditionNotice notice)
    {
        foreach (AlertBook.Entry over in _over.Entries)
        {
            if (over is { Revision: > 0, IsWithdrawn: false } && notice.OnsetInMs <= over.EndInMs && notice.EndInMs >= over.StartInMs)
            {
                voice.TellChild(notice.Area, new CoverageNotice(Key, AlertVoice.IdOf(voice.Area, Key, over.NameInMs), over.StartInMs, over.EndInMs));
            }
        }
    }

    /// <summary>The rule is gone from the configuration: what stands is cancelled, and all that is left is what ids were used for.</summary>
    public void Abandon(AlertVoice voice)
    {
        foreach (AlertLife life in _lives)
        {
            life.Period.EndInMs = life.Period.IsOpen ? life.Period.ConfirmedThroughInMs : life.Period.EndInMs;
            life.State = AlertState.Cancelled;
            Tell(null, voice, life);
        }

        _over.Withdraw(_lives);
        _lives.Clear();
        _coverage.Clear();
        (Windows, Devices, Children, History) = (null, null, null, null);
        DueInMs = null;
    }

    /// <param name="version">Of the area's snapshot.</param>
    public void Save(SnapshotWriter writer, byte version)
    {
        writer.Text(Unit);
        writer.Text(Metric);
        writer.Signed(Members);
        writer.Flag(Windows is not null);
        Windows?.Save(writer);
        writer.Flag(Devices is not null);
        Devices?.Save(writer);
        writer.Flag(Children is not null);
        Children?.Save(writer);
        writer.Flag(History is not null);
        History?.Save(writer);
        writer.Unsigned((ulong)_lives.Count);
        foreach (AlertLife life in _lives)
        {
            life.Save(writer, version);
        }

        _over.Save(writer);
        writer.Unsigned((ulong)_coverage.Count);
        foreach (CoverageNotice notice in _coverage)
        {
            writer.Text(notice.AlertId);
            writer.Signed(notice.OnsetInMs);
            writer.Signed(notice.EndInMs);
        }

        writer.Signed(DueInMs ?? long.MaxValue);
    }

    public static AlertCase Restore(ConditionKey key, ref SnapshotReader reader, byte version)
    {
        var restored = new AlertCase(key) { Unit = reader.Text(), Metric = reader.Text(), Members = (int)reader.Signed() };
        if (reader.Flag())
        {
            restored.Windows = new WindowTrack();
            restored.Windows.Restore(ref reader);
        }

        if (reader.Flag())
        {
            restored.Devices = new SpanTrack();
            restored.Devices.Restore(ref reader, version);
        }

        if (reader.Flag())
        {
            restored.Children = new SpanTrack();
            restored.Children.Restore(ref reader, version);
        }

        if (reader.Flag())
        {
            restored.History = new MeasureHistory();
            restored.History.Restore(ref reader);
        }

        int lives = reader.Count(1 << 16);
        for (int i = 0; i < lives && !reader.Failed; i++)
        {
            restored._lives.Add(AlertLife.Restore(ref reader, version));
        }

        restored._over.Restore(ref reader, version);
        int coverage = reader.Count(MostCoverage);
        for (int i = 0; i < coverage; i++)
        {
            restored._coverage.Add(new CoverageNotice(key, reader.Text(), reader.Signed(), reader.Signed()));
        }

        long due = reader.Signed();
        restored.DueInMs = due == long.MaxValue ? null : due;
        return restored;
    }

    /// <summary>All times known at which the condition held, in order, those that touch or begin within the same second made one.</summary>
    private List<Period> Periods(AlertRule rule, long nowInMs)
    {
        var periods = new List<Period>();
        foreach (CasePart part in _parts)
        {
            part.Case?.OwnPeriods(rule, part.Members, nowInMs, periods);
        }

        if (Children is { IsEmpty: false } children && rule.MinChildren > 0 && _parts.Count > 0)
        {
            MemberSet membership = _parts.MaxBy(part => (part.Members.Areas, part.Members.LastEventInMs)).Members;
            int before = periods.Count;
            int enough = Math.Max(rule.MinChildren, (int)Math.Ceiling(rule.MinChildrenShare * membership.Areas));
            AlertRule counting = rule with
            {
                Steps = [new SeverityStep(AlertSeverity.Unknown, enough, enough - 1)],
                Below = false,
                For = TimeSpan.Zero,
            };
            children.Periods(counting, WithinInMs(rule), 0, static (count, _) => count, membership, nowInMs, periods);
            for (int i = before; i < periods.Count; i++)
            {
                periods[i].Step = -1;
                periods[i].Severity = children.HighestDuring(periods[i]);
            }
        }

        periods.Sort(static (a, b) => a.StartInMs.CompareTo(b.StartInMs));
        for (int i = 1; i < periods.Count;)
        {
            // What begins within the same second can not be told apart by id.
            if (periods[i].StartInMs > periods[i - 1].EndInMs && AlertLife.NameOf(periods[i].StartInMs) > AlertLife.NameOf(periods[i - 1].StartInMs))
            {
                i++;
                continue;
            }

            periods[i - 1] = Join(rule, periods[i - 1], periods[i]);
            periods.RemoveAt(i);
        }

        return periods;
    }

    /// <summary>
    /// How long a device's word counts at least, and so that of an area which rests on such words: where all fall silent with them, nobody can say
    /// that they still hold when the next area speaks.
    /// </summary>
    internal static long WithinInMs(AlertRule? rule) => rule?.Condition is AlertCondition.Devices devices ? (long)devices.Within.TotalMilliseconds : 0;

    /// <summary>Those that its own windows and devices show.</summary>
    private void OwnPeriods(AlertRule rule, MemberSet membership, long nowInMs, List<Period> periods)
    {
        Windows?.Periods(rule, periods);
        if (Devices is { IsEmpty: false } devices && rule.Condition is AlertCondition.Devices condition)
        {
            int members = Math.Max(1, Members);
            double MeasureOf(int count, double weight) =>
                count < condition.MinDevices || count < condition.MinShare * members
                    ? (rule.Below ? double.MaxValue : double.MinValue)
                    : condition.Measure == DeviceMeasure.Share ? Math.Min(100, 100.0 * weight / members) : weight;
            devices.Periods(rule, WithinInMs(rule), members, MeasureOf, membership, nowInMs, periods);
        }
    }

    private static Period Join(AlertRule rule, Period a, Period b)
    {
        // Words come from the area's own figures where there are any, else from the count of children; of two device types, from the worse.
        Period words = a.Step < 0 ? b : b.Step < 0 ? a : a.IsOpen != b.IsOpen ? (a.IsOpen ? a : b) : PeriodFold.IsWorse(rule, b.Worst, a.Worst) ? b : a;
        return new Period
        {
            StartInMs = a.StartInMs,
            EndInMs = Math.Max(a.EndInMs, b.EndInMs),
            ConfirmedThroughInMs = Math.Max(a.ConfirmedThroughInMs, b.ConfirmedThroughInMs),
            Severity = a.IsOpen == b.IsOpen ? (a.Severity > b.Severity ? a.Severity : b.Severity) : a.IsOpen ? a.Severity : b.Severity,
            Step = words.Step,
            First = words.First,
            Worst = words.Worst,
            Latest = words.Latest,
        };
    }

    private void Match(AlertRule rule, AlertVoice voice, List<Period> periods, bool isConfirmed)
    {
        AlertLife?[] told = LifeMatch.Of(periods, _lives);
        foreach (AlertLife life in _lives)
        {
            if (!life.HasEnded && Array.IndexOf(told, life) < 0)
            {
                // What it rested on was revised away, or is too old to be kept.
                life.Period = life.Period.Copy();
                life.Period.EndInMs = life.Period.ConfirmedThroughInMs;
                life.State = AlertState.Cleared;
            }
        }

        for (int i = 0; i < told.Length; i++)
        {
            if (told[i] is { } life)
            {
                Follow(voice, life, periods[i], isConfirmed);
            }
            else if (_over.IsNew(rule, periods[i]))
            {
                Raise(rule, voice, periods[i]);
            }
        }
    }

    private static void Follow(AlertVoice voice, AlertLife life, Period period, bool isConfirmed)
    {
        if (life.State == AlertState.Expired && period.ConfirmedThroughInMs <= life.Period.ConfirmedThroughInMs)
        {
            return;
        }

        if (isConfirmed && (period.ConfirmedThroughInMs > life.Period.ConfirmedThroughInMs || period.Severity != life.Period.Severity))
        {
            life.SeenAtInMs = voice.NowInMs;
        }

        life.Period = period.Copy();
        if (!period.IsOpen)
        {
            life.State = AlertState.Cleared;
        }
        else if (life.IsOver ? life.Cancelled is null || period.Severity > life.Cancelled.Severity : period.Severity > life.Acknowledged?.Severity)
        {
            // It is back, or graver than what somebody has taken care of or dismissed.
            life.Revive();
        }
    }

    private void Raise(AlertRule rule, AlertVoice voice, Period period)
    {
        bool mayBeCovered = rule.MinChildren > 0 && voice.Parent is not null;
        long name = AlertLife.NameOf(period.StartInMs);
        AlertBook.Entry before = _over.Find(name);
        _lives.Add(new AlertLife
        {
            Id = AlertVoice.IdOf(voice.Area, Key, name),
            NameInMs = name,
            Period = period.Copy(),
            SettlesAtInMs = mayBeCovered ? voice.NowInMs + (long)rule.Settle.TotalMilliseconds : voice.NowInMs,
            SeenAtInMs = voice.NowInMs,

            // An alert that expired and whose condition shows itself again is the same one, so its states go on counting.
            Revision = before.Revision,
            SentInMs = before.SentInMs,
            State = period.IsOpen ? AlertState.Active : AlertState.Cleared,
        });
    }

    private static void Expire(AlertRule rule, AlertVoice voice, AlertLife life)
    {
        if (!life.IsOver && voice.NowInMs - life.SeenAtInMs >= rule.ExpiresAfter.TotalMilliseconds)
        {
            life.Period = life.Period.Copy();
            life.Period.EndInMs = life.Period.ConfirmedThroughInMs;
            life.State = AlertState.Expired;
        }
    }

    private bool IsWaiting(AlertRule rule, AlertVoice voice, AlertLife life) =>
        !life.IsStanding && !(life.IsOver && life.Revision > 0) && voice.NowInMs < life.SettlesAtInMs && CoverOf(rule, life) is null;

    /// <summary>
    /// The parent's alert that speaks for this one. Parent and children seldom end in the same window: what outlasts the parent's alert by
    /// no more than the lull that one alert bears is its tail, and no alert of its own.
    /// </summary>
    private CoverageNotice? CoverOf(AlertRule rule, AlertLife life)
    {
        long tailInMs = (long)rule.ClearAfter.TotalMilliseconds;
        foreach (CoverageNotice cover in _coverage)
        {
            bool overlaps = life.Period.StartInMs <= cover.EndInMs && life.Period.EndInMs >= cover.OnsetInMs;
            bool isWhole = cover.EndInMs == long.MaxValue || !life.Period.IsOpen || life.Period.ConfirmedThroughInMs - cover.EndInMs <= tailInMs;
            if (overlaps && isWhole)
            {
                return cover;
            }
        }

        return null;
    }

    /// <summary>Says what the alert's state makes necessary to say: to the world, to the parent, to the children.</summary>
    private void Speak(AlertRule rule, AlertVoice voice, AlertLife life)
    {
        if (voice.Parent is not null && rule.MinChildren > 0
            && (life.ToldSeverity != life.Period.Severity || life.ToldEndInMs != life.Period.EndInMs))
        {
            life.ToldSeverity = life.Period.Severity;
            life.ToldEndInMs = life.Period.EndInMs;
            voice.TellParent(new ConditionNotice
            {
                Key = Key,
                Area = voice.Area,
                AlertId = life.Id,
                Severity = life.Period.Severity,
                OnsetInMs = life.Period.StartInMs,
                EndInMs = life.Period.EndInMs,
                Measure = life.Period.Worst.Measure,
                Value = life.Period.Worst.Value,
                Unit = ShownUnit,
                Devices = NamesOfDevices(rule, life),
            });
        }

        CoverChildren(rule, voice, life);
        CoverageNotice? cover = CoverOf(rule, life);
        if (cover is not null)
        {
            if (life.IsStanding)
            {
                voice.Publish(this, rule, life, AlertMessageType.Cancel, AlertState.Cleared, cover.AlertId);
            }

            return;
        }

        if (IsWaiting(rule, voice, life))
        {
            return;
        }

        Tell(rule, voice, life);
    }

    private string NamesOfDevices(AlertRule rule, AlertLife life)
    {
        const int most = 8;
        if (rule.Condition is AlertCondition.Devices && Sources.Any(source => source.Devices is not null))
        {
            return string.Join(", ", DevicesDuring(rule, life.Period, most, out _).Select(span => span.Subject).Distinct());
        }

        return Children is null ? "" : string.Join(", ", Children.During(life.Period, WithinInMs(rule), most, out _).Select(span => span.Explanation).Where(names => names.Length > 0));
    }

    private void Tell(AlertRule? rule, AlertVoice voice, AlertLife life)
    {
        if (!life.IsStanding && !(life.IsOver && life.Revision > 0))
        {
            // New, back, or standing again after the parent's alert went. One that is over already is raised all the same, so that there is a record of it.
            if (rule is not null)
            {
                AlertState standing = life.State == AlertState.Acknowledged ? AlertState.Acknowledged : AlertState.Active;
                voice.Publish(this, rule, life, life.Revision == 0 ? AlertMessageType.Alert : AlertMessageType.Update, standing, null);
            }
        }

        if (life.IsOver)
        {
            if (life.IsStanding)
            {
                voice.Publish(this, rule, life, AlertMessageType.Cancel, life.State, null);
            }

            return;
        }

        if (rule is not null && IsNews(rule, voice, life))
        {
            voice.Publish(this, rule, life, AlertMessageType.Update, life.State, null);
        }
    }

    private bool IsNews(AlertRule rule, AlertVoice voice, AlertLife life)
    {
        if (life.IsToBeTold || life.SentSeverity != life.Period.Severity)
        {
            return true;
        }

        if (voice.NowInMs - life.SentInMs < rule.UpdateEvery.TotalMilliseconds)
        {
            return false;
        }

        // Half of its time is over and it still holds: a new state moves the expiry on.
        long lifetimeInMs = (long)rule.ExpiresAfter.TotalMilliseconds;
        return life.SentSubjects != SubjectsOf(rule, life) || life.Period.ConfirmedThroughInMs + (lifetimeInMs / 2) > life.SentExpiresInMs;
    }

    internal int SubjectsOf(AlertRule? rule, AlertLife life)
    {
        int children = 0;
        DevicesDuring(rule, life.Period, 0, out int devices);
        Children?.During(life.Period, WithinInMs(rule), 0, out children);
        return devices + children;
    }

    /// <summary>Anomalies of devices that lie in a period at least in part, at most <paramref name="most"/>, and how many devices have any.</summary>
    internal List<Span> DevicesDuring(AlertRule? rule, Period period, int most, out int count)
    {
        long withinInMs = WithinInMs(rule);
        var found = new List<Span>();
        count = 0;
        foreach (AlertCase source in Sources)
        {
            if (source.Devices is not null)
            {
                found.AddRange(source.Devices.During(period, withinInMs, most - found.Count, out int ofSource));
                count += ofSource;
            }
        }

        return found;
    }

    private void CoverChildren(AlertRule? rule, AlertVoice voice, AlertLife life)
    {
        if (Children is not { IsEmpty: false } children)
        {
            return;
        }

        // A person who cancelled the alert of all does not want one for each.
        var notice = new CoverageNotice(Key, life.Id, life.Period.StartInMs, life.HasEnded ? life.Period.EndInMs : long.MaxValue);
        if (life.HasEnded)
        {
            foreach (string child in life.Covers.Order(StringComparer.Ordinal))
            {
                voice.TellChild(child, notice);
            }

            life.Covers.Clear();
        }

        foreach (Span span in children.During(life.Period, WithinInMs(rule), int.MaxValue, out _))
        {
            if (life.HasEnded ? life.Revision == 0 : life.Covers.Add(span.Subject))
            {
                voice.TellChild(span.Subject, notice);
            }
        }
    }
}

/// <summary>What a case rests on for one device type, and the area's members of that type; for one whose signs are counted together all of its types.</summary>
/// <param name="Case">Null where only child areas have had anything to say of the type.</param>
internal readonly record struct CasePart(AlertCase? Case, MemberSet Members);
