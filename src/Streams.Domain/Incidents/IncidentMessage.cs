using System.Buffers;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

/// <summary>What actors of the response say to one another on <c>city.incidents</c>, <c>city.requests</c> and <c>city.observations</c>. Closed: the nested records are all there are.</summary>
public abstract record IncidentMessage
{
    /// <summary>Content type of its records.</summary>
    public const string ContentType = "application/x-streams-incident";

    private const byte Version = 1;
    private const int MostNames = 1000;

    private IncidentMessage()
    {
    }

    /// <summary>To the desk: a state of an alert. Also one that an incident gives back because it is over.</summary>
    /// <param name="Playbook">Whose incidents it belongs to, where that does not follow from its rule; else null.</param>
    public sealed record News(IncidentAlert Alert, bool IsExercise, string? Playbook) : IncidentMessage;

    /// <summary>To the desk: an incident takes no more alerts.</summary>
    public sealed record Over(string Incident) : IncidentMessage;

    /// <summary>To the desk: somebody wants two incidents to be one.</summary>
    public sealed record Merge(string OrderId, string From, string Into, PersonSays By) : IncidentMessage;

    /// <summary>To the desk: somebody wants alerts of an incident to be one of their own.</summary>
    public sealed record Split(string OrderId, string Incident, ImmutableArray<string> Alerts, PersonSays By) : IncidentMessage;

    /// <summary>To an incident: an alert is its own. One that nobody has heard of begins with it, by this playbook.</summary>
    public sealed record Joins(string Root, Playbook Playbook, bool IsExercise, IncidentAlert Alert) : IncidentMessage;

    /// <summary>To an incident: what somebody says of it.</summary>
    public sealed record Says(string OrderId, PersonSays Said) : IncidentMessage;

    /// <summary>To an incident: another goes on in its place.</summary>
    public sealed record MergedInto(string Other, string Who, string Why) : IncidentMessage;

    /// <summary>To an incident: another was merged into it.</summary>
    public sealed record Leads(string Follower, string Who, string Why) : IncidentMessage;

    /// <summary>To an incident: the one that goes on in its place is over.</summary>
    public sealed record Released : IncidentMessage;

    /// <summary>To an incident: these alerts are another's.</summary>
    public sealed record Leaves(ImmutableArray<string> Alerts, string Into, string Who, string Why) : IncidentMessage;

    /// <summary>To an incident: how far a command has come.</summary>
    public sealed record Progresses(CommandProgress Progress) : IncidentMessage;

    /// <summary>To an area: one of its alerts is an incident's.</summary>
    public sealed record Belongs(string Alert, string Incident) : IncidentMessage;

    /// <summary>To a dispatcher: what an incident wants done.</summary>
    public sealed record Asks(CommandRequest Request) : IncidentMessage;

    /// <summary>To a dispatcher: a command is not wanted any more.</summary>
    public sealed record Withdraws(string CommandId) : IncidentMessage;

    /// <summary>To a dispatcher: an incident is closed.</summary>
    public sealed record LetsGo(string Incident) : IncidentMessage;

    /// <summary>To a dispatcher: what a system answered.</summary>
    public sealed record Answers(CommandResult Result) : IncidentMessage;

    public void Write(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(Version);
        switch (this)
        {
            case News news:
                writer.Byte(1);
                news.Alert.Save(writer);
                writer.Flag(news.IsExercise);
                PlaybookCodec.Write(writer, news.Playbook);
                break;
            case Over over:
                writer.Byte(2);
                writer.Text(over.Incident);
                break;
            case Merge merge:
                writer.Byte(3);
                writer.Text(merge.OrderId);
                writer.Text(merge.From);
                writer.Text(merge.Into);
                Write(writer, merge.By);
                break;
            case Split split:
                writer.Byte(4);
                writer.Text(split.OrderId);
                writer.Text(split.Incident);
                PlaybookCodec.Write(writer, split.Alerts);
                Write(writer, split.By);
                break;
            case Joins joins:
                writer.Byte(5);
                writer.Text(joins.Root);
                PlaybookCodec.Write(writer, joins.Playbook);
                writer.Flag(joins.IsExercise);
                joins.Alert.Save(writer);
                break;
            case Says says:
                writer.Byte(6);
                writer.Text(says.OrderId);
                Write(writer, says.Said);
                break;
            case MergedInto merged:
                writer.Byte(7);
                writer.Text(merged.Other);
                writer.Text(merged.Who);
                writer.Text(merged.Why);
                break;
            case Leads leads:
                writer.Byte(8);
                writer.Text(leads.Follower);
                writer.Text(leads.Who);
                writer.Text(leads.Why);
                break;
            case Released:
                writer.Byte(9);
                break;
            case Leaves leaves:
                writer.Byte(10);
                PlaybookCodec.Write(writer, leaves.Alerts);
                writer.Text(leaves.Into);
                writer.Text(leaves.Who);
                writer.Text(leaves.Why);
                break;
            case Progresses progresses:
                writer.Byte(11);
                CommandProgress progress = progresses.Progress;
                writer.Text(progress.CommandId);
                writer.Byte((byte)progress.Status);
                writer.Signed(progress.TimeInMs);
                writer.Text(progress.Reason);
                PlaybookCodec.Write(writer, progress.Assets);
                break;
            case Asks asks:
                writer.Byte(12);
                Write(writer, asks.Request);
                break;
            case Withdraws withdraws:
                writer.Byte(13);
                writer.Text(withdraws.CommandId);
                break;
            case Answers answers:
                writer.Byte(14);
                writer.Text(answers.Result.CommandId);
                writer.Byte((byte)answers.Result.Status);
                writer.Signed(answers.Result.TimeInMs);
                writer.Text(answers.Result.Reason);
                break;
            case Belongs belongs:
                writer.Byte(15);
                writer.Text(belongs.Alert);
                writer.Text(belongs.Incident);
                break;
            case LetsGo letsGo:
                writer.Byte(16);
                writer.Text(letsGo.Incident);
                break;
            default:
                throw new InvalidOperationException($"{GetType().Name} has no stored form.");
        }
    }

