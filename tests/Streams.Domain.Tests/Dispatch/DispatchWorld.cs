using Streams.Domain.Dispatch;

namespace Streams.Domain.Tests.Dispatch;

/// <summary>
/// A city system that takes commands in their order, and does not always listen, obey, or answer. What is new takes the place of what is under way with the same target; the same command
/// again is answered as before.
/// </summary>
internal sealed class DispatchWorld(Random random)
{
    private readonly Dictionary<string, (string Action, string Targets, int Attempt)> _seen = [];
    private readonly Dictionary<string, (string Owner, string Incident)> _units = [];
    private readonly Queue<Command> _inbox = new();
    private readonly List<Job> _jobs = [];
    private readonly Queue<CommandResult> _answers = new();

    /// <summary>Some of these are heard once more.</summary>
    private readonly List<CommandResult> _given = [];
    private readonly Dictionary<string, CommandStatus> _ends = [];
    private readonly Dictionary<string, string> _messages = [];

    /// <summary>By target and family; what is as usual is not in it.</summary>
    public Dictionary<string, string> State { get; } = [];

    public int Received { get; private set; }

    public bool IsBusy => _inbox.Count > 0 || _jobs.Count > 0 || _answers.Count > 0;

    public void Receive(Command command, long now, int seed)
    {
        Received++;
        Assert.True(now <= command.DeadlineInMs, $"seed {seed}: {command.CommandId} was sent after its deadline");
        string targets = string.Join(',', command.Targets) + command.Place;
        if (_seen.TryGetValue(command.CommandId, out (string Action, string Targets, int Attempt) before))
        {
            Assert.True(before == (command.Action, targets, command.Attempt - 1), $"seed {seed}: {command.CommandId} means {before} and {command.Action}, {targets}, {command.Attempt}");
        }

        _seen[command.CommandId] = (command.Action, targets, command.Attempt);
        _inbox.Enqueue(command);
    }

    /// <summary>Something happens, or is heard.</summary>
    public CommandResult? Step(bool isCalm)
    {
        int which = random.Next(3);
        if (_inbox.Count > 0 && (which == 0 || isCalm))
        {
            Take(_inbox.Dequeue(), isCalm);
        }
        else if (_jobs.Count > 0 && (which == 1 || isCalm))
        {
            Work(_jobs[random.Next(_jobs.Count)], isCalm);
        }
        else if (_answers.Count > 0)
        {
            if (_given.Count > 0 && random.Next(8) == 0)
            {
                return _given[random.Next(_given.Count)];
            }

            CommandResult answer = _answers.Dequeue();
            _given.Add(answer);
            return answer;
        }

        return null;
    }

    private void Take(Command command, bool isCalm)
    {
        if (!isCalm && random.Next(8) == 0)
        {
            // It was not listening.
            return;
        }

        if (_ends.TryGetValue(command.CommandId, out CommandStatus end))
        {
            Answer(command.CommandId, end, isCalm);
            return;
        }

        if (_jobs.Exists(job => job.Command.CommandId == command.CommandId))
        {
            Answer(command.CommandId, CommandStatus.Accepted, isCalm);
            return;
        }

        if (command.Action == Command.Withdraw)
        {
            _jobs.RemoveAll(job => job.Command.CommandId == command.Compensates);
            _ends.TryAdd(command.Compensates!, CommandStatus.Failed);
            foreach (string target in command.Targets)
            {
                // A unit that is called back leaves.
                if (target[0] == 'u' && _units.TryGetValue(target, out (string Owner, string) its) && its.Owner == command.Compensates)
                {
                    State.Remove($"{target}|lift");
                }
            }

            End(command, CommandStatus.Done, isCalm);
            return;
        }

        if (!isCalm && random.Next(8) == 0)
        {
            End(command, random.Next(2) == 0 ? CommandStatus.Rejected : CommandStatus.Failed, isCalm);
            return;
        }

        foreach (Job older in _jobs.Where(job => Keys(job.Command).Intersect(Keys(command)).Any()).ToArray())
        {
            _jobs.Remove(older);
            End(older.Command, CommandStatus.Failed, isCalm);
        }

        _jobs.Add(new Job(command));
        Answer(command.CommandId, CommandStatus.Accepted, isCalm);
    }

    private void Work(Job job, bool isCalm)
    {
        if (!job.IsExecuting)
        {
            job.IsExecuting = true;
            Apply(job.Command);
            Answer(job.Command.CommandId, CommandStatus.Executing, isCalm: isCalm || job.Command.Targets.IsEmpty || job.Command.Targets[0][0] == 'd');
            return;
        }

        _jobs.Remove(job);
        End(job.Command, !isCalm && random.Next(8) == 0 ? CommandStatus.Failed : CommandStatus.Done, isCalm);
    }

    private void Apply(Command command)
    {
        foreach (string unit in command.Targets.Where(target => target[0] == 'u'))
        {
            _units[unit] = (command.CommandId, command.IncidentId);
            State.Remove($"{unit}|lift");
        }

        SystemAction action = DispatchStory.Kind.Actions[command.Action];
        foreach (string key in Keys(command))
        {
            if (action.Undo is not null)
            {
                State[key] = $"{command.Action}:{string.Join(',', command.Parameters.Values)}";
            }
            else
            {
                State.Remove(key);
            }
        }

        // What is done to a place is done to those within it.
        if (action.Target == ActionTarget.Area && command.Place == "x" && action.Name is not ("inform" or "clear"))
        {
            foreach (string inner in new[] { "x/y|open", "x/z|open" })
            {
                State.Remove(inner);
            }
        }
    }

    private IEnumerable<string> Keys(Command command)
    {
        SystemAction action = DispatchStory.Kind.Actions[command.Action];
        string family = action.Undo ?? action.Name;
        return action.Target == ActionTarget.Area
            ? [$"{command.Place}|{family}" + (family == "clear" ? "|" + Message(command) : "")]
            : command.Targets.Select(target => $"{target}|{(action.Target == ActionTarget.Unit ? "lift" : family)}");
    }

    /// <summary>A message is known by what it says; what takes it back, by the command that it came with.</summary>
    private string Message(Command command) => command.Action == "clear" ? _messages.GetValueOrDefault(command.Compensates!, "") : _messages[command.CommandId] = $"{command.Action}:{string.Join(',', command.Parameters.Values)}";

    private void End(Command command, CommandStatus status, bool isCalm)
    {
        _ends[command.CommandId] = status;
        Answer(command.CommandId, status, isCalm);
    }

    private void Answer(string id, CommandStatus status, bool isCalm)
    {
        if (isCalm || random.Next(8) > 0)
        {
            _answers.Enqueue(new CommandResult(id, status, 0, ""));
        }
    }

    private sealed class Job(Command command)
    {
        public Command Command { get; } = command;

        public bool IsExecuting { get; set; }
    }
}
