using System.Buffers;
using System.Text;
using System.Text.Json;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>An incident in memory.</summary>
public sealed class IncidentActor(string id, Incident? incident) : Actor(id)
{
    /// <summary>Null until its first alert.</summary>
    public Incident? Incident { get; internal set; } = incident;

    /// <summary>Entries of its timeline when its state was last told.</summary>
    internal int Told { get; set; } = incident?.Entries ?? 0;

    internal List<OrderResult> Orders { get; } = [];

    /// <summary>Alerts that have joined and are to be found by.</summary>
    internal List<IncidentAlert> Joined { get; } = [];

    internal long NowInMs { get; set; }

    /// <summary>It was to leave and could not yet.</summary>
    internal long StaysUntilInMs { get; set; }
}

/// <summary>Incidents as actors: alerts, what people say and what dispatchers tell in; requests to dispatchers, and their own state, out.</summary>
/// <param name="dispatcherOf">The key of the dispatcher of a system that serves an area.</param>
/// <param name="keptFor">How long an incident stays after it is closed and nobody has said anything about it any more.</param>
public sealed class IncidentKind(CityTopics topics, Func<string, string, string> dispatcherOf, Func<Playbook, TimeSpan> keptFor)
    : ActorKind<IncidentActor, ResponseMessage>(3, IncidentEndpoints.Kind, topics.Incidents), IIncidentOutput, IDescribesActors
{
    private static readonly TimeSpan s_untilItAsksAgain = TimeSpan.FromMinutes(1);

    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private CommitDraft _draft = null!;
    private IncidentActor _actor = null!;

    public override IReadOnlyCollection<string> Tells => [topics.Requests, topics.Incidents];

    public override ActorKind<IncidentActor, ResponseMessage> ForShard() => new IncidentKind(topics, dispatcherOf, keptFor);

    public override bool Admit(in Record record, ResponseMessage message, long nowInMs)
    {
        if (ResponseRecords.Read(record, message) is not { } refusal)
        {
            return true;
        }

        Refusal = refusal;
        return false;
    }

    public override ReadOnlySpan<byte> KeyOf(ResponseMessage message) => message.Key;

    public override IncidentActor Create(string key) => new(key, null);

    public override IncidentActor Restore(string key, ReadOnlySpan<byte> snapshot) =>
        snapshot.IsEmpty ? new IncidentActor(key, null) : new IncidentActor(key, Incident.Restore(snapshot, out string? fault) ?? throw new InvalidDataException($"Incident {key}: {fault}"));

    public override Reaction Receive(IncidentActor actor, ResponseMessage message, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        if (message.Content is IncidentMessage.Joins joins)
        {
            actor.Incident ??= new Incident(actor.Key, joins.Root, joins.Playbook, joins.IsExercise, nowInMs);
            if (actor.Incident.Alerts.All(alert => alert.Id != joins.Alert.Id))
            {
                actor.Joined.Add(joins.Alert);
            }

            return ReactionOf(actor.Incident, actor.Incident.Join(joins.Alert, nowInMs));
        }

        if (message.Content is null)
        {
            // What an incident tells of itself, on its way back: it may have left meanwhile.
            return Reaction.Repeat;
        }

        if (actor.Incident is not { } incident)
        {
            if (message.Content is IncidentMessage.Says late)
            {
                actor.Orders.Add(OrderResult.Of(late.OrderId, actor.Key, "it was closed so long ago that nothing more can be said about it", nowInMs));
                return Reaction.Decided;
            }

            Refusal = new RecordRefusal("unknown_incident", "key", $"There is no incident '{actor.Key}'.");
            return Reaction.Refused;
        }

        switch (message.Content)
        {
            case IncidentMessage.Progresses progresses:
                return ReactionOf(incident, incident.Hear(progresses.Progress, nowInMs));
            case IncidentMessage.Says says:
                bool isRefused = incident.Say(says.Said with { TimeInMs = nowInMs }) == IncidentOutcome.Refused;
                actor.Orders.Add(OrderResult.Of(says.OrderId, actor.Key, isRefused ? incident.Refusal : null, nowInMs));
                return Reaction.Decided;
            case IncidentMessage.MergedInto merged:
                return ReactionOf(incident, incident.MergeInto(merged.Other, merged.Who, merged.Why, nowInMs));
            case IncidentMessage.Leads leads:
                return ReactionOf(incident, incident.Lead(leads.Follower, leads.Who, leads.Why, nowInMs));
            case IncidentMessage.Released:
                return ReactionOf(incident, incident.Release(nowInMs));
            case IncidentMessage.Leaves leaves:
                return ReactionOf(incident, incident.Leave(leaves.Alerts, leaves.Into, leaves.Who, leaves.Why, nowInMs));
            default:
                Refusal = new RecordRefusal("unknown_message", "", $"{message.Content.GetType().Name} is nothing that an incident is told.");
                return Reaction.Refused;
        }
    }

    public override Reaction Wake(IncidentActor actor, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        if (actor.Incident is not { } incident)
        {
            return Reaction.Quiet;
        }

        if (nowInMs >= KeptUntil(incident))
        {
            actor.StaysUntilInMs = nowInMs + (long)s_untilItAsksAgain.TotalMilliseconds;
            return Reaction.Quiet;
        }

        return ReactionOf(incident, incident.Wake(nowInMs));
    }

    public override long DueOf(IncidentActor actor) =>
        actor.Incident is { } incident ? Math.Min(incident.DueInMs, Math.Max(KeptUntil(incident), actor.StaysUntilInMs)) : long.MaxValue;

    public override int SizeOf(IncidentActor actor) => 500 + (actor.Incident is { } incident ? 2000 + (incident.Alerts.Count * 500) + (incident.Timeline.Count * 250) : 0);

    public override void Write(IncidentActor actor, CommitDraft draft)
    {
        _draft = draft;
        _actor = actor;
        foreach (OrderResult order in actor.Orders)
        {
            order.Put(draft);
        }

        actor.Orders.Clear();
        if (actor.Incident is not { } incident)
        {
            draft.Leave();
            return;
        }

        foreach (IncidentAlert alert in actor.Joined.Where(joined => incident.Alerts.Any(alert => alert.Id == joined.Id)))
        {
            AlertIncident.Put(draft, alert, incident.Id, actor.NowInMs);
        }

        actor.Joined.Clear();
        incident.Drain(this);
        if (actor.Told != incident.Entries)
        {
            actor.Told = incident.Entries;
            Show(incident);
        }

        if (actor.NowInMs >= KeptUntil(incident) && draft.Leave())
        {
            actor.Incident = null;
            actor.Told = 0;
            return;
        }

        incident.Save(draft.Snapshot);
    }

    byte[]? IDescribesActors.Describe(Actor actor)
    {
        if (((IncidentActor)actor).Incident is not { } incident)
        {
            return null;
        }

        ArrayBufferWriter<byte> body = new(4096);
        IncidentJson.Write(body, incident);
        return body.WrittenSpan.ToArray();
    }

    IReadOnlyList<HistoryRow> IDescribesActors.RecentHistory(Actor actor) => [];

    void IIncidentOutput.Ask(CommandRequest command) =>
        ResponseRecords.Tell(_draft, topics.Requests, dispatcherOf(command.Area, command.System), new IncidentMessage.Asks(command));

    void IIncidentOutput.Withdraw(string commandId, string system, string area) =>
        ResponseRecords.Tell(_draft, topics.Requests, dispatcherOf(area, system), new IncidentMessage.Withdraws(commandId));

    void IIncidentOutput.Entry(TimelineEntry entry)
    {
        _body.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_body))
        {
            IncidentJson.Write(json, entry);
        }

        _draft.Journal(_actor, entry.TimeInMs, entry.What, _body.WrittenSpan);
        if (ResponseAudit.Of(_actor.Incident!, entry) is { } deed)
        {
            _draft.Audit(deed);
        }
    }

    void IIncidentOutput.Over() => ToDesk(new IncidentMessage.Over(_actor.Key));

    void IIncidentOutput.Return(IncidentAlert alert)
    {
        ToDesk(new IncidentMessage.Over(_actor.Key));
        ToDesk(new IncidentMessage.News(alert, _actor.Incident!.IsExercise, _actor.Incident.Playbook.Name));
    }

    void IIncidentOutput.LetGo(string system, string area) =>
        ResponseRecords.Tell(_draft, topics.Requests, dispatcherOf(area, system), new IncidentMessage.LetsGo(_actor.Key));

    void IIncidentOutput.Release(string incident) => ResponseRecords.Tell(_draft, topics.Incidents, incident, new IncidentMessage.Released());

    private long KeptUntil(Incident incident) =>
        incident.State == IncidentState.Closed ? incident.Timeline[^1].TimeInMs + (long)keptFor(incident.Playbook).TotalMilliseconds : long.MaxValue;

    private void ToDesk(IncidentMessage message) => ResponseRecords.Tell(_draft, topics.Requests, ResponseRecords.DeskOf(_actor.Incident!.Root), message);

    private void Show(Incident incident)
    {
        _body.ResetWrittenCount();
        IncidentJson.Write(_body, incident);
        _draft.BeginRecord(Lane.Urgent, topics.Incidents, _actor.KeySpan);
        _draft.CloudEvent($"{incident.Id}.{incident.Entries}", topics.Source, ResponseRecords.StateType, incident.Id, _actor.NowInMs);
        _draft.BeginValue().Write(_body.WrittenSpan);
        _draft.EndRecord();
        _body.ResetWrittenCount();
        IncidentJson.Write(_body, incident, whole: false);
        _draft.Put(
            new Document(
                IncidentEndpoints.CollectionOf(incident.Playbook.IsEveryday), incident.Id, incident.WorstArea, incident.Playbook.Name, incident.State.ToString().ToLowerInvariant(), incident.OpenedInMs, default,
                IsDone: incident.State == IncidentState.Closed),
            _body.WrittenSpan);
    }

    private Reaction ReactionOf(Incident incident, IncidentOutcome outcome)
    {
        if (outcome == IncidentOutcome.Refused)
        {
            Refusal = new RecordRefusal("refused_by_incident", "", incident.Refusal);
            return Reaction.Refused;
        }

        return incident.HasUnsaid ? Reaction.Decided : outcome == IncidentOutcome.Changed ? Reaction.Speaks : Reaction.Repeat;
    }
}
