using Streams.Domain.Alerts;
using Streams.Domain.Readings;

namespace Streams.Domain.Areas;

public sealed partial class Area
{
    /// <summary>Issued alerts that stand at once. Beyond, nobody could read them; each is up to 32 KB in the snapshot.</summary>
    public const int MostIssued = 32;

    /// <summary>Orders remembered: a repeat comes within minutes, and in an hour of a crisis people give some dozens.</summary>
    private const int MostOrders = 128;

    private readonly List<IssuedAlert> _issued = [];

    /// <summary>Ids, the oldest first.</summary>
    private readonly List<string> _obeyed = [];
    private readonly List<OrderAnswer> _answers = [];

    /// <summary>The second that names the newest issued alert; no second names two.</summary>
    private long _lastIssuedInMs;

    /// <summary>Obeys a person, once: an order that is remembered changes nothing.</summary>
    /// <param name="refusal">Why it can not be obeyed; whoever gave it is answered that by what is drained.</param>
    public AreaOutcome Obey(AreaOrder order, AlertRules rules, long nowInMs, out Refusal? refusal)
    {
        refusal = null;
        if (_obeyed.Contains(order.Id))
        {
            return AreaOutcome.Repeat;
        }

        _obeyed.Add(order.Id);
        if (_obeyed.Count > MostOrders)
        {
            _obeyed.RemoveAt(0);
        }

        Begin(rules, nowInMs);
        string alert = "";
        refusal = order switch
        {
            AreaOrder.Issue issue => Issue(issue, out alert),
            AreaOrder.Update update => Update(update, alert = update.AlertId),
            AreaOrder.Acknowledge acknowledge => Handle(acknowledge, alert = acknowledge.AlertId, acknowledge.Note),
            AreaOrder.Cancel cancel => Handle(cancel, alert = cancel.AlertId, cancel.Reason),
            _ => throw new InvalidOperationException($"{order.GetType().Name} is no order."),
        };
        _answers.Add(new OrderAnswer(order, alert, refusal, nowInMs));
        Finish(nowInMs);
        return refusal is null ? AreaOutcome.Decided : AreaOutcome.Refused;
    }

    private Refusal? Issue(AreaOrder.Issue order, out string alert)
    {
        alert = "";
        if (_issued.Count >= MostIssued)
        {
            return new Refusal("too_many_issued", "", $"{_issued.Count} issued alerts stand in {Id}, as many as may. Cancel one, or update one.");
        }

        if (IssuedAlert.Check(order.Content, Id, _rules, Voice.NowInMs) is [var wrong, ..])
        {
            return wrong;
        }

        _lastIssuedInMs = Math.Max(AlertLife.NameOf(Voice.NowInMs), _lastIssuedInMs + SecondInMs);
        var issued = IssuedAlert.Of(Id, order.Content, order.By.Name, _lastIssuedInMs, Voice.NowInMs);
        alert = issued.Id;
        _issued.Add(issued);
        Say(issued, AlertMessageType.Alert, order);
        return null;
    }

    private Refusal? Update(AreaOrder.Update order, string alert)
    {
        if (_issued.Find(each => each.Id == alert) is not { } issued)
        {
            return FindLife(alert) is not null
                ? new Refusal("not_issued", "alert", $"{alert} was raised by a rule and says what devices say; only an issued alert can be updated.")
                : NotStanding(alert);
        }

        if (IssuedAlert.Check(order.Content, Id, _rules, Voice.NowInMs) is [var wrong, ..])
        {
            return wrong;
        }

        if (issued.Refuses(order.Content, _rules) is { } refused)
        {
            return refused;
        }

        issued.Take(order.Content, Voice.NowInMs);
        Say(issued, AlertMessageType.Update, order);
        return null;
    }

    /// <summary>Acknowledges or cancels.</summary>
    private Refusal? Handle(AreaOrder order, string alert, string note)
    {
        if (_issued.Find(each => each.Id == alert) is { } issued)
        {
            if (order is AreaOrder.Acknowledge && issued.Acknowledged is { } already)
            {
                return Acknowledged(alert, already);
            }

            var done = new AlertDeed(order.By.Name, Voice.NowInMs, note, issued.Content.Severity);
            if (order is AreaOrder.Cancel)
            {
                issued.Cancel(done);
                _issued.Remove(issued);
            }
            else
            {
                issued.Acknowledge(done);
            }

            Say(issued, order is AreaOrder.Cancel ? AlertMessageType.Cancel : AlertMessageType.Update, order);
            return null;
        }

        // First what time alone has decided, so that what is said next is the person's doing.
        if (FindLife(alert) is not { } found)
        {
            return NotStanding(alert);
        }

        Decide(found.Case, isConfirmed: false);
        AlertLife life = found.Life;
        if (!life.IsStanding)
        {
            return NotStanding(alert);
        }

        if (order is AreaOrder.Acknowledge && life.Acknowledged is { } before)
        {
            return Acknowledged(alert, before);
        }

        var deed = new AlertDeed(order.By.Name, Voice.NowInMs, note, life.Period.Severity);
        if (order is AreaOrder.Cancel)
        {
            life.Cancel(deed);
        }
        else
        {
            life.Acknowledge(deed);
        }

        Voice.Order = order;
        Decide(found.Case, isConfirmed: false);
        Voice.Order = null;
        return null;
    }

    private (AlertCase Case, AlertLife Life)? FindLife(string alert)
    {
        foreach (AlertCase one in _cases.Values)
        {
            foreach (AlertLife life in one.Lives)
            {
                if (life.Id == alert && life.IsStanding)
                {
                    return (one, life);
                }
            }
        }

        return null;
    }

    private Refusal NotStanding(string alert) =>
        new("alert_not_standing", "alert", $"{alert} does not stand in {Id}: it is over, an alert of the area above speaks for it, or there is none such.");

    private static Refusal Acknowledged(string alert, AlertDeed by) =>
        new("already_acknowledged", "alert", $"{alert} was acknowledged by {by.By} at {AlertJson.Time(by.AtInMs)}.");

    private void Say(IssuedAlert issued, AlertMessageType type, AreaOrder? order) =>
        Voice.Alerts.Add(issued.Say(type, Id, _rules, Voice.NowInMs) with { Order = order });

    /// <summary>Says of issued alerts that their time is over.</summary>
    private void ExpireIssued(long nowInMs)
    {
        for (int i = _issued.Count - 1; i >= 0; i--)
        {
            if (_issued[i].ExpiresInMs <= nowInMs)
            {
                IssuedAlert issued = _issued[i];
                _issued.RemoveAt(i);
                issued.Expire();
                Say(issued, AlertMessageType.Cancel, null);
            }
        }
    }

    private void SaveOrders(Windows.SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_obeyed.Count);
        foreach (string id in _obeyed)
        {
            writer.Text(id);
        }

        writer.Signed(_lastIssuedInMs);
        writer.Unsigned((ulong)_issued.Count);
        foreach (IssuedAlert issued in _issued)
        {
            issued.Save(writer);
        }
    }

    private void RestoreOrders(ref Windows.SnapshotReader reader)
    {
        int orders = reader.Count(MostOrders);
        for (int i = 0; i < orders && !reader.Failed; i++)
        {
            _obeyed.Add(reader.Text());
        }

        _lastIssuedInMs = reader.Signed();
        int issued = reader.Count(MostIssued);
        for (int i = 0; i < issued && !reader.Failed; i++)
        {
            _issued.Add(IssuedAlert.Restore(ref reader));
        }
    }
}
