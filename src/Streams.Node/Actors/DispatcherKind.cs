using System.Buffers;
using Streams.Domain.Areas;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Api.Endpoints;
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

    /// <summary>Alerts that no incident could be opened for, to be told.</summary>
    internal List<IncidentAlert> Turned { get; } = [];
}

/// <summary>A dispatcher in memory.</summary>
/// <param name="dispatcher">Null where the configuration knows no such dispatcher.</param>
public sealed class DispatcherActor(string key, Dispatcher? dispatcher) : RequestActor(key)
{
    internal Dispatcher? Dispatcher { get; } = dispatcher;

    /// <summary>The figures its read-model row was last written with.</summary>
    internal (int Open, int Waiting, int Held) Shown { get; set; } = (-1, -1, -1);

    /// <summary>What was stored of a dispatcher that is not configured any more: kept, should it come back.</summary>
    internal byte[] Kept { get; init; } = [];

    /// <summary>To incidents, where there is no dispatcher.</summary>
    internal List<(string Incident, CommandProgress Progress)> Rejections { get; } = [];
}

/// <summary>Desks and dispatchers as actors.</summary>
public sealed class DispatcherKind(CityTopics topics, CityResponse response)
    : ActorKind<RequestActor, ResponseMessage>(4, DispatcherEndpoints.Kind, topics.Requests), IDispatcherOutput, IDescribesActors
{
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private CommitDraft _draft = null!;
    private DispatcherActor _actor = null!;

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

    /// <summary>With a thousand incidents open a desk and a dispatcher are a megabyte each, of which a commit changes a few hundred bytes.</summary>
    public override bool HasSections => true;

    public override RequestActor Create(string key) => IsDesk(key) ? new DeskActor(key, new IncidentDesk(AreaPath.RootOf(key)))
        : new DispatcherActor(key, response.MapOf(key) is { } map ? new Dispatcher(map) : null);

    public override RequestActor Restore(string key, ReadOnlySpan<byte> snapshot)
    {
        if (snapshot.IsEmpty)
        {
            return Create(key);
        }

        if (IsDesk(key))
        {
            return new DeskActor(key, IncidentDesk.Restore(snapshot, out string? wrong) ?? throw new InvalidDataException($"{key}: {wrong}"));
        }

        return response.MapOf(key) is { } map
            ? new DispatcherActor(key, Dispatcher.Restore(snapshot, map, out string? fault) ?? throw new InvalidDataException($"{key}: {fault}"))
            : new DispatcherActor(key, null) { Kept = snapshot.ToArray() };
    }

    public override Reaction Receive(RequestActor actor, ResponseMessage message, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        return actor is DeskActor desk ? Receive(desk, message.Content!) : Receive((DispatcherActor)actor, message.Content!, nowInMs);
    }

    public override Reaction Wake(RequestActor actor, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        return actor is DispatcherActor { Dispatcher: { } dispatcher } ? ReactionOf(dispatcher, dispatcher.Wake(nowInMs)) : Reaction.Quiet;
    }

    public override long DueOf(RequestActor actor) => actor is DispatcherActor { Dispatcher: { } dispatcher } ? dispatcher.DueInMs : long.MaxValue;

    public override int SizeOf(RequestActor actor) => actor switch
    {
        DeskActor desk => desk.Desk.SizeInBytes,
        DispatcherActor { Dispatcher: { } dispatcher } => dispatcher.SizeInBytes,
        _ => 300,
    };

    public override void Write(RequestActor actor, CommitDraft draft)
    {
        _draft = draft;
        if (actor is DeskActor desk)
        {
            Write(desk, draft);
        }
        else
        {
            Write((DispatcherActor)actor, draft);
        }
    }

    byte[]? IDescribesActors.Describe(Actor actor)
    {
        if (actor is not DispatcherActor { Dispatcher: { } dispatcher })
        {
            return null;
        }

        ArrayBufferWriter<byte> body = new(4096);
        dispatcher.WriteJson(body);
        return body.WrittenSpan.ToArray();
    }

    IReadOnlyList<HistoryRow> IDescribesActors.RecentHistory(Actor actor) => [];

    void IDispatcherOutput.Send(Command command)
    {
        _body.ResetWrittenCount();
        CommandJson.Write(_body, command, response.MapOf(command.Key)?.Kind.Actions.GetValueOrDefault(command.Action));
        _draft.BeginRecord(Lane.Urgent, topics.Commands, _actor.KeySpan);
        _draft.CloudEvent($"{command.CommandId}/{command.Attempt}", topics.Source, "streams.command", _actor.Key, _actor.NowInMs);
        _draft.BeginValue().Write(_body.WrittenSpan);
        _draft.EndRecord();
        _draft.Journal(_actor, _actor.NowInMs, "command", _body.WrittenSpan);
        if (command.Attempt == 1)
        {
            _draft.Audit(ResponseAudit.Of(command, _actor.NowInMs));
        }
    }

    void IDispatcherOutput.Tell(string incidentId, CommandProgress progress) =>
        ResponseRecords.Tell(_draft, topics.Incidents, incidentId, new IncidentMessage.Progresses(progress));

    void IDispatcherOutput.Entry(DispatchEntry entry)
    {
        _body.ResetWrittenCount();
        using (System.Text.Json.Utf8JsonWriter json = new(_body))
        {
            json.WriteStartObject();
            json.WriteString("incidentId"u8, entry.IncidentId);
            json.WriteString("commandId"u8, entry.CommandId);
            json.WriteString("detail"u8, entry.Detail);
            json.WriteEndObject();
        }

        _draft.Journal(_actor, entry.TimeInMs, entry.What, _body.WrittenSpan);
    }

    private static bool IsDesk(string key) => key.EndsWith("/" + ResponseRecords.Desk, StringComparison.Ordinal);

    private static Reaction ReactionOf(Dispatcher dispatcher, DispatchOutcome outcome) =>
        dispatcher.HasUnsaid ? Reaction.Decided : outcome == DispatchOutcome.Unchanged ? Reaction.Repeat : Reaction.Speaks;

    private void Write(DeskActor desk, CommitDraft draft)
    {
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
            order.Put(draft);
        }

        desk.Orders.Clear();
        desk.Turned.ForEach(alert => draft.Audit(ResponseAudit.OfTurned(desk.Key, alert, desk.NowInMs)));
        desk.Turned.Clear();
        desk.Desk.Save(draft.Snapshot, draft.Section);
    }

    private void Write(DispatcherActor actor, CommitDraft draft)
    {
        _actor = actor;
        foreach ((string incident, CommandProgress progress) in actor.Rejections)
        {
            ResponseRecords.Tell(draft, topics.Incidents, incident, new IncidentMessage.Progresses(progress));
        }

        actor.Rejections.Clear();
        if (actor.Dispatcher is not { } dispatcher)
        {
            draft.Snapshot.Write(actor.Kept);
            return;
        }

        dispatcher.Drain(this);
        (int Open, int Waiting, int Held) figures = (dispatcher.OpenRequests, dispatcher.WaitingRequests, dispatcher.AssetsHeld);
        if (actor.Shown != figures)
        {
            actor.Shown = figures;
            _body.ResetWrittenCount();
            DispatcherEndpoints.WriteRow(_body, dispatcher.Area, response.MapOf(dispatcher.Key)!, figures);
            draft.Put(new Document(DispatcherEndpoints.Collection, dispatcher.Key, dispatcher.Area, dispatcher.System, "", 0, default), _body.WrittenSpan);
        }

        dispatcher.Save(draft.Snapshot, draft.Section);
    }

    private Reaction Receive(DispatcherActor actor, IncidentMessage message, long nowInMs)
    {
        if (actor.Dispatcher is not { } dispatcher)
        {
            if (message is IncidentMessage.Asks asked)
            {
                // The incident goes on to what it does in its place.
                actor.Rejections.Add((asked.Request.IncidentId, new CommandProgress(asked.Request.CommandId, CommandStatus.Rejected, nowInMs, $"there is no system {asked.Request.System} in {asked.Request.Area}", [])));
                return Reaction.Decided;
            }

            Refusal = new RecordRefusal("unknown_dispatcher", "key", $"The configuration knows no dispatcher {actor.Key}.");
            return Reaction.Refused;
        }

        switch (message)
        {
            case IncidentMessage.Asks asks:
                return ReactionOf(dispatcher, dispatcher.Ask(asks.Request, nowInMs));
            case IncidentMessage.Withdraws withdraws:
                return ReactionOf(dispatcher, dispatcher.Withdraw(withdraws.CommandId, nowInMs));
            case IncidentMessage.LetsGo letsGo:
                return ReactionOf(dispatcher, dispatcher.Release(letsGo.Incident, nowInMs));
            case IncidentMessage.Answers answers:
                return ReactionOf(dispatcher, dispatcher.Hear(answers.Result, nowInMs));
            default:
                Refusal = new RecordRefusal("unknown_message", "", $"{message.GetType().Name} is nothing that a dispatcher is told.");
                return Reaction.Refused;
        }
    }

    private Reaction Receive(DeskActor actor, IncidentMessage message)
    {
        IncidentDesk desk = actor.Desk;
        switch (message)
        {
            case IncidentMessage.News news:
                Playbook? playbook = news.Playbook is { } name ? response.PlaybookNamed(name) : response.PlaybookFor(news.Alert.Rule);
                DeskVerdict verdict = desk.Take(news.Alert, news.IsExercise, playbook, response.Distance);
                if (verdict.IsTurned)
                {
                    actor.Turned.Add(news.Alert);
                    return Reaction.Decided;
                }

                if (verdict.Incident is not { } incident
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
        actor.Orders.Add(OrderResult.Of(order, incident, fault, actor.NowInMs));
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
