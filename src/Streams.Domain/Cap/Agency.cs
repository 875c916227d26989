using System.Buffers;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Incidents;
using Streams.Domain.Windows;

namespace Streams.Domain.Cap;

/// <summary>Takes what an agency's actor has to say, in order.</summary>
public interface IAgencyOutput
{
    /// <summary>A message as it is known now: its row in the read model.</summary>
    void Message(AgencyMessage message);

    /// <summary>
    /// A message about the city became, goes on as, or is no longer an alert: for the desk of the city's incidents. Only actual ones and exercises, and each kept
    /// from the other.
    /// </summary>
    /// <param name="hazard">Name of the playbook.</param>
    void ToDesk(IncidentAlert alert, bool isExercise, string hazard);
}

/// <summary>
/// The actor of another agency: what stands of what it has said. Actual messages, exercises and tests do not touch each other, whatever they refer to. Pure: time is
/// an argument.
/// </summary>
public sealed class Agency(string sender)
{
    /// <summary>Stands where our own alerts have their rule.</summary>
    public const string Rule = "cap";

    /// <summary>Messages remembered; beyond, first those go that stand no longer. The largest senders have some hundred that stand at once, in a whole country.</summary>
    public const int MostKept = 500;

    /// <summary>References of one message that are kept; a message of a sender that lists its whole past has hundreds.</summary>
    private const int MostReferences = 100;

    private const byte SnapshotVersion = 1;

    /// <summary>How long a message stands that does not say it. CAP leaves that to who hears it.</summary>
    public static readonly TimeSpan UsualTime = TimeSpan.FromHours(24);

    /// <summary>In the order they came.</summary>
    private readonly List<AgencyMessage> _messages = [];
    private readonly List<AgencyMessage> _unsaid = [];
    private readonly List<(IncidentAlert Alert, bool IsExercise, string Hazard)> _toDesk = [];

    public string Sender { get; } = sender;

    public IReadOnlyList<AgencyMessage> Messages => _messages;

    /// <summary>When the next one expires; null for never.</summary>
    public long? DueInMs => _messages.Where(message => message.Stands).Min(message => (long?)message.ExpiresInMs);

    public int SizeInBytes => 500 + (_messages.Count * 1_500);

    /// <summary>Takes a message.</summary>
    /// <param name="areas">The smallest areas that it is about: <see cref="CapPlaces.Of"/>.</param>
    /// <param name="hazard">The playbook for its event; empty for none.</param>
    /// <param name="signature"><c>none</c> or <c>good</c>.</param>
    /// <returns>False for one that is known: nothing changed.</returns>
    public bool Hear(CapAlert alert, ImmutableArray<string> areas, string hazard, string signature, long nowInMs)
    {
        string id = AgencyMessage.IdOf(alert);
        if (_messages.Exists(message => message.Id == id))
        {
            return false;
        }

        Expire(nowInMs);
        CapReference[] references = [.. alert.References.Take(MostReferences)];
        List<AgencyMessage> referred = [.. references.Select(reference => Find(alert.Status, AgencyMessage.IdOf(reference))).OfType<AgencyMessage>()];
        bool stands = alert.MessageType is CapMessageType.Alert or CapMessageType.Update;
        long expires = alert.Infos.Max(info => info.Expires?.ToUnixTimeMilliseconds()) ?? alert.Sent.ToUnixTimeMilliseconds() + (long)UsualTime.TotalMilliseconds;
        AgencyMessage? before = referred.LastOrDefault(message => message.MessageType is CapMessageType.Alert or CapMessageType.Update);
        CapInfo? info = alert.Infos.IsEmpty ? null : alert.Infos[0];
        var message = new AgencyMessage
        {
            Id = id,
            Reference = new CapReference(alert.Sender, alert.Identifier, alert.Sent).ToString(),
            Status = alert.Status,
            MessageType = alert.MessageType,
            State = !stands ? AgencyState.Noted : expires <= nowInMs ? AgencyState.Expired : AgencyState.Standing,
            Story = before?.Story ?? id,
            References = [.. references.Select(reference => reference.ToString())],
            Unknown = [.. references.Where(reference => Find(alert.Status, AgencyMessage.IdOf(reference)) is null).Select(reference => reference.ToString())],
            Event = AgencyMessage.Cut(info?.Event),
            Headline = AgencyMessage.Cut(info?.Headline ?? info?.Event),
            Severity = alert.Infos.Select(each => each.Severity).DefaultIfEmpty().Max(),
            SentInMs = alert.Sent.ToUnixTimeMilliseconds(),
            OnsetInMs = (info?.Onset ?? info?.Effective ?? alert.Sent).ToUnixTimeMilliseconds(),
            ExpiresInMs = expires,
            ReceivedInMs = nowInMs,
            Areas = areas,
            Hazard = hazard,
            Signature = signature,
        };
        message = AfterWhatCameBefore(message);
        _messages.Add(message);
        if (alert.MessageType is CapMessageType.Update or CapMessageType.Cancel)
        {
            AgencyState becomes = alert.MessageType == CapMessageType.Update ? AgencyState.Superseded : AgencyState.Cancelled;
            foreach (AgencyMessage other in referred.Where(other => other.Stands))
            {
                // Of the story that goes on a city's desk hears by this message itself, where it is about that city still.
                bool goesOn = message.Stands && other.Story == message.Story && message.Hazard.Length > 0;
                Change(other, becomes, goesOn ? [.. other.Areas.Where(area => !message.Areas.Any(now => AreaPath.RootOf(now) == AreaPath.RootOf(area)))] : other.Areas);
            }
        }

        int revision = _messages.Where(other => other.Story == message.Story).Max(other => other.Revision) + 1;
        message = message with { Revision = revision };
        _messages[^1] = message;
        Say(message);
        if (message.Stands)
        {
            Tell(message);
        }

        Forget();
        return true;
    }

