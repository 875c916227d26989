using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>Puts an area's decisions into alerts and notices, for the area to hand out.</summary>
internal sealed class AlertVoice(string area, AlertRules rules)
{
    private const int MostEvidence = 32;

    /// <summary>To the second: what begins within one is one alert.</summary>
    private const string OnsetForm = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>What is said where no rule and no city says in which language.</summary>
    private static readonly string[] OfNoCity = ["en", "fr"];

    private readonly Dictionary<string, Observation> _toChildren = new(StringComparer.Ordinal);

    public string Area { get; } = area;

    public string? Parent { get; } = AreaPath.ParentOf(area);

    /// <summary>Processing time of the message being handled.</summary>
    public long NowInMs { get; set; }

    /// <summary>The order that is being obeyed; null for what the area decides by itself.</summary>
    public AreaOrder? Order { get; set; }

    public List<Alert> Alerts { get; } = [];

    public List<ConditionNotice> ForParent { get; } = [];

    public IReadOnlyDictionary<string, Observation> ForChildren => _toChildren;

    public bool IsEmpty => Alerts.Count == 0 && ForParent.Count == 0 && _toChildren.Count == 0;

    /// <summary>The same decision made again has the same id: area, rule (with the type, where each type is looked at by itself) and onset.</summary>
    public static string IdOf(string area, ConditionKey key, long onsetInMs)
    {
        string onset = DateTimeOffset.FromUnixTimeMilliseconds(onsetInMs).ToString(OnsetForm, CultureInfo.InvariantCulture);
        string of = key.Type.Length > 0 ? $"{key.Rule}.{key.Type}" : key.Rule;
        return $"{area.Replace('/', '.')}.{of}.{onset}";
    }

    /// <summary>The onset in an id, in Unix milliseconds; 0 if there is none.</summary>
    public static long OnsetIn(string id) =>
        DateTimeOffset.TryParseExact(id.AsSpan(id.LastIndexOf('.') + 1), OnsetForm, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset onset)
            ? onset.ToUnixTimeMilliseconds()
            : 0;

    public void TellParent(ConditionNotice notice) => ForParent.Add(notice);

    public void TellChild(string child, CoverageNotice notice)
    {
        if (!_toChildren.TryGetValue(child, out Observation? observation))
        {
            observation = new Observation();
            _toChildren.Add(child, observation);
        }

        observation.Coverage.RemoveAll(other => other.Key == notice.Key && other.AlertId == notice.AlertId);
        observation.Coverage.Add(notice);
    }

    public void Clear()
    {
        Alerts.Clear();
        ForParent.Clear();
        _toChildren.Clear();
    }

    /// <summary>Publishes a state of an alert and notes on the alert what was said.</summary>
    /// <param name="rule">Null if the rule is gone: the alert is cancelled with what is known without it.</param>
    public void Publish(AlertCase from, AlertRule? rule, AlertLife life, AlertMessageType type, AlertState state, string? supersededBy)
    {
        Period period = life.Period;
        long lifetimeInMs = (long)(rule?.ExpiresAfter ?? TimeSpan.FromHours(1)).TotalMilliseconds;
        long expires = state is AlertState.Active or AlertState.Acknowledged
            ? period.ConfirmedThroughInMs + lifetimeInMs
            : Math.Max(period.StartInMs, period.IsOpen ? period.ConfirmedThroughInMs : period.EndInMs);
        ImmutableArray<string> references = life.Revision == 0
            ? []
            : [$"{rules.Settings.Sender},{life.Id}.{life.Revision},{AlertJson.Time(life.SentInMs)}"];
        List<Span> devices = from.DevicesDuring(rule, period, MostEvidence, out int deviceCount);
        List<Span> children = [];
        int childCount = 0;
        if (from.Children is not null)
        {
            children = from.Children.During(period, AlertCase.WithinInMs(rule), MostEvidence, out childCount);
        }

        AlertFigures figures = Figures(from, rule, period, devices, deviceCount, children, childCount);
        life.Revision++;
        life.SentInMs = NowInMs;
        life.SentSeverity = period.Severity;
        life.SentSubjects = deviceCount + childCount;
        life.SentExpiresInMs = expires;
        life.IsStanding = state is AlertState.Active or AlertState.Acknowledged;
        life.IsToBeTold = false;
        Alerts.Add(new Alert
        {
            Id = life.Id,
            Area = Area,
            AreaName = rules.NameOf(Area),
            Rule = from.Key.Rule,
            Sender = rules.Settings.Sender,
            SentInMs = NowInMs,
            Status = rules.Settings.Status,
            MessageType = type,
            Scope = rule?.Scope ?? AlertScope.Restricted,
            References = references,
            Categories = rule?.Categories ?? [AlertCategory.Other],
            Responses = life.IsStanding ? rule?.Responses ?? [] : [AlertResponse.AllClear],
            Urgency = life.IsStanding ? rule?.Urgency ?? AlertUrgency.Unknown : AlertUrgency.Past,
            Severity = period.Severity,
            Certainty = rule?.Certainty ?? AlertCertainty.Unknown,
            OnsetInMs = period.StartInMs,
            EndInMs = period.IsOpen ? null : period.EndInMs,
            ExpiresInMs = expires,
            Texts = Fill(rule, from.Key, figures, supersededBy is null ? state : AlertState.Active, life.IsStanding),
            Place = rules.Describe(Area),
            State = state,
            Evidence = EvidenceOf(from, rule, period, devices, children),
            EvidenceLeftOut = deviceCount + childCount - devices.Concat(children).Select(span => span.Subject).Distinct().Count(),
            SupersededBy = supersededBy,
            Revision = life.Revision,
            Acknowledged = life.Acknowledged,
            Cancelled = state == AlertState.Cancelled ? life.Cancelled : null,
            Order = Order,
        });
    }

