using System.Buffers;
using System.Text;
using System.Text.Json;
using Streams.Domain.Cap;
using Streams.Domain.Incidents;
using Streams.Node.Api;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Actors;
using Streams.Runtime.Audit;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>Another agency in memory.</summary>
public sealed class AgencyActor(string sender, Agency agency) : Actor(sender)
{
    public Agency Agency { get; } = agency;

    internal long NowInMs { get; set; }

    /// <summary>Documents heard and not yet in the store, by their messages' ids.</summary>
    internal Dictionary<string, byte[]> Documents { get; } = [];
}

/// <summary>A record of <c>city.cap</c>, judged.</summary>
public sealed class AgencyRecord
{
    internal byte[] Sender { get; set; } = [];

    internal byte[] Document { get; set; } = [];

    internal CapAlert? Alert { get; set; }

    internal string Signature { get; set; } = "none";
}

/// <summary>Other agencies as actors: their CAP documents in; what stands of them, and what the desk of the city's incidents is to hear, out.</summary>
public sealed class AgencyKind : ActorKind<AgencyActor, AgencyRecord>, IAgencyOutput
{
    private readonly CityTopics _topics;
    private readonly CapInlet _inlet;
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private CommitDraft _draft = null!;
    private AgencyActor _actor = null!;

    internal AgencyKind(CityTopics topics, CapInlet inlet)
        : base(6, "agency", topics.Cap) => (_topics, _inlet) = (topics, inlet);

    public override IReadOnlyCollection<string> Tells => [_topics.Requests];

    public override ActorKind<AgencyActor, AgencyRecord> ForShard() => new AgencyKind(_topics, _inlet);

    public override bool Admit(in Record record, AgencyRecord message, long nowInMs)
    {
        message.Document = record.Value.ToArray();
        CapJudgement judgement = _inlet.Judge(message.Document, nowInMs);
        if (judgement.Alert is not { } alert)
        {
            (string rule, string at, _) = judgement.Refusals[0];
            Refusal = new RecordRefusal("cap_" + rule.Replace('-', '_'), at, string.Join("; ", judgement.Refusals.Select(refusal => refusal.What))) { IsByItself = true };
            return false;
        }

        // A record under another key is forwarded to its sender's partition.
        message.Sender = Encoding.UTF8.GetBytes(alert.Sender);
        message.Alert = alert;
        message.Signature = judgement.Signature;
        return true;
    }

    public override ReadOnlySpan<byte> KeyOf(AgencyRecord message) => message.Sender;

    public override AgencyActor Create(string key) => new(key, new Agency(key));

    public override AgencyActor Restore(string key, ReadOnlySpan<byte> snapshot) =>
        new(key, Agency.Restore(snapshot, out string? fault) ?? throw new InvalidDataException($"Agency {key}: {fault}"));

    public override Reaction Receive(AgencyActor actor, AgencyRecord message, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        CapAlert alert = message.Alert!;
        if (!actor.Agency.Hear(alert, _inlet.AreasOf(alert), _inlet.HazardOf(alert), message.Signature, nowInMs))
        {
            return Reaction.Repeat;
        }

        actor.Documents[AgencyMessage.IdOf(alert)] = message.Document;
        return Reaction.Decided;
    }

    public override Reaction Wake(AgencyActor actor, long nowInMs)
    {
        actor.NowInMs = nowInMs;
        actor.Agency.Wake(nowInMs);
        return actor.Agency.HasUnsaid ? Reaction.Decided : Reaction.Quiet;
    }

    public override long DueOf(AgencyActor actor) => actor.Agency.DueInMs ?? long.MaxValue;

    public override int SizeOf(AgencyActor actor) => actor.Agency.SizeInBytes + actor.Documents.Values.Sum(document => document.Length);

    public override void Write(AgencyActor actor, CommitDraft draft)
    {
        _draft = draft;
        _actor = actor;
        actor.Agency.Drain(this);
        actor.Documents.Clear();
        actor.Agency.Save(draft.Snapshot);
    }

    void IAgencyOutput.Message(AgencyMessage message)
    {
        _body.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_body, Answer.Options))
        {
            message.Write(json, _actor.Agency.Sender);
        }

        string scope = message.Areas.IsEmpty ? "" : message.Areas[0];
        _draft.Put(
            new Document(AgencyEndpoints.Collection, message.Id, scope, message.Status.ToString(), message.State.ToString().ToLowerInvariant(), message.SentInMs, default, IsDone: !message.Stands),
            _body.WrittenSpan);
        _draft.Journal(_actor, _actor.NowInMs, "cap_" + message.State.ToString().ToLowerInvariant(), _body.WrittenSpan);
        if (_actor.Documents.TryGetValue(message.Id, out byte[]? document))
        {
            // What never changes is kept from now on as long as what is over.
            _draft.Put(new Document(AgencyEndpoints.Documents, message.Id, scope, message.Status.ToString(), "", message.SentInMs, default, IsDone: true), document);
            _draft.Audit(
                new AuditDraft("cap/" + message.Id, DateTimeOffset.FromUnixTimeMilliseconds(_actor.NowInMs), AuditActor.Actor(Name, _actor.Agency.Sender), "cap.receive", "cap:" + message.Id)
                    .With("reference", message.Reference).With("status", message.Status.ToString()).With("type", message.MessageType.ToString()).With("signature", message.Signature));
        }
    }

    void IAgencyOutput.ToDesk(IncidentAlert alert, bool isExercise, string hazard) =>
        ResponseRecords.Tell(_draft, _topics.Requests, ResponseRecords.DeskOf(alert.Area), new IncidentMessage.News(alert, isExercise, hazard));
}
