using System.Runtime.InteropServices;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// The actor of an area, of whatever level: merges what its members observe into windows of its own, judges them by the rules, and
/// raises alerts. Pure: time is an argument; what it has to say is drained after each message.
/// </summary>
/// <remarks>
/// A window closes when every member has sent its part (by the members' watermarks), in order of event time; a member that lags
/// is left out after a grace in processing time, and what it sends later revises the window. All figures are in event time, so a
/// recording played at any speed gives the same as the same events live.
/// </remarks>
public sealed partial class Area
{
    private const long SecondInMs = 1000;

    private readonly SortedDictionary<string, Membership> _byType = new(StringComparer.Ordinal);
    private readonly Lanes _lanes = new();

    /// <summary>Types whose members or windows have changed since the ripe windows were closed.</summary>
    private readonly List<Membership> _news = [];

    /// <summary>Types that went on without those who lag.</summary>
    private readonly List<Membership> _movedOn = [];
    private readonly Dictionary<ConditionKey, AlertCase> _cases = [];
    private readonly List<AreaAggregate> _aggregates = [];
    private readonly Observation _toParent = new();
    private readonly Dictionary<string, (long Frontier, int Devices, int Silent, long Interval)> _toldParent = new(StringComparer.Ordinal);
    private readonly HashSet<AlertCase> _touched = [];
    private readonly List<AreaAggregate> _selected = [];
    private readonly List<CasePart> _parts = [];
    private readonly Doubts _doubts = new();
    private AlertVoice? _voice;
    private AlertRules _rules = AlertRules.None;
    private long _lastReviewInMs = long.MinValue;

    public Area(string id)
    {
        Id = id;
        Parent = AreaPath.ParentOf(id);
    }

    public string Id { get; }

    /// <summary>The area above, which is told of everything here; null for a root.</summary>
    public string? Parent { get; }

    /// <summary>Devices below, of all types; a device with two types counts in both.</summary>
    public int Devices => _byType.Values.Sum(members => members.Devices);

    public int Silent => _byType.Values.Sum(members => members.Silent);

    /// <summary>Devices of the area itself, not of areas below, that have an anomaly.</summary>
    public int Anomalous => _byType.Values.Sum(members => members.Anomalous);

    /// <summary>Devices of the area itself, not of areas below, that are silent, send impossible or frozen values, or are in a state that alarms.</summary>
    public int Broken => _byType.Values.Sum(members => members.Broken);

    /// <summary>Alerts of this very area that stand now.</summary>
    public int ActiveAlerts => _issued.Count + _cases.Sum(one => _rules.Find(one.Key.Rule)?.IsEveryday == true ? 0 : one.Value.Lives.Count(life => life.IsStanding));

    public IEnumerable<string> Types => _byType.Keys;

    /// <summary>Windows that wait for members.</summary>
    public int OpenWindows => _lanes.OpenWindows;

    /// <summary>Processing time at which <see cref="Wake"/> wants to be called; null for never.</summary>
    public long? DueInMs { get; private set; }

    private AlertVoice Voice => _voice!;

    private AreaLevels Levels
    {
        get
        {
            bool hasAreas = false;
            bool hasDevices = false;
            foreach (Membership members in _byType.Values)
            {
                hasAreas |= members.HasAreas;
                hasDevices |= members.HasDevices;
            }

            // Before it knows of any member, what it hears of can only be a device of its own.
            return (hasDevices || !hasAreas ? AreaLevels.Leaf : 0) | (Parent is null ? AreaLevels.Root : hasAreas ? AreaLevels.Parent : 0);
        }
    }