    /// <summary>Time has passed: what has expired is said to be over.</summary>
    public void Wake(long nowInMs) => Expire(nowInMs);

    public bool HasUnsaid => _unsaid.Count > 0 || _toDesk.Count > 0;

    public void Drain(IAgencyOutput output)
    {
        foreach (AgencyMessage message in _unsaid)
        {
            output.Message(message);
        }

        foreach ((IncidentAlert alert, bool isExercise, string hazard) in _toDesk)
        {
            output.ToDesk(alert, isExercise, hazard);
        }

        _unsaid.Clear();
        _toDesk.Clear();
    }

    public void Save(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(SnapshotVersion);
        writer.Text(Sender);
        writer.Unsigned((ulong)_messages.Count);
        foreach (AgencyMessage message in _messages)
        {
            message.Save(writer);
        }
    }

    /// <param name="fault">Why the snapshot can not be used.</param>
    public static Agency? Restore(ReadOnlySpan<byte> snapshot, out string? fault)
    {
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (version != SnapshotVersion)
        {
            fault = $"an agency's snapshot of version {version}; this node reads version {SnapshotVersion}";
            return null;
        }

        var agency = new Agency(reader.Text());
        int count = reader.Count(MostKept);
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            agency._messages.Add(AgencyMessage.Restore(ref reader));
        }

        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of agency {agency.Sender} is cut short or damaged" : null;
        return fault is null ? agency : null;
    }

    private AgencyMessage? Find(AlertStatus status, string id) => _messages.Find(message => message.Id == id && message.Status == status);

    /// <summary>Networks overtake: a message may come after the one that says it anew, or cancels it.</summary>
    private AgencyMessage AfterWhatCameBefore(AgencyMessage message)
    {
        for (int i = _messages.Count - 1; i >= 0; i--)
        {
            AgencyMessage later = _messages[i];
            if (later.Status == message.Status && later.Unknown.Contains(message.Reference))
            {
                Replace(i, later with { Unknown = later.Unknown.Remove(message.Reference) });
                if (message.Stands && later.MessageType is CapMessageType.Update or CapMessageType.Cancel)
                {
                    message = message with { State = later.MessageType == CapMessageType.Update ? AgencyState.Superseded : AgencyState.Cancelled };
                }
            }
        }

        return message;
    }

    private void Expire(long nowInMs)
    {
        foreach (AgencyMessage message in _messages.Where(message => message.Stands && message.ExpiresInMs <= nowInMs).ToList())
        {
            Change(message, AgencyState.Expired, message.Areas);
        }
    }

    /// <param name="told">The areas whose desks are to hear of it.</param>
    private void Change(AgencyMessage message, AgencyState state, ImmutableArray<string> told)
    {
        AgencyMessage changed = message with { State = state, Revision = told.IsEmpty ? message.Revision : message.Revision + 1 };
        Replace(_messages.FindIndex(other => other.Id == message.Id), changed);
        Tell(changed with { Areas = told });
    }

    private void Replace(int index, AgencyMessage message)
    {
        _messages[index] = message;
        Say(message);
    }

    private void Say(AgencyMessage message)
    {
        _unsaid.RemoveAll(other => other.Id == message.Id);
        _unsaid.Add(message);
    }

    private void Tell(AgencyMessage message)
    {
        if (message.Status is not (AlertStatus.Actual or AlertStatus.Exercise) || message.Hazard.Length == 0)
        {
            return;
        }

        AlertState state = message.State switch
        {
            AgencyState.Standing => AlertState.Active,
            AgencyState.Expired => AlertState.Expired,
            _ => AlertState.Cancelled,
        };
        foreach (string area in message.Areas)
        {
            _toDesk.Add((
                new IncidentAlert($"cap.{message.Story}", area, Rule, message.Severity, state, message.OnsetInMs, message.Revision, message.Headline),
                message.Status == AlertStatus.Exercise, message.Hazard));
        }
    }

    private void Forget()
    {
        while (_messages.Count > MostKept)
        {
            int index = _messages.FindIndex(message => !message.Stands);
            if (index < 0)
            {
                // As many stand as may: the oldest is over, and said to be.
                Change(_messages[0], AgencyState.Expired, _messages[0].Areas);
                index = 0;
            }

            _messages.RemoveAt(index);
        }
    }
}
