using System.Buffers;
using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Incidents;
using Streams.Domain.Windows;
using Streams.Node.Api.Endpoints;
using Streams.Node.Feeds;
using Streams.Node.Telemetry;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>An area in memory.</summary>
public sealed class AreaActor(string id, Area area) : Actor(id)
{
    public Area Area { get; } = area;

    /// <summary>Closed windows not yet in the store's history.</summary>
    internal AreaHistory History { get; init; } = new();

    /// <summary>The figures its read-model row was last written with, so that a row is written only when they change.</summary>
    internal (int Devices, int Silent, int ActiveAlerts, int Anomalous, int Broken) Shown { get; set; } = (-1, -1, -1, -1, -1);

    internal (int Devices, int Silent, int ActiveAlerts, int Anomalous, int Broken) Figures => (Area.Devices, Area.Silent, Area.ActiveAlerts, Area.Anomalous, Area.Broken);
}

/// <summary>A record of <c>city.observations</c>, decoded: an observation, or an order.</summary>
public sealed class ObservationMessage
{
    internal byte[] Area { get; set; } = [];

    internal Observation Observation { get; } = new();

    /// <summary>What the city's desk says of an alert; null for an observation.</summary>
    internal IncidentMessage.Belongs? Belongs { get; set; }

    /// <summary>Null for an observation.</summary>
    internal AreaOrder? Order { get; set; }
}