    /// <summary>Takes an observation. The caller sees to it that each takes effect once.</summary>
    public AreaOutcome Apply(Observation observation, AlertRules rules, long nowInMs)
    {
        Begin(rules, nowInMs);
        foreach (MemberUpdate member in observation.Members)
        {
            Membership members = MembersOf(member.Type);
            long intervalInMs = members.IntervalInMs;
            members.Set(in member);
            if (members.IntervalInMs != intervalInMs)
            {
                _lanes.WaitLonger(members);
            }

            HaveNews(members);
        }

        foreach (PartialWindow part in observation.Windows)
        {
            Merge(observation.Series[part.Series], part, nowInMs);
        }

        foreach (AnomalyNotice anomaly in observation.Anomalies)
        {
            if (_byType.TryGetValue(anomaly.Type, out Membership? members))
            {
                members.Note(anomaly);
            }

            Note(anomaly);
        }

        foreach (ConditionNotice notice in observation.Conditions)
        {
            Note(notice);
        }

        foreach (CoverageNotice notice in observation.Coverage)
        {
            AlertCase covered = CaseOf(notice.Key);
            covered.Cover(notice, rules.Find(notice.Key.Rule), nowInMs);
            _touched.Add(covered);
        }

        return Finish(nowInMs);
    }

    /// <summary>Time has passed: closes windows that waited long enough, publishes alerts that settled, lets unconfirmed ones expire.</summary>
    public AreaOutcome Wake(AlertRules rules, long nowInMs)
    {
        Begin(rules, nowInMs);
        return Finish(nowInMs);
    }

    /// <summary>Hands out what there is to say, in order, and forgets it.</summary>
    public void Drain(IAreaOutput output)
    {
        foreach (AreaAggregate aggregate in _aggregates)
        {
            output.Aggregate(aggregate);
            aggregate.IsPending = false;
        }

        _aggregates.Clear();
        if (_voice is not null)
        {
            foreach (Alert alert in Voice.Alerts)
            {
                output.Alert(WithIncident(alert));
            }

            _toParent.Conditions.AddRange(Voice.ForParent);
            foreach ((string child, Observation observation) in Voice.ForChildren)
            {
                output.ToArea(child, observation);
            }

            Voice.Clear();
        }

        foreach (OrderAnswer answer in _answers)
        {
            output.Answer(answer);
        }

        _answers.Clear();

        if (!_toParent.IsEmpty)
        {
            output.ToArea(Parent!, _toParent);
            _toParent.Clear();
        }
    }

    private void Begin(AlertRules rules, long nowInMs)
    {
        if (_voice is null || !ReferenceEquals(_rules, rules))
        {
            AlertVoice? before = _voice;
            _rules = rules;
            _voice = new AlertVoice(Id, rules) { NowInMs = nowInMs };
            if (before is not null)
            {
                _voice.Alerts.AddRange(before.Alerts);
                _voice.ForParent.AddRange(before.ForParent);
            }

            ForgetFigures();
            foreach ((ConditionKey key, AlertCase one) in _cases)
            {
                // Also one that spoke for a type before the rule got others, or the other way round.
                if (rules.Find(key.Rule) is not { } rule || (one.Lives.Count > 0 && SpeakerOf(rule, key.Type) != key))
                {
                    one.Abandon(_voice);
                    if (one.IsBlank)
                    {
                        _cases.Remove(key);
                    }
                }
            }
        }

        _lanes.GraceInMs = (long)rules.Settings.Grace.TotalMilliseconds;
        Voice.NowInMs = nowInMs;
    }

    private void Merge(ObservedSeries series, PartialWindow part, long nowInMs)
    {
        Lane lane = LaneOf(series.Type, part.Size);
        HaveNews(lane.Members);
        Slot? revised = _lanes.Add(lane, in series, part, nowInMs);
        if (revised is null)
        {
            return;
        }

        Say(revised.Find(series.Metric)!);
        PassUp(series, part.Size, part.StartInMs, in part.Moments, in part.Sketch, part.Members);
        Judge(lane, revised);
    }