    /// <summary>Null where the bytes are none of this version's.</summary>
    public static IncidentMessage? Read(ReadOnlySpan<byte> bytes, out string? fault)
    {
        var reader = new SnapshotReader(bytes);
        byte version = reader.Byte();
        if (version is 0 or > Version)
        {
            fault = $"a message of version {version}; this node reads up to version {Version}";
            return null;
        }

        IncidentMessage? message = reader.Byte() switch
        {
            1 => new News(IncidentAlert.Read(ref reader), reader.Flag(), PlaybookCodec.ReadMaybe(ref reader)),
            2 => new Over(reader.Text()),
            3 => new Merge(reader.Text(), reader.Text(), reader.Text(), ReadSaid(ref reader)),
            4 => new Split(reader.Text(), reader.Text(), PlaybookCodec.ReadNames(ref reader), ReadSaid(ref reader)),
            5 => new Joins(reader.Text(), PlaybookCodec.Read(ref reader), reader.Flag(), IncidentAlert.Read(ref reader)),
            6 => new Says(reader.Text(), ReadSaid(ref reader)),
            7 => new MergedInto(reader.Text(), reader.Text(), reader.Text()),
            8 => new Leads(reader.Text(), reader.Text(), reader.Text()),
            9 => new Released(),
            10 => new Leaves(PlaybookCodec.ReadNames(ref reader), reader.Text(), reader.Text(), reader.Text()),
            11 => new Progresses(new CommandProgress(reader.Text(), (CommandStatus)reader.Byte(), reader.Signed(), reader.Text(), PlaybookCodec.ReadNames(ref reader))),
            12 => new Asks(ReadRequest(ref reader)),
            13 => new Withdraws(reader.Text()),
            14 => new Answers(new CommandResult(reader.Text(), (CommandStatus)reader.Byte(), reader.Signed(), reader.Text())),
            15 => new Belongs(reader.Text(), reader.Text()),
            16 => new LetsGo(reader.Text()),
            _ => null,
        };
        fault = message is null || reader.Failed || !reader.AtEnd ? "the message is cut short, damaged, or of a kind that this node does not know" : null;
        return fault is null ? message : null;
    }

    private static void Write(SnapshotWriter writer, PersonSays said)
    {
        writer.Byte((byte)said.Verb);
        writer.Text(said.Who);
        PlaybookCodec.Write(writer, said.Roles);
        PlaybookCodec.Write(writer, said.Step);
        writer.Text(said.Text);
        writer.Signed(said.TimeInMs);
    }

    private static PersonSays ReadSaid(ref SnapshotReader reader) => new(
        (PersonVerb)reader.Byte(), reader.Text(), PlaybookCodec.ReadNames(ref reader), PlaybookCodec.ReadMaybe(ref reader), reader.Text(), reader.Signed());

    private static void Write(SnapshotWriter writer, CommandRequest request)
    {
        writer.Text(request.CommandId);
        writer.Text(request.IncidentId);
        writer.Text(request.Step);
        writer.Text(request.System);
        writer.Text(request.Area);
        writer.Text(request.Action);
        PlaybookCodec.Write(writer, request.Targets);
        writer.Unsigned((ulong)request.Parameters.Count);
        foreach ((string name, string value) in request.Parameters)
        {
            writer.Text(name);
            writer.Text(value);
        }

        writer.Signed(request.Count);
        writer.Signed(request.Priority);
        writer.Signed(request.DeadlineInMs);
        PlaybookCodec.Write(writer, request.Compensates);
        writer.Flag(request.IsExercise);
        IncidentAlert.Save(writer, request.Location);
    }

    private static CommandRequest ReadRequest(ref SnapshotReader reader)
    {
        string id = reader.Text();
        string incident = reader.Text();
        string step = reader.Text();
        string system = reader.Text();
        string area = reader.Text();
        string action = reader.Text();
        ImmutableArray<string> targets = PlaybookCodec.ReadNames(ref reader);
        ImmutableSortedDictionary<string, string>.Builder parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (int left = reader.Count(MostNames); left > 0; left--)
        {
            string name = reader.Text();
            parameters[name] = reader.Text();
        }

        return new CommandRequest(
            id, incident, step, system, area, action, targets, parameters.ToImmutable(), (int)reader.Signed(), (int)reader.Signed(), reader.Signed(), PlaybookCodec.ReadMaybe(ref reader), reader.Flag(), IncidentAlert.ReadPlace(ref reader));
    }
}
