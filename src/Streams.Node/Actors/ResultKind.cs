using System.Text;
using Streams.Domain.Areas;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>Answers of one city system on their way to its dispatcher. Remembers nothing but what it has not passed on yet.</summary>
public sealed class ResultActor(string key) : Actor(key)
{
    internal List<CommandResult> Waiting { get; } = [];
}

/// <summary>A record of <c>city.command-results</c>, decoded.</summary>
public sealed class ResultMessage
{
    internal byte[] Key { get; set; } = [];

    internal CommandResult? Result { get; set; }
}

/// <summary>
/// Takes what city systems answer into the city: checks it, and passes it on to the dispatcher in its inbox. The answers have a topic of their own because others write to it: whatever
/// they write, it never stands between dispatchers and incidents.
/// </summary>
/// <param name="isSystem">Whether there is a dispatcher for an area and a system.</param>
public sealed class ResultKind(CityTopics topics, Func<string, string, bool> isSystem) : ActorKind<ResultActor, ResultMessage>(5, "result", topics.CommandResults)
{
    public override IReadOnlyCollection<string> Tells => [topics.Requests];

    public override ActorKind<ResultActor, ResultMessage> ForShard() => new ResultKind(topics, isSystem);

    public override bool Admit(in Record record, ResultMessage message, long nowInMs)
    {
        message.Key = record.Key.ToArray();
        int slash = record.Key.LastIndexOf((byte)'/');
        if (slash <= 0 || !AreaPath.IsValid(record.Key[..slash]) || !isSystem(Encoding.UTF8.GetString(record.Key[..slash]), Encoding.UTF8.GetString(record.Key[(slash + 1)..])))
        {
            Refusal = new RecordRefusal("unknown_system", "key", "A result's key is that of its command, area/system.");
            return false;
        }

        message.Result = CommandJson.ReadResult(record.Value, out string? fault);
        Refusal = new RecordRefusal("malformed_result", "", fault ?? "");
        return fault is null;
    }

    public override ReadOnlySpan<byte> KeyOf(ResultMessage message) => message.Key;

    public override ResultActor Create(string key) => new(key);

    public override ResultActor Restore(string key, ReadOnlySpan<byte> snapshot) => new(key);

    public override Reaction Receive(ResultActor actor, ResultMessage message, long nowInMs)
    {
        actor.Waiting.Add(message.Result!);
        return Reaction.Decided;
    }

    public override Reaction Wake(ResultActor actor, long nowInMs) => Reaction.Quiet;

    public override long DueOf(ResultActor actor) => long.MaxValue;

    public override int SizeOf(ResultActor actor) => 300;

    public override void Write(ResultActor actor, CommitDraft draft)
    {
        foreach (CommandResult result in actor.Waiting)
        {
            ResponseRecords.Tell(draft, topics.Requests, actor.Key, new IncidentMessage.Answers(result));
        }

        actor.Waiting.Clear();
    }
}
