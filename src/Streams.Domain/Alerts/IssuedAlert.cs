using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cap;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>An alert that a person issued, while it stands. What devices say does not touch it.</summary>
public sealed class IssuedAlert
{
    /// <summary>Stands where automatic alerts have their rule; no rule may have its name.</summary>
    public const string Rule = "issued";

    private static readonly ConditionKey Key = new(Rule, "", "");

    private IssuedAlert(string id) => Id = id;

    public string Id { get; }

    public AlertContent Content { get; private set; } = new();

    /// <summary>Who issued it, and when.</summary>
    public AlertDeed Issued { get; private set; } = new("", 0, "", AlertSeverity.Unknown);

    public AlertDeed? Acknowledged { get; private set; }

    public AlertDeed? Cancelled { get; private set; }

    public long ExpiresInMs { get; private set; }

    public AlertState State { get; private set; }

    public int Revision { get; private set; }

    public long SentInMs { get; private set; }

    /// <param name="nameInMs">The second that names it; no other of the area has it.</param>
    public static IssuedAlert Of(string area, AlertContent content, string by, long nameInMs, long nowInMs)
    {
        var issued = new IssuedAlert(AlertVoice.IdOf(area, Key, nameInMs)) { Issued = new AlertDeed(by, nowInMs, "", content.Severity) };
        issued.Take(content, nowInMs);
        return issued;
    }

    /// <summary>Everything that keeps the content from being said now: its times, and what CAP 1.2 has against the message it would be.</summary>
    /// <param name="rules">Name the area and the sender.</param>
    public static IReadOnlyList<Refusal> Check(AlertContent content, string area, AlertRules rules, long nowInMs)
    {
        List<Refusal> wrong = [];
        long expires = content.ExpiresInMs ?? nowInMs + (long)AlertContent.UsualTime.TotalMilliseconds;
        if (expires <= nowInMs || expires - nowInMs > AlertContent.LongestTime.TotalMilliseconds)
        {
            wrong.Add(new Refusal(RefusalReasons.BadTime, "expires", $"It would expire {AlertJson.Time(expires)}; allowed: after {AlertJson.Time(nowInMs)} and within {AlertContent.LongestTime.TotalDays:0} days of it."));
        }

        // Who plans an alert ahead says it when the time has come; what began longer ago than one may stand is over.
        if (content.OnsetInMs is { } onset && (onset > expires || nowInMs - onset > AlertContent.LongestTime.TotalMilliseconds))
        {
            wrong.Add(new Refusal(RefusalReasons.BadTime, "onset", $"Its onset is {AlertJson.Time(onset)}; allowed: before it expires, and at most {AlertContent.LongestTime.TotalDays:0} days ago."));
        }

        if (content.ToBytes().Length > AlertContent.MostBytes)
        {
            wrong.Add(new Refusal(RefusalReasons.TooLarge, "", $"What it says is longer than {AlertContent.MostBytes} bytes."));
        }

        IssuedAlert trial = Of(area, content, "", AlertLife.NameOf(nowInMs), nowInMs);
        CapWriting written = CapWriter.Write(CapFromAlert.Of(trial.Say(AlertMessageType.Alert, area, rules, nowInMs)));
        wrong.AddRange(written.Findings.Where(finding => finding.Kind == CapFindingKind.Refused && !written.IsWritten)
            .Select(finding => new Refusal("cap_" + finding.Rule.Replace('-', '_'), finding.Path, $"CAP 1.2: {finding.What}; allowed: {finding.Allowed}.")));
        return wrong;
    }

    /// <summary>Why it can not say this in place of what it says: whoever heard of it would never hear of it again, or would take an exercise for real.</summary>
    /// <param name="rules">Of the area: they have the status of what says none.</param>
    public Refusal? Refuses(AlertContent content, AlertRules rules)
    {
        (AlertStatus before, AlertStatus after) = (Content.Status ?? rules.Settings.Status, content.Status ?? rules.Settings.Status);
        return before != after ? new Refusal("status_changes", "status", $"{Id} is {before}, and an update can not make it {after}. Cancel it, and issue another.")
            : Content.Scope == AlertScope.Public && content.Scope != AlertScope.Public
                ? new Refusal("scope_narrows", "scope", $"{Id} is public: an update that is {content.Scope} would leave the public with what it said before. Cancel it, and issue another.")
            : null;
    }

