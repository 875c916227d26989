using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

/// <summary>The stored form of a playbook: an incident keeps the one it began with. Versioned by the incident's snapshot that holds it.</summary>
internal static class PlaybookCodec
{
    private const int MostSteps = 64;
    private const int MostNames = 1000;

    public static void Write(SnapshotWriter writer, Playbook playbook)
    {
        writer.Text(playbook.Name);
        writer.Text(playbook.Title);
        Write(writer, playbook.Rules);
        writer.Flag(playbook.IsEveryday);
        writer.Byte((byte)playbook.Opens);
        writer.Double(playbook.NearInMetres);
        writer.Signed(playbook.Settles.Ticks);
        writer.Unsigned((ulong)playbook.Steps.Length);
        foreach (PlaybookStep step in playbook.Steps)
        {
            Write(writer, step);
        }
    }

    public static Playbook Read(ref SnapshotReader reader)
    {
        var playbook = new Playbook
        {
            Name = reader.Text(),
            Title = reader.Text(),
            Rules = ReadNames(ref reader),
            IsEveryday = reader.Flag(),
            Opens = (AlertSeverity)reader.Byte(),
            NearInMetres = reader.Double(),
            Settles = new TimeSpan(reader.Signed()),
            Steps = [],
        };
        var steps = new PlaybookStep[reader.Count(MostSteps)];
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = ReadStep(ref reader);
        }

        return playbook with { Steps = [.. steps] };
    }

    private static void Write(SnapshotWriter writer, PlaybookStep step)
    {
        writer.Text(step.Id);
        writer.Text(step.System);
        writer.Text(step.Action);
        writer.Byte((byte)step.Place);
        writer.Unsigned((ulong)step.Parameters.Count);
        foreach ((string name, string value) in step.Parameters)
        {
            writer.Text(name);
            writer.Text(value);
        }

        writer.Signed(step.Count);
        Write(writer, step.After);
        writer.Byte((byte)step.When.From);
        writer.Signed(step.When.Lasts.Ticks);
        writer.Signed(step.When.Alerts);
        writer.Signed(step.When.Areas);
        Write(writer, step.When.Rules);
        Write(writer, step.When.Failed);
        writer.Flag(step.Approval is not null);
        if (step.Approval is { } rule)
        {
            writer.Text(rule.Role);
            writer.Signed(rule.People);
            writer.Signed(rule.PreApprovedFrom is { } from ? (int)from : -1);
            writer.Signed(rule.EscalatesAfter.Ticks);
            Write(writer, rule.EscalatesTo);
            writer.Signed(rule.LapsesAfter?.Ticks ?? -1);
            writer.Byte((byte)rule.OnSilence);
        }

        writer.Signed(step.Within.Ticks);
        writer.Signed(step.Attempts);
        writer.Signed(step.BackOff.Ticks);
        Write(writer, step.Fallback);
        writer.Byte((byte)step.OnFailure);
        Write(writer, step.Undo);
        writer.Signed(step.UndoWithin.Ticks);
        writer.Flag(step.IsVital);
    }

    private static PlaybookStep ReadStep(ref SnapshotReader reader)
    {
        string id = reader.Text();
        string system = reader.Text();
        string action = reader.Text();
        var place = (StepPlace)reader.Byte();
        ImmutableSortedDictionary<string, string>.Builder parameters = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        for (int left = reader.Count(MostNames); left > 0; left--)
        {
            string name = reader.Text();
            parameters[name] = reader.Text();
        }

        return new PlaybookStep
        {
            Id = id,
            System = system,
            Action = action,
            Place = place,
            Parameters = parameters.ToImmutable(),
            Count = (int)reader.Signed(),
            After = ReadNames(ref reader),
            When = new StepCondition(
                (AlertSeverity)reader.Byte(), new TimeSpan(reader.Signed()), (int)reader.Signed(), (int)reader.Signed(), ReadNames(ref reader), ReadMaybe(ref reader)),
            Approval = reader.Flag() ? ReadRule(ref reader) : null,
            Within = new TimeSpan(reader.Signed()),
            Attempts = (int)reader.Signed(),
            BackOff = new TimeSpan(reader.Signed()),
            Fallback = ReadMaybe(ref reader),
            OnFailure = (StepFailure)reader.Byte(),
            Undo = ReadMaybe(ref reader),
            UndoWithin = new TimeSpan(reader.Signed()),
            IsVital = reader.Flag(),
        };
    }

    private static ApprovalRule ReadRule(ref SnapshotReader reader)
    {
        string role = reader.Text();
        int people = (int)reader.Signed();
        long from = reader.Signed();
        var escalates = new TimeSpan(reader.Signed());
        string? to = ReadMaybe(ref reader);
        long lapses = reader.Signed();
        return new ApprovalRule(
            role, people, from < 0 ? null : (AlertSeverity)from, escalates, to, lapses < 0 ? null : new TimeSpan(lapses), (SilenceMeans)reader.Byte());
    }

    internal static void Write(SnapshotWriter writer, ImmutableArray<string> names)
    {
        writer.Unsigned((ulong)names.Length);
        foreach (string name in names)
        {
            writer.Text(name);
        }
    }

    internal static ImmutableArray<string> ReadNames(ref SnapshotReader reader)
    {
        var names = new string[reader.Count(MostNames)];
        for (int i = 0; i < names.Length; i++)
        {
            names[i] = reader.Text();
        }

        return [.. names];
    }

    internal static void Write(SnapshotWriter writer, string? text)
    {
        writer.Flag(text is not null);
        if (text is not null)
        {
            writer.Text(text);
        }
    }

    internal static string? ReadMaybe(ref SnapshotReader reader) => reader.Flag() ? reader.Text() : null;
}