    private void Note(AnomalyNotice anomaly)
    {
        if (Doubts.Concern(anomaly))
        {
            Doubt(anomaly);
        }

        bool concernsParent = false;
        AreaLevels levels = Levels;
        foreach (AlertRule rule in _rules.ForDevicesOf(anomaly.Type))
        {
            var condition = (AlertCondition.Devices)rule.Condition;
            double weight = condition.WeightOf(anomaly, out bool dependsOnValue);
            if (weight == 0 || (anomaly.IsRaised && anomaly.Score < condition.MinScore))
            {
                continue;
            }

            concernsParent |= (rule.Levels & ~AreaLevels.Leaf) != 0;
            if ((rule.Levels & levels) == 0)
            {
                continue;
            }

            AlertCase one = CaseOf(condition.Signs.IsEmpty ? new ConditionKey(rule.Id, anomaly.Type, "") : SpeakerOf(rule, anomaly.Type));
            if (!anomaly.IsRaised && dependsOnValue && one.Devices?.Knows(anomaly.DeviceId, anomaly.Id) != true)
            {
                continue;
            }

            one.Devices ??= new SpanTrack();
            one.Devices.Set(new Span
            {
                Id = anomaly.Id,
                Subject = anomaly.DeviceId,
                FromInMs = anomaly.SinceInMs,
                UntilInMs = anomaly.IsRaised ? long.MaxValue : Math.Max(anomaly.TimeInMs, anomaly.SinceInMs),
                Metric = anomaly.Metric,
                Kind = anomaly.Kind,
                Value = anomaly.Value,
                Score = anomaly.Score,
                Weight = weight,
                Explanation = anomaly.Explanation,
            });
            one.Metric = anomaly.Metric;
            _touched.Add(CaseOf(SpeakerOf(rule, anomaly.Type)));
        }

        if (concernsParent && Parent is not null)
        {
            _toParent.Anomalies.Add(anomaly);
        }
    }

    private void Note(ConditionNotice notice)
    {
        AlertCase one = CaseOf(notice.Key);
        one.Children ??= new SpanTrack();
        one.Children.Set(new Span
        {
            Id = notice.AlertId,
            Subject = notice.Area,
            FromInMs = notice.OnsetInMs,
            UntilInMs = notice.EndInMs,
            Severity = notice.Severity,
            Value = notice.Value,
            Score = notice.Measure,
            Explanation = notice.Devices,
        });
        one.Unit = notice.Unit.Length > 0 ? notice.Unit : one.Unit;
        one.CoverLate(Voice, notice);
        _touched.Add(one);
    }

    private AreaOutcome Finish(long nowInMs)
    {
        CloseRipe(nowInMs);
        TellParentOfMembers();
        ForgetNews();
        Review(nowInMs);
        ExpireIssued(nowInMs);
        foreach (AlertCase one in _touched)
        {
            if (one.CanWait(nowInMs, SecondInMs))
            {
                one.DecideBy(nowInMs + SecondInMs);
                continue;
            }

            Decide(one, isConfirmed: true);
        }

        _touched.Clear();
        FindDue(nowInMs);
        bool decided = Voice is { IsEmpty: false } || _toParent.Anomalies.Count > 0;
        return decided ? AreaOutcome.Decided : _aggregates.Count > 0 || !_toParent.IsEmpty ? AreaOutcome.Speaks : AreaOutcome.Quiet;
    }

    /// <summary>Cases that rest on anomalies or children go on in event time without news of their own; and whatever is due is decided.</summary>
    private void Review(long nowInMs)
    {
        // Once a second of processing time is often enough for what has minutes to wait, and every ten for what rests on thousands.
        bool isTime = _lastReviewInMs == long.MinValue || nowInMs - _lastReviewInMs >= SecondInMs;
        if (isTime)
        {
            _lastReviewInMs = nowInMs;
        }

        foreach (AlertCase one in _cases.Values)
        {
            bool goesOn = isTime && (one.HasOpenSpans || one.GoesOn) && !one.CanWait(nowInMs, 10 * SecondInMs);
            if ((goesOn || one.DueInMs <= nowInMs) && _rules.Find(one.Key.Rule) is { } rule
                && _cases.TryGetValue(SpeakerOf(rule, one.Key.Type), out AlertCase? speaker) && !_touched.Contains(speaker))
            {
                Decide(speaker, isConfirmed: goesOn);
            }
        }
    }