    /// <summary>Says something else. What is graver than what was acknowledged asks for people again.</summary>
    public void Take(AlertContent content, long nowInMs)
    {
        Content = content;
        ExpiresInMs = content.ExpiresInMs ?? nowInMs + (long)AlertContent.UsualTime.TotalMilliseconds;
        if (Acknowledged is { } acknowledged && content.Severity > acknowledged.Severity)
        {
            Acknowledged = null;
            State = AlertState.Active;
        }
    }

    public void Acknowledge(AlertDeed deed)
    {
        Acknowledged = deed;
        State = AlertState.Acknowledged;
    }

    public void Cancel(AlertDeed deed)
    {
        Cancelled = deed;
        State = AlertState.Cancelled;
    }

    public void Expire() => State = AlertState.Expired;

    /// <summary>The next message of it.</summary>
    public Alert Say(AlertMessageType type, string area, AlertRules rules, long nowInMs)
    {
        bool stands = State is AlertState.Active or AlertState.Acknowledged;
        ImmutableArray<string> references = Revision == 0 ? [] : [$"{rules.Settings.Sender},{Id}.{Revision},{AlertJson.Time(SentInMs)}"];
        Revision++;
        SentInMs = nowInMs;
        AreaDescription? place = rules.Describe(area);
        if (!Content.Polygon.IsEmpty || Content.Circle is not null)
        {
            // A code of the whole area would make the place the whole area again.
            place = new AreaDescription { Id = area, Polygon = Content.Polygon };
        }

        return new Alert
        {
            Id = Id,
            Area = area,
            AreaName = Content.AreaDescription.Length > 0 ? Content.AreaDescription : rules.NameOf(area),
            Rule = Rule,
            Sender = rules.Settings.Sender,
            SentInMs = nowInMs,
            Status = Content.Status ?? rules.Settings.Status,
            MessageType = type,
            Scope = Content.Scope,
            Addresses = Content.Addresses,
            References = references,
            Categories = Content.Categories,

            // That its time is over does not say that all is well.
            Responses = stands ? Content.Responses : State == AlertState.Cancelled ? [AlertResponse.AllClear] : [],
            Urgency = stands ? Content.Urgency : AlertUrgency.Past,
            Severity = Content.Severity,
            Certainty = Content.Certainty,
            OnsetInMs = Content.OnsetInMs ?? Issued.AtInMs,
            EndInMs = stands ? null : nowInMs,
            ExpiresInMs = stands ? ExpiresInMs : Math.Min(ExpiresInMs, nowInMs),
            Texts = stands ? Content.Texts : [.. Content.Texts.Select(text => text with { Headline = AlertLanguage.Of(text.Language).Over + text.Headline, Instruction = "" })],
            Place = place,
            Circle = Content.Circle,
            State = State,
            Playbook = Content.Playbook.Length > 0 ? Content.Playbook : null,
            Revision = Revision,
            Issued = Issued,
            Acknowledged = Acknowledged,
            Cancelled = Cancelled,
        };
    }

    internal void Save(SnapshotWriter writer)
    {
        writer.Text(Id);
        writer.Bytes(Content.ToBytes());
        AlertDeed.Save(writer, Issued);
        AlertDeed.Save(writer, Acknowledged);
        writer.Signed(ExpiresInMs);
        writer.Byte((byte)State);
        writer.Unsigned((ulong)Revision);
        writer.Signed(SentInMs);
    }

    internal static IssuedAlert Restore(ref SnapshotReader reader)
    {
        var issued = new IssuedAlert(reader.Text());
        if (AlertContent.OfBytes(reader.Bytes()) is { } content)
        {
            issued.Content = content;
        }
        else
        {
            reader.Fail();
        }

        issued.Issued = AlertDeed.Restore(ref reader) ?? issued.Issued;
        issued.Acknowledged = AlertDeed.Restore(ref reader);
        issued.ExpiresInMs = reader.Signed();
        issued.State = (AlertState)reader.Byte();
        issued.Revision = reader.Count(int.MaxValue);
        issued.SentInMs = reader.Signed();
        return issued;
    }
}
