using System.Buffers;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Domain.Tests.Incidents;

/// <summary>Whatever systems and people answer, and in whatever order, an incident comes to its end and leaves nothing done that was to be taken back.</summary>
public sealed class IncidentProperties
{
    [Fact]
    public void Every_incident_ends_with_what_was_done_taken_back()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            Run(seed);
        }
    }

    private static void Run(int seed)
    {
        Random random = new(seed);
        Playbook playbook = PlaybookOf(random);
        World world = new();
        long now = 0;
        Incident incident = new("dijon.flood.1", "dijon", playbook, isExercise: false, now);
        AlertSeverity highest = AlertSeverity.Unknown;
        int revision = 0;
        for (int turn = 0; turn < 200; turn++)
        {
            now += random.Next(60_000);
            switch (random.Next(turn < 150 ? 10 : 6))
            {
                case < 4 when world.Open.Count > 0:
                    incident.Hear(world.Answer(random, now), now);
                    break;
                case 4 when incident.DueInMs <= now:
                    incident.Wake(now);
                    break;
                case 5:
                    incident.Say(new PersonSays((PersonVerb)random.Next(1, turn > 100 ? 7 : 5), random.Next(2) == 0 ? "ann" : "bob", ["officer"], playbook.Steps[random.Next(playbook.Steps.Length)].Id, "so", now));
                    break;
                case > 5:
                    AlertSeverity severity = (AlertSeverity)random.Next(1, 5);
                    incident.Join(new IncidentAlert("a" + random.Next(3), "dijon/port", "river-flood", severity, (AlertState)random.Next(3), now, ++revision, ""), now);
                    break;
            }

            incident.Drain(world);
            incident = Restored(incident);
            Assert.True(incident.Severity >= highest, $"seed {seed}: severity went down");
            highest = incident.Severity;
        }

        // From here on everybody does what they should.
        for (int turn = 0; turn < 1000 && incident.State != IncidentState.Closed; turn++)
        {
            now += 60_000;
            if (incident.State == IncidentState.Open)
            {
                incident.Say(new PersonSays(PersonVerb.Abort, "ann", ["officer"], null, "enough", now));
            }

            if (incident.DueInMs <= now)
            {
                incident.Wake(now);
            }

            foreach (PlaybookStep step in playbook.Steps)
            {
                incident.Say(new PersonSays(PersonVerb.TryAgain, "ann", ["officer"], step.Id, "", now));
            }

            incident.Drain(world);
            while (world.Open.Count > 0)
            {
                incident.Hear(world.Obey(now), now);
                incident.Drain(world);
            }
        }

        Assert.True(incident.State == IncidentState.Closed, $"seed {seed}: {incident.State}; {string.Join("; ", incident.Timeline.TakeLast(12).Select(entry => $"{entry.What} {entry.Subject} {entry.Detail}"))}");
        Assert.Empty(world.Standing.Where(each => playbook.Steps.Single(step => step.Id == each.Step).Undo is not null && !world.LetBe.Contains(each.Step)).Select(each => $"seed {seed}: {each.CommandId} still stands"));
    }

    /// <summary>As its next owner finds it.</summary>
    private static Incident Restored(Incident incident)
    {
        ArrayBufferWriter<byte> saved = new();
        incident.Save(saved);
        Incident? restored = Incident.Restore(saved.WrittenSpan, out string? fault);
        Assert.True(restored is not null, fault);
        ArrayBufferWriter<byte> again = new();
        restored.Save(again);
        Assert.True(saved.WrittenSpan.SequenceEqual(again.WrittenSpan), "what was restored is saved otherwise");
        Assert.Equal(incident.DueInMs, restored.DueInMs);
        return restored;
    }

    private static Playbook PlaybookOf(Random random)
    {
        int count = random.Next(1, 7);
        ImmutableArray<PlaybookStep>.Builder steps = ImmutableArray.CreateBuilder<PlaybookStep>();
        for (int i = 0; i < count; i++)
        {
            steps.Add(new PlaybookStep
            {
                Id = "s" + i,
                System = "traffic-control",
                Action = "do",
                Undo = random.Next(2) == 0 ? "undo" : null,
                Within = TimeSpan.FromMinutes(random.Next(1, 30)),
                Attempts = random.Next(1, 4),
                OnFailure = (StepFailure)random.Next(3),
                After = i > 0 && random.Next(2) == 0 ? ["s" + random.Next(i)] : [],
                Approval = random.Next(4) == 0 ? new ApprovalRule("officer", random.Next(1, 3), AlertSeverity.Extreme, TimeSpan.FromMinutes(5), "director", random.Next(2) == 0 ? TimeSpan.FromMinutes(20) : null, (SilenceMeans)random.Next(2)) : null,
                Fallback = i + 1 < count && random.Next(4) == 0 ? "s" + (i + 1) : null,
                When = random.Next(3) == 0 ? StepCondition.Always with { From = (AlertSeverity)random.Next(1, 5) } : StepCondition.Always,
            });
        }

        return new Playbook { Name = "flood", Title = "Flood", Rules = ["river-flood"], Steps = steps.ToImmutable() };
    }

    /// <summary>City systems that do each command at most once, some without saying so, some late.</summary>
    private sealed class World : IIncidentOutput
    {
        private readonly HashSet<string> _seen = [];

        public List<CommandRequest> Open { get; } = [];

        /// <summary>What was done and not taken back.</summary>
        public List<CommandRequest> Standing { get; } = [];

        public HashSet<string> LetBe { get; } = [];

        public void Ask(CommandRequest command)
        {
            Assert.True(_seen.Add(command.CommandId), $"{command.CommandId} was asked for twice");
            Open.Add(command);
        }

        public void Withdraw(string commandId, string system, string area)
        {
        }

        public void Over()
        {
        }

        public void Return(IncidentAlert alert)
        {
        }

        public void LetGo(string system, string area)
        {
        }

        public void Release(string incident)
        {
        }

        public void Entry(TimelineEntry entry)
        {
            if (entry.Detail.StartsWith("left as it is", StringComparison.Ordinal))
            {
                LetBe.Add(entry.Subject);
            }
        }

        public CommandProgress Answer(Random random, long now)
        {
            CommandRequest command = Open[random.Next(Open.Count)];
            CommandStatus status = (CommandStatus)random.Next(8);
            if (status >= CommandStatus.Done)
            {
                Open.Remove(command);
            }

            if (status == CommandStatus.Done || (status == CommandStatus.Unanswered && random.Next(2) == 0))
            {
                Do(command);
            }

            return new CommandProgress(command.CommandId, status, now, "", []);
        }

        public CommandProgress Obey(long now)
        {
            CommandRequest command = Open[0];
            Open.RemoveAt(0);
            Do(command);
            return new CommandProgress(command.CommandId, CommandStatus.Done, now, "", []);
        }

        private void Do(CommandRequest command)
        {
            if (command.Compensates is not null)
            {
                // What takes back a step's command takes back what its earlier attempts may have done.
                Standing.RemoveAll(each => each.Step == command.Step);
            }
            else
            {
                Standing.Add(command);
            }
        }
    }
}