    private void Decide(AlertCase one, bool isConfirmed)
    {
        if (_rules.Find(one.Key.Rule) is not { } rule)
        {
            return;
        }

        if (one.Key.Type.Length > 0)
        {
            one.Decide(rule, Voice, [PartOf(one, MembersOf(one.Key.Type).Alone)], isConfirmed);
            return;
        }

        if (rule.Condition is AlertCondition.Devices { Signs.IsEmpty: false })
        {
            // Devices of all types are counted together, so there is but one part.
            one.Decide(rule, Voice, [PartOf(one, new MemberSet([.. rule.Types.Where(_byType.ContainsKey).Select(type => _byType[type])]))], isConfirmed);
            return;
        }

        _parts.Clear();
        foreach (string type in rule.Types)
        {
            if (_byType.TryGetValue(type, out Membership? members))
            {
                _parts.Add(PartOf(_cases.GetValueOrDefault(new ConditionKey(rule.Id, type, "")), members.Alone));
            }
        }

        one.Decide(rule, Voice, CollectionsMarshal.AsSpan(_parts), isConfirmed);
    }

    private static CasePart PartOf(AlertCase? one, MemberSet members)
    {
        if (one is not null)
        {
            one.Members = members.Devices;
        }

        return new CasePart(one, members);
    }

    /// <summary>Whose alerts a type's figures make: a rule that names several types makes one alert of them all, any other one for each type.</summary>
    private static ConditionKey SpeakerOf(AlertRule rule, string type) => new(rule.Id, rule.Types.Length > 1 ? "" : type, "");

    private void HaveNews(Membership members)
    {
        if (!members.HasNews)
        {
            members.HasNews = true;
            _news.Add(members);
        }
    }

    /// <summary>Whoever was left out may have held up windows of lanes before the one it was left out for: they are looked at with the next message.</summary>
    private void ForgetNews()
    {
        foreach (Membership members in _news)
        {
            members.HasNews = false;
        }

        _news.Clear();
        foreach (Membership members in _movedOn)
        {
            HaveNews(members);
        }

        _movedOn.Clear();
    }

    private void CloseRipe(long nowInMs)
    {
        if (nowInMs >= _lanes.EarliestDeadlineInMs)
        {
            foreach (Lane lane in _lanes.All)
            {
                if (nowInMs >= lane.DeadlineInMs)
                {
                    HaveNews(lane.Members);
                }
            }
        }

        foreach (Lane lane in _lanes.Of(_news))
        {
            Membership members = lane.Members;
            long frontier = lane.Oldest is null ? 0 : members.Frontier();
            while (lane.Oldest is { } oldest)
            {
                if (oldest.EndInMs > frontier)
                {
                    if (nowInMs < lane.DeadlineInMs)
                    {
                        break;
                    }

                    members.LeaveOutBefore(oldest.EndInMs);
                    _movedOn.Add(members);
                    frontier = members.Frontier();
                }

                Close(lane);
            }
        }

        while (OpenWindows > _rules.Settings.MaxOpenWindows)
        {
            // Nobody is left out for it: the windows after it go on waiting.
            Close(_lanes.All.MaxBy(lane => lane.OpenWindows)!);
        }
    }

    private void Close(Lane lane)
    {
        Slot slot = _lanes.CloseOldest(lane);
        NoteFigures(lane, slot);
        foreach (AreaAggregate window in slot.Windows)
        {
            Say(window);
            PassUp(new ObservedSeries(window.Type, window.Metric, window.Unit), window.Size, window.StartInMs,
                in window.Moments, in window.Sketch, window.Members);
        }

        Judge(lane, slot);
    }

    private void Judge(Lane lane, Slot slot)
    {
        foreach (AlertRule rule in _rules.ForWindows(lane.Type, lane.Size, Levels))
        {
            MetricSelection metrics = rule.Condition.Selection;
            _selected.Clear();
            foreach (AreaAggregate window in slot.Windows)
            {
                if (metrics.Includes(window.Metric))
                {
                    _selected.Add(window);
                }
            }

            if (_selected.Count == 0)
            {
                continue;
            }

            AlertCase one = CaseOf(new ConditionKey(rule.Id, lane.Type, ""));
            one.Windows ??= new WindowTrack();
            if (!_doubts.Hold(lane.Type, metrics, slot.StartInMs, lane.Size, lane.Members) && WindowMeasure.Of(rule, one, _selected) is { } verdict)
            {
                one.Windows.Set(rule, in verdict);
            }
            else
            {
                one.Windows.Remove(slot.StartInMs);
            }

            // Decided window by window, so that a condition that came and went within one message is still told.
            Decide(CaseOf(SpeakerOf(rule, lane.Type)), isConfirmed: true);
        }
    }