/// <summary>Areas as actors: observations in; aggregates, alerts and what concerns parent and child areas out.</summary>
public sealed class AreaKind(AlertRules rules, CityTopics topics, NodeMeter? meter = null, CapIssuer? issuer = null)
    : ActorKind<AreaActor, ObservationMessage>(2, AreaEndpoints.Kind, topics.Observations), IAreaOutput, IHistoryOutput, IDescribesActors
{
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private readonly ObservationRecords _observations = new();
    private readonly byte[] _source = Encoding.UTF8.GetBytes(topics.Source);
    private CommitDraft _draft = null!;
    private AreaActor _actor = null!;

    public override IReadOnlyCollection<string> Tells => [topics.Observations, topics.Requests];

    public override ActorKind<AreaActor, ObservationMessage> ForShard() => new AreaKind(rules, topics, meter, issuer);

    public override bool Admit(in Record record, ObservationMessage message, long nowInMs)
    {
        if (!AreaPath.IsValid(record.Key))
        {
            Refusal = new RecordRefusal("bad_area", "key", "An observation's key is the id of an area.");
            return false;
        }

        message.Observation.Clear();
        message.Belongs = null;
        message.Order = null;
        message.Area = record.Key.ToArray();
        if (ResponseRecords.Is(record))
        {
            message.Belongs = IncidentMessage.Read(record.Value, out string? wrong) as IncidentMessage.Belongs;
            Refusal = new RecordRefusal("malformed_message", "", wrong ?? "Nothing that an area is told.");
            return message.Belongs is not null;
        }

        if (record.HasHeaders && record.TryGetHeader("ce_type"u8, out ReadOnlySpan<byte> type) && AreaOrder.IsOne(type))
        {
            return AdmitOrder(record, message);
        }

        if (!ObservationCodec.TryRead(record.Value, message.Observation, out string? fault))
        {
            Refusal = new RecordRefusal("malformed_observation", "", fault!);
            return false;
        }

        return true;
    }

    public override ReadOnlySpan<byte> KeyOf(ObservationMessage message) => message.Area;

    public override AreaActor Create(string key) => new(key, new Area(key));

    public override AreaActor Restore(string key, ReadOnlySpan<byte> snapshot)
    {
        AreaHistory history = AreaHistory.Restore(ref snapshot) ?? throw new InvalidDataException($"Area {key}: its history is damaged.");
        Area area = Area.Restore(snapshot, out string? fault) ?? throw new InvalidDataException($"Area {key}: {fault}");
        return new AreaActor(key, area) { History = history };
    }

    public override Reaction Receive(AreaActor actor, ObservationMessage message, long nowInMs)
    {
        if (message.Order is not { } order)
        {
            return ReactionOf(message.Belongs is { } belongs ? actor.Area.Belongs(belongs.Alert, belongs.Incident) : actor.Area.Apply(message.Observation, rules, nowInMs));
        }

        Reaction reaction = ReactionOf(actor.Area.Obey(order, rules, nowInMs, out Refusal? refusal));
        if (refusal is not null)
        {
            // Whoever gave it waits to be told.
            Refusal = new RecordRefusal(refusal.Reason, refusal.Field, refusal.Message) { IsByItself = true, IsDecision = true };
        }

        return reaction;
    }

    public override Reaction Wake(AreaActor actor, long nowInMs) => ReactionOf(actor.Area.Wake(rules, nowInMs));

    public override long DueOf(AreaActor actor) => actor.Area.DueInMs ?? long.MaxValue;

    public override int SizeOf(AreaActor actor) => actor.Area.SizeInBytes;

    public override void Write(AreaActor actor, CommitDraft draft)
    {
        _draft = draft;
        _actor = actor;
        actor.Area.Drain(this);
        if (actor.Shown != actor.Figures)
        {
            actor.Shown = actor.Figures;
            _body.ResetWrittenCount();
            actor.Area.WriteJson(_body, rules, whole: false);
            draft.Put(new Document(AreaEndpoints.Collection, actor.Area.Id, actor.Area.Id, "", "", 0, default), _body.WrittenSpan);
        }

        actor.History.Save(draft.Snapshot);
        actor.Area.Save(draft.Snapshot);
    }

    public override void Unpack(ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed, IOutgoing into) =>
        AggregateRecords.Unpack("area"u8, key, packed, _source, into);

    byte[]? IDescribesActors.Describe(Actor actor)
    {
        ArrayBufferWriter<byte> body = new(1024);
        ((AreaActor)actor).Area.WriteJson(body, rules, whole: true);
        return body.WrittenSpan.ToArray();
    }

    IReadOnlyList<HistoryRow> IDescribesActors.RecentHistory(Actor actor)
    {
        ShownHistory shown = new();
        ((AreaActor)actor).History.Show(shown);
        return shown.Rows;
    }

    void IHistoryOutput.History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => _draft.History(_actor, (byte)part, fromInMs, body);

    void IAreaOutput.Aggregate(AreaAggregate aggregate)
    {
        _actor.History.Add(aggregate, this);
        _draft.BeginRecord(Lane.Bulk, topics.Aggregates, _actor.KeySpan, packed: true);
        PackedAggregate.Write(
            _draft.BeginValue(), aggregate.Type, aggregate.Metric, aggregate.Unit, aggregate.Size, aggregate.StartInMs, aggregate.Revision,
            aggregate.Members, in aggregate.Moments, in aggregate.Sketch);
        _draft.EndRecord();
    }

    void IAreaOutput.ToArea(string area, Observation observation)
    {
        _observations.Tell(_draft, topics.Observations, area, observation);
    }

    void IAreaOutput.Alert(Alert alert)
    {
        if (alert.Status is AlertStatus.Actual or AlertStatus.Exercise)
        {
            ResponseRecords.Tell(
                _draft, topics.Requests, ResponseRecords.DeskOf(alert.Area), new IncidentMessage.News(IncidentAlertOf(alert), alert.Status == AlertStatus.Exercise, alert.Playbook));
        }

        if (rules.Find(alert.Rule)?.IsEveryday == true)
        {
            return;
        }

        _body.ResetWrittenCount();
        AlertJson.Write(_body, alert);
        meter?.Said(alert);
        _draft.BeginRecord(Lane.Urgent, topics.Alerts, Encoding.UTF8.GetBytes(alert.Id));
        _draft.CloudEvent(alert.Identifier, topics.Source, "streams.alert", alert.Id, alert.SentInMs);
        _draft.BeginValue().Write(_body.WrittenSpan);
        _draft.EndRecord();
        _draft.Audit(AlertAudit.Of(alert));
        _draft.Journal(_actor, alert.SentInMs, "alert_" + alert.State.ToString().ToLowerInvariant(), _body.WrittenSpan);
        _draft.Put(
            new Document(
                AlertEndpoints.Collection, alert.Id, alert.Area, alert.Rule, alert.State.ToString().ToLowerInvariant(), alert.OnsetInMs, default,
                IsDone: alert.State is AlertState.Cleared or AlertState.Expired or AlertState.Cancelled),
            _body.WrittenSpan);
        if (issuer?.Issue(alert) is { } cap)
        {
            // A message is never changed: another state is another message.
            _draft.Put(new Document(CapIssuer.Collection, alert.Identifier, alert.Area, alert.Status.ToString(), alert.Scope.ToString(), alert.SentInMs, default, IsDone: true), cap);
        }
    }

    void IAreaOutput.Answer(OrderAnswer answer)
    {
        OrderResult.Of(answer, _actor.Area.Id).Put(_draft);
        if (answer.Refusal is not null)
        {
            _draft.Audit(AlertAudit.Of(answer, _actor.Area.Id));
        }
    }

    private bool AdmitOrder(in Record record, ObservationMessage message)
    {
        CloudEventAttributes attributes = default;
        EventHeaders.Take(record, ref attributes);
        Refusal? refusal = null;
        if (!attributes.Subject.IsEmpty && !attributes.Subject.SequenceEqual(record.Key))
        {
            Refusal = new RecordRefusal("bad_area", "ce_subject", "An order's subject is the area that is its key.");
            return false;
        }

        if (!AreaOrder.TryRead(record.Value, attributes, out AreaOrder? order, out refusal))
        {
            Refusal = new RecordRefusal(refusal.Reason, refusal.Field, refusal.Message) { IsByItself = true };
            return false;
        }

        message.Order = order;
        return true;
    }

    private IncidentAlert IncidentAlertOf(Alert alert) => new(
        alert.Id, alert.Area, alert.Rule, alert.Severity, alert.State, alert.OnsetInMs, alert.Revision, alert.Texts.IsEmpty ? "" : alert.Texts[0].Headline,
        alert.Evidence.FirstOrDefault(evidence => evidence.DeviceId is not null)?.DeviceId is { } device ? rules.Register.Find(device)?.Location : null);

    private static Reaction ReactionOf(AreaOutcome outcome) => outcome switch
    {
        AreaOutcome.Decided => Reaction.Decided,
        AreaOutcome.Speaks => Reaction.Speaks,
        AreaOutcome.Repeat => Reaction.Repeat,
        AreaOutcome.Refused => Reaction.Refused,
        _ => Reaction.Quiet,
    };
}
