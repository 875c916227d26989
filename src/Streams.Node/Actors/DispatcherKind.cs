using Streams.Domain.Incidents;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>Who stands behind a key of <c>city.requests</c>: the desk of a city's incidents, or the dispatcher of one of its systems.</summary>
public abstract class RequestActor(string key) : Actor(key)
{
    internal long NowInMs { get; set; }
}

/// <summary>The desk of a city in memory, and what it has to tell.</summary>
public sealed class DeskActor(string key, IncidentDesk desk) : RequestActor(key)
{
    internal IncidentDesk Desk { get; } = desk;

    /// <summary>To incidents.</summary>
    internal List<(string Incident, IncidentMessage Message)> Unsaid { get; } = [];

    /// <summary>To areas.</summary>
    internal List<(string Area, IncidentMessage.Belongs Message)> Joined { get; } = [];

    internal List<OrderResult> Orders { get; } = [];
}

/// <summary>Desks and dispatchers as actors.</summary>
public sealed class DispatcherKind(CityTopics topics, CityResponse response) : ActorKind<RequestActor, ResponseMessage>(4, "dispatcher", topics.Requests)
{
    public override IReadOnlyCollection<string> Tells => [topics.Incidents, topics.Observations];

    public override ActorKind<RequestActor, ResponseMessage> ForShard() => new DispatcherKind(topics, response);

    public override bool Admit(in Record record, ResponseMessage message, long nowInMs)
    {
        RecordRefusal? refusal = ResponseRecords.Read(record, message)
            ?? (message.Content is null || !message.Key.AsSpan().Contains((byte)'/') ? new RecordRefusal("unknown_message", "", "Only actors write here; use the HTTP API.") : null);
        Refusal = refusal ?? default;
        return refusal is null;
    }

    public override ReadOnlySpan<byte> KeyOf(ResponseMessage message) => message.Key;

    public override RequestActor Create(string key) => IsDesk(key) ? new DeskActor(key, new IncidentDesk(ResponseRecords.RootOf(key))) : throw new NotSupportedException(key);

    public override RequestActor Restore(string key, ReadOnlySpan<byte> snapshot)
    {
        if (snapshot.IsEmpty)
        {
            return Create(key);
        }

        return new DeskActor(key, IncidentDesk.Restore(snapshot, out string? fault) ?? throw new InvalidDataException($"{key}: {fault}"));
    }

    public override Reaction Receive(RequestActor actor, ResponseMessage message, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        return ((DeskActor)actor) is { } desk ? Receive(desk, message.Content!) : Reaction.Refused;
    }

    public override Reaction Wake(RequestActor actor, long nowInMs) => Reaction.Quiet;

    public override long DueOf(RequestActor actor) => long.MaxValue;

    public override int SizeOf(RequestActor actor) => ((DeskActor)actor).Desk.SizeInBytes;

    public override void Write(RequestActor actor, CommitDraft draft)
    {
        DeskActor desk = (DeskActor)actor;
        foreach ((string incident, IncidentMessage said) in desk.Unsaid)
        {
            ResponseRecords.Tell(draft, topics.Incidents, incident, said);
        }

        desk.Unsaid.Clear();
        foreach ((string area, IncidentMessage.Belongs said) in desk.Joined)
        {
            ResponseRecords.Tell(draft, topics.Observations, area, said);
        }

        desk.Joined.Clear();
        foreach (OrderResult order in desk.Orders)
        {
            order.Put(draft, actor.NowInMs);
        }

        desk.Orders.Clear();
        desk.Desk.Save(draft.Snapshot);
    }

    private static bool IsDesk(string key) => key.EndsWith("/" + ResponseRecords.Desk, StringComparison.Ordinal);

    private Reaction Receive(DeskActor actor, IncidentMessage message)
    {
        IncidentDesk desk = actor.Desk;
        switch (message)
        {
            case IncidentMessage.News news:
                Playbook? playbook = news.Playbook is { } name ? response.PlaybookNamed(name) : response.PlaybookFor(news.Alert.Rule);
                if (desk.Take(news.Alert, news.IsExercise, playbook, response.Distance) is not { Incident: { } incident } verdict
                    || response.PlaybookNamed(verdict.Hazard) is not { } its)
                {
                    return Reaction.Repeat;
                }

                actor.Unsaid.Add((incident, new IncidentMessage.Joins(desk.Root, its, news.IsExercise, news.Alert)));
                if (verdict.HasJoined)
                {
                    actor.Joined.Add((news.Alert.Area, new IncidentMessage.Belongs(news.Alert.Id, incident)));
                }

                return Reaction.Decided;
            case IncidentMessage.Over over:
                desk.Over(over.Incident);
                return Reaction.Speaks;
            case IncidentMessage.Merge merge:
                return Order(actor, merge.OrderId, merge.Into, Merge(actor, merge));
            case IncidentMessage.Split split:
                string? into = desk.Split(split.Incident, split.Alerts);
                return Order(actor, split.OrderId, into ?? "", Split(actor, split, into));
            default:
                Refusal = new RecordRefusal("unknown_message", "", $"{message.GetType().Name} is nothing that a desk is told.");
                return Reaction.Refused;
        }
    }

    private static Reaction Order(DeskActor actor, string order, string incident, string? fault)
    {
        actor.Orders.Add(new OrderResult(order, fault is not null, incident, fault ?? ""));
        return Reaction.Decided;
    }

    private string? Merge(DeskActor actor, IncidentMessage.Merge merge)
    {
        OpenIncident? other = actor.Desk.Open.FirstOrDefault(open => open.Id == merge.Into);
        if (actor.Desk.Merge(merge.From, merge.Into) is not { } alerts)
        {
            return other is null ? $"{merge.Into} is not open" : $"{merge.From} is not open, is {merge.Into} itself, or one of the two is an exercise";
        }

        actor.Unsaid.Add((merge.From, new IncidentMessage.MergedInto(merge.Into, merge.By.Who, merge.By.Text)));
        actor.Unsaid.Add((merge.Into, new IncidentMessage.Leads(merge.From, merge.By.Who, merge.By.Text)));
        Move(actor, merge.Into, alerts);
        return null;
    }

    private string? Split(DeskActor actor, IncidentMessage.Split split, string? into)
    {
        if (into is null)
        {
            return $"{split.Incident} is not open, has not all of these alerts, or would have none left";
        }

        actor.Unsaid.Add((split.Incident, new IncidentMessage.Leaves(split.Alerts, into, split.By.Who, split.By.Text)));
        Move(actor, into, [.. actor.Desk.Open.First(open => open.Id == into).Alerts.Values]);
        return null;
    }

    private void Move(DeskActor actor, string into, IReadOnlyCollection<IncidentAlert> alerts)
    {
        OpenIncident open = actor.Desk.Open.First(each => each.Id == into);
        if (response.PlaybookNamed(open.Hazard) is not { } playbook)
        {
            return;
        }

        foreach (IncidentAlert alert in alerts)
        {
            actor.Unsaid.Add((into, new IncidentMessage.Joins(actor.Desk.Root, playbook, open.IsExercise, alert)));
            actor.Joined.Add((alert.Area, new IncidentMessage.Belongs(alert.Id, into)));
        }
    }
}