    private void Say(AreaAggregate window)
    {
        if (!window.IsPending)
        {
            window.IsPending = true;
            _aggregates.Add(window);
        }
    }

    /// <summary>
    /// What a device says while it is broken, and shortly after, is doubted from the moment it broke. Windows may have come before the news
    /// of it (they travel in another lane): what they made of it is taken back.
    /// </summary>
    private void Doubt(AnomalyNotice anomaly)
    {
        _doubts.Note(anomaly);
        foreach ((ConditionKey key, AlertCase one) in _cases)
        {
            if (key.Type == anomaly.Type && one.Windows is { } windows && _rules.Find(key.Rule) is { } rule
                && rule.Condition.Size is { } size && rule.Condition.Selection.Includes(anomaly.Metric)
                && _cases.TryGetValue(SpeakerOf(rule, key.Type), out AlertCase? speaker))
            {
                foreach (long startInMs in windows.Starts().Where(start => _doubts.Hold(key.Type, rule.Condition.Selection, start, size, MembersOf(key.Type))))
                {
                    windows.Remove(startInMs);
                    one.History?.Remove(startInMs);
                    _touched.Add(speaker);
                }
            }
        }
    }

    private void PassUp(ObservedSeries series, WindowSize size, long startInMs, in Moments moments, in QuantileSketch sketch, int members)
    {
        if (Parent is null)
        {
            return;
        }

        PartialWindow part = _toParent.AddWindow(_toParent.SeriesOf(series.Type, series.Metric, series.Unit), size, startInMs);
        part.Moments.Merge(in moments);
        part.Sketch.Merge(in sketch);
        part.Members = members;
    }

    private void TellParentOfMembers()
    {
        if (Parent is null)
        {
            return;
        }

        _news.Sort(static (a, b) => string.CompareOrdinal(a.Type, b.Type));
        foreach (Membership members in _news)
        {
            string type = members.Type;
            long frontier = members.Frontier();
            var told = (frontier, members.Devices, members.Silent, members.IntervalInMs);
            if (frontier == long.MinValue || (_toldParent.TryGetValue(type, out var before) && before == told))
            {
                continue;
            }

            _toldParent[type] = told;
            int at = _toParent.Members.FindIndex(update => update.Type == type);
            var update = new MemberUpdate
            {
                Id = Id,
                Type = type,
                WatermarkInMs = frontier,
                LastEventInMs = members.LastEventInMs,
                IntervalInMs = members.IntervalInMs,
                Devices = members.Devices,
                Silent = members.Silent,
                IsArea = true,
            };
            if (at < 0)
            {
                _toParent.Members.Add(update);
            }
            else
            {
                _toParent.Members[at] = update;
            }
        }
    }

    private void FindDue(long nowInMs)
    {
        long due = _lanes.EarliestDeadlineInMs;
        foreach (AlertCase one in _cases.Values)
        {
            due = Math.Min(due, one.DueInMs ?? long.MaxValue);
        }

        foreach (IssuedAlert issued in _issued)
        {
            due = Math.Min(due, issued.ExpiresInMs);
        }

        DueInMs = due == long.MaxValue ? null : Math.Max(due, nowInMs + 1);
    }

    private Membership MembersOf(string type)
    {
        if (!_byType.TryGetValue(type, out Membership? members))
        {
            members = new Membership(type);
            _byType.Add(type, members);
        }

        return members;
    }

    private Lane LaneOf(string type, WindowSize size) => _lanes.Of(type, size, MembersOf(type));

    private AlertCase CaseOf(ConditionKey key)
    {
        if (!_cases.TryGetValue(key, out AlertCase? one))
        {
            one = new AlertCase(key);
            _cases.Add(key, one);
        }

        return one;
    }
}