    /// <param name="saidState">The state that the headline tells of: where the parent's alert takes over, nothing is over.</param>
    private ImmutableArray<AlertText> Fill(AlertRule? rule, ConditionKey key, AlertFigures figures, AlertState saidState, bool isStanding)
    {
        ImmutableArray<string> languages = rules.Register.LanguagesOf(Area);
        if (rule is null)
        {
            string[] known = [.. languages.Where(AlertLanguage.Knows)];
            return [.. (known.Length > 0 ? known : OfNoCity).Select(language => NoLongerWatched(language, figures.Area, key.Rule))];
        }

        IReadOnlyList<AlertText> templates = rule.TextsIn(languages);
        var texts = ImmutableArray.CreateBuilder<AlertText>(templates.Count);
        foreach (AlertText text in templates)
        {
            var words = new AlertWords(text.Language, figures, rules.NamesIn(text.Language));
            texts.Add(new AlertText(
                text.Language,
                AlertWording.Fill(text.Event, words),
                words.Headline(AlertWording.Fill(text.Headline, words), saidState),
                words.Description(AlertWording.Fill(text.Description, words), saidState),

                // Nobody is to stay inside for what is over.
                isStanding ? AlertWording.Fill(text.Instruction, words) : ""));
        }

        return texts.MoveToImmutable();
    }

    private static AlertText NoLongerWatched(string language, string area, string rule)
    {
        (string headline, string description) = AlertLanguage.Of(language).NoLongerWatched(area, rule);
        return new AlertText(language, rule, headline, description, "");
    }

