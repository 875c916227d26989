using System.Collections.Immutable;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

/// <summary>One step of an incident's playbook, as far as it has come.</summary>
internal sealed class StepRun(PlaybookStep step)
{
    /// <summary>As it was in the playbook when the incident began: one that is changed meanwhile is the next incident's.</summary>
    public PlaybookStep Step { get; } = step;

    public StepState State { get; set; }

    /// <summary>Since when it has been in this state.</summary>
    public long SinceInMs { get; set; }

    /// <summary>Attempts begun, of doing it or of taking it back.</summary>
    public int Attempt { get; set; }

    /// <summary>How often a person had it tried anew: part of the command's id.</summary>
    public int Round { get; set; }

    /// <summary>Of the command that did it, or does: what is taken back.</summary>
    public string CommandId { get; set; } = "";

    /// <summary>Of the command under way, which may be one that takes back.</summary>
    public string UnderWay { get; set; } = "";

    /// <summary>The area it was, or is, done in.</summary>
    public string Area { get; set; } = "";

    /// <summary>Units or devices that it was given to.</summary>
    public ImmutableArray<string> Assets { get; set; } = [];

    /// <summary>When it is tried again, or has failed; <see cref="long.MaxValue"/> for never.</summary>
    public long DueInMs { get; set; } = long.MaxValue;

    /// <summary>Who agreed, each once.</summary>
    public List<string> Approvals { get; } = [];

    public bool IsEscalated { get; set; }

    /// <summary>Its turn came by another step's failure.</summary>
    public bool IsCalled { get; set; }

    public string Reason { get; set; } = "";

    /// <summary>How far the command under way was last told to have come.</summary>
    public CommandStatus? Heard { get; set; }

    /// <summary>What is tried is to take it back.</summary>
    public bool IsUndoing { get; set; }

    /// <summary>A command was given up without knowing whether it was done: to be taken back as if it had been.</summary>
    public bool MayHaveActed { get; set; }

    /// <summary>Something is left that has to be taken back.</summary>
    public bool IsToUndo => Step.Undo is not null && (State == StepState.Done || (MayHaveActed && State is StepState.Failed or StepState.Skipped));

    /// <summary>Nothing more comes of it but being taken back.</summary>
    public bool IsOver => State is StepState.Done or StepState.Failed or StepState.Skipped or StepState.Undone or StepState.UndoAwaitsPerson or StepState.BeingUndone;

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Step.Id);
        json.WriteString("system"u8, Step.System);
        json.WriteString("action"u8, Step.Action);
        json.WriteString("state"u8, IncidentJson.WordOf(State));
        json.WriteString("since"u8, AlertJson.Time(SinceInMs));
        if (DueInMs != long.MaxValue)
        {
            json.WriteString("due"u8, AlertJson.Time(DueInMs));
        }

        if (Attempt > 0)
        {
            json.WriteNumber("attempt"u8, Attempt);
        }

        IncidentJson.WriteIfAny(json, "area", Area);
        IncidentJson.WriteIfAny(json, "commandId", UnderWay);
        IncidentJson.WriteNames(json, "assets", Assets);
        IncidentJson.WriteIfAny(json, "reason", Reason);
        if (Step.Approval is { } rule)
        {
            json.WriteStartObject("approval"u8);
            json.WriteString("role"u8, rule.Role);
            json.WriteNumber("people"u8, rule.People);
            if (rule.EscalatesTo is { } above)
            {
                json.WriteString("escalatesTo"u8, above);
                json.WriteBoolean("isEscalated"u8, IsEscalated);
            }

            IncidentJson.WriteNames(json, "by", Approvals);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Byte((byte)State);
        writer.Signed(SinceInMs);
        writer.Signed(Attempt);
        writer.Signed(Round);
        writer.Text(CommandId);
        writer.Text(UnderWay);
        writer.Text(Area);
        PlaybookCodec.Write(writer, Assets);
        writer.Signed(DueInMs);
        PlaybookCodec.Write(writer, [.. Approvals]);
        writer.Flag(IsEscalated);
        writer.Flag(IsCalled);
        writer.Text(Reason);
        writer.Signed(Heard is { } heard ? (int)heard : -1);
        writer.Flag(IsUndoing);
        writer.Flag(MayHaveActed);
    }

    public void Read(ref SnapshotReader reader)
    {
        State = (StepState)reader.Byte();
        SinceInMs = reader.Signed();
        Attempt = (int)reader.Signed();
        Round = (int)reader.Signed();
        CommandId = reader.Text();
        UnderWay = reader.Text();
        Area = reader.Text();
        Assets = PlaybookCodec.ReadNames(ref reader);
        DueInMs = reader.Signed();
        Approvals.AddRange(PlaybookCodec.ReadNames(ref reader));
        IsEscalated = reader.Flag();
        IsCalled = reader.Flag();
        Reason = reader.Text();
        Heard = reader.Signed() is var heard && heard >= 0 ? (CommandStatus)heard : null;
        IsUndoing = reader.Flag();
        MayHaveActed = reader.Flag();
    }
}