    private AlertFigures Figures(
        AlertCase from, AlertRule? rule, Period period, List<Span> devices, int deviceCount, List<Span> children, int childCount)
    {
        Verdict shown = period.IsOpen ? period.Latest : period.Worst;
        SeverityStep? step = rule is null ? null
            : period.Step >= 0 && period.Step < rule.Steps.Length ? rule.Steps[period.Step]
            : rule.Steps.Cast<SeverityStep?>().FirstOrDefault(one => one!.Value.Severity == period.Severity, rule.Steps[0]);

        // A child names its devices in one text, joined as ConditionNotice says.
        string[] deviceIds = devices.Count > 0
            ? [.. devices.Select(span => span.Subject).Distinct()]
            : [.. children.SelectMany(span => span.Explanation.Split(", ", StringSplitOptions.RemoveEmptyEntries)).Distinct()];
        int count = deviceCount > 0 ? deviceCount : childCount > 0 ? Math.Max(childCount, deviceIds.Length) : shown.Count;
        string[] places = [.. children.Select(span => rules.NameOf(span.Subject)).Distinct()];

        // Without figures of its own the area speaks of the worst of its children.
        bool isOfChildren = period.Step < 0;
        Span? worstOfChildren = children.Count == 0 ? null
            : rule is { Below: true } ? children.MinBy(span => span.Score) : children.MaxBy(span => span.Score);
        double value = isOfChildren ? worstOfChildren?.Value ?? double.NaN : shown.Value;
        double measure = isOfChildren ? worstOfChildren?.Score ?? double.NaN : period.Worst.Measure;
        ReaderUnit unit = ReaderUnit.Of(from.ShownUnit);

        // Times the usual and numbers of devices are of no unit.
        double ofMeasure = rule?.Condition is AlertCondition.Threshold or AlertCondition.Trend or AlertCondition.Unusual { By: Comparison.Difference } ? unit.Factor : 1;
        return new AlertFigures
        {
            Area = rules.NameOf(Area),
            Unit = unit.Symbol,
            Value = value * unit.Factor,
            Worst = (isOfChildren ? value : period.Worst.Value) * unit.Factor,
            Usual = (isOfChildren ? UsualOf(rule, value, measure) : shown.Usual) * unit.Factor,
            Measure = measure * ofMeasure,
            Threshold = (step?.Raise ?? double.NaN) * ofMeasure,
            Count = count,
            Members = Math.Max(shown.Members, count),
            Devices = deviceIds,
            DeviceCount = Math.Max(deviceCount, deviceIds.Length),
            Places = childCount > 0 ? places : [rules.NameOf(Area)],
            PlaceCount = Math.Max(1, childCount),
            Metric = from.ShownMetric is { Length: > 0 } metric ? metric : devices.Count > 0 ? devices[0].Metric : "",
            SinceInMs = period.StartInMs,
            Zone = rules.Register.TimeZoneOf(Area),
            UntilInMs = period.IsOpen ? null : period.EndInMs,
            EtaInMs = shown.EtaInMs > 0 ? shown.EtaInMs : null,
            WindowInMs = rule?.Condition.Size?.LengthInMs(),
            Newest = devices.Count > 0 ? new AnomalyFigures(devices[0].Kind, devices[0].Metric, devices[0].Value, devices[0].Explanation) : null,
        };
    }

    /// <summary>A child tells its value and its measure; what is usual there follows.</summary>
    private static double UsualOf(AlertRule? rule, double value, double measure) => rule?.Condition switch
    {
        AlertCondition.Unusual { By: Comparison.Ratio } => measure > 0 ? value / measure : double.NaN,
        AlertCondition.Unusual => value - measure,
        _ => double.NaN,
    };

    private static ImmutableArray<AlertEvidence> EvidenceOf(AlertCase from, AlertRule? rule, Period period, List<Span> devices, List<Span> children)
    {
        var evidence = ImmutableArray.CreateBuilder<AlertEvidence>();
        if (rule?.Condition.Size is { } size && period.Step >= 0)
        {
            string statistic = rule!.Condition switch
            {
                AlertCondition.Threshold threshold => threshold.Statistic.ToString(),
                AlertCondition.Unusual unusual => unusual.Statistic.ToString(),
                AlertCondition.Trend trend => trend.Statistic.ToString(),
                _ => "",
            };
            foreach (Verdict verdict in new[] { period.First, period.Worst, period.Latest }.Distinct().OrderBy(one => one.StartInMs))
            {
                evidence.Add(new AlertEvidence
                {
                    Metric = from.ShownMetric is { Length: > 0 } metric ? metric : null,
                    Statistic = char.ToLowerInvariant(statistic[0]) + statistic[1..],
                    Window = size.Iso(),
                    Unit = from.ShownUnit,
                    TimeInMs = verdict.StartInMs,
                    Value = verdict.Value,
                    Usual = rule.Condition is AlertCondition.Unusual ? verdict.Usual : null,
                });
            }
        }

        foreach (Span span in devices)
        {
            evidence.Add(new AlertEvidence
            {
                AnomalyId = span.Id,
                DeviceId = span.Subject,
                Metric = span.Metric,
                Kind = span.Kind == AnomalyNotice.Limit ? "level" : span.Kind,
                TimeInMs = span.FromInMs,
                Value = span.Value,
                Explanation = span.Explanation,
            });
        }

        foreach (Span span in children)
        {
            evidence.Add(new AlertEvidence
            {
                Area = span.Subject,
                AlertId = span.Id,
                TimeInMs = span.FromInMs,
                Explanation = span.Explanation.Length > 0 ? span.Explanation : null,
            });
        }

        return evidence.ToImmutable();
    }
}
