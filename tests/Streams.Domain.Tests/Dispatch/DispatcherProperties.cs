using System.Collections.Immutable;
using Streams.Domain.Dispatch;

namespace Streams.Domain.Tests.Dispatch;

/// <summary>Whatever incidents ask and systems answer, and whenever a node fails: nobody has what is another's, nothing is stuck, and nothing is left that was to be taken back.</summary>
public sealed class DispatcherProperties
{
    private static readonly string[] s_actions = ["engine", "pump", "cordon", "point", "record", "close", "narrow", "inform"];

    [Fact]
    public void Nothing_is_given_twice_and_nothing_is_stuck()
    {
        for (int seed = 0; seed < 1000; seed++)
        {
            new Run(seed).Play();
        }
    }

    [Fact]
    public void Of_a_thousand_requests_at_once_the_more_urgent_goes_first()
    {
        for (int seed = 0; seed < 3; seed++)
        {
            Random random = new(seed);
            Dispatcher dispatcher = new(DispatchStory.Map(7, 0));
            Recorder recorder = new();
            Dictionary<string, int> priorities = [];
            long now = 0;
            for (int i = 0; i < Dispatcher.MaxOpenRequests; i++)
            {
                CommandRequest request = RequestOf($"r{i}", "i" + i, "engine", random.Next(1, 10), 1, long.MaxValue);
                priorities.Add(request.CommandId, request.Priority);
                Assert.Equal(DispatchOutcome.Changed, dispatcher.Ask(request, now));
            }

            dispatcher.Drain(recorder);
            List<int> begun = [];
            while (recorder.Sent.Count > 0)
            {
                Command[] sent = [.. recorder.Sent];
                recorder.Sent.Clear();
                foreach (Command command in sent)
                {
                    if (command.Action != Command.Withdraw)
                    {
                        begun.Add(priorities[command.CommandId.Split('~')[0]]);
                    }

                    dispatcher.Hear(new CommandResult(command.CommandId, CommandStatus.Done, ++now, ""), now);
                    dispatcher.Drain(recorder);
                }
            }

            // The first seven were there before anything more urgent was.
            Assert.Equal(begun.Skip(7).OrderDescending(), begun.Skip(7));
            Assert.Equal((0, 0), (dispatcher.OpenRequests, dispatcher.AssetsHeld));
            Assert.Equal(long.MaxValue, dispatcher.DueInMs);
        }
    }

    private static CommandRequest RequestOf(string id, string incident, string action, int priority, int count, long deadlineInMs) =>
        new(id, incident, "s", "fire", "x", action, [], DispatchStory.NoParameters, count, priority, deadlineInMs, null, false);

    private sealed class Recorder : IDispatcherOutput
    {
        public List<Command> Sent { get; } = [];

        public void Send(Command command) => Sent.Add(command);

        public void Tell(string incidentId, CommandProgress progress)
        {
        }

        public void Entry(DispatchEntry entry)
        {
        }
    }

    private sealed class Run(int seed) : IDispatcherOutput
    {
        private readonly Random _random = new(seed);
        private readonly DispatchWorld _world = new(new Random(seed + 1_000_000));
        private readonly Dictionary<string, CommandRequest> _asked = [];
        private readonly Dictionary<string, CommandProgress> _told = [];

        /// <summary>What was told to be done, and has to be taken back.</summary>
        private readonly Dictionary<string, (CommandRequest Request, ImmutableArray<string> Assets)> _standing = [];
        private readonly DispatchMap _map = DispatchStory.Map(1 + (seed % 4), 2 + (seed % 5));
        private readonly Dictionary<string, int> _unsent = [];
        private readonly HashSet<string> _doubtful = [];
        private Dispatcher _dispatcher = new(DispatchStory.Map(1 + (seed % 4), 2 + (seed % 5)));
        private long _now = 1_000_000;
        private int _numbers;

        public void Play()
        {
            for (int turn = 0; turn < 150; turn++)
            {
                switch (_random.Next(12))
                {
                    case < 3 when _asked.Count - _told.Count(each => each.Value.IsOver) < 12:
                        Ask();
                        break;
                    case 3 when Open() is { Length: > 0 } open:
                        string unwanted = open[_random.Next(open.Length)];
                        _unsent.Remove(unwanted);
                        _dispatcher.Withdraw(unwanted, _now);
                        break;
                    case 4 when _standing.Count > 0:
                        TakeBack(_standing.Keys.ElementAt(_random.Next(_standing.Count)));
                        break;
                    case 5 when _asked.Count > 0:
                        AskAgain(_asked.Keys.ElementAt(_random.Next(_asked.Count)));
                        break;
                    case 6:
                        Later(_random.Next(_random.Next(40_000)));
                        break;
                    default:
                        Listen(_world.Step(isCalm: false));
                        break;
                }

                Drain();
            }

            Calm(() => _dispatcher.OpenRequests > 0 || _world.IsBusy || _dispatcher.DueInMs < long.MaxValue);
            Check();
            while (_standing.Count > 0)
            {
                string next = _standing.Keys.ElementAt(_random.Next(_standing.Count));
                TakeBack(next);
                Drain();
                Calm(() => _dispatcher.OpenRequests > 0 || _world.IsBusy || _dispatcher.DueInMs < long.MaxValue);
                Assert.True(!_standing.ContainsKey(next), $"seed {seed}: {next} was not taken back");
                Check();
            }

            Assert.True(_dispatcher.AssetsHeld == 0, $"seed {seed}: {_dispatcher.AssetsHeld} assets are still held");
            Assert.Empty(_world.State.Select(each => $"seed {seed}: {each}"));
            Assert.Empty(Open());
        }

        private string[] Open() => [.. _asked.Keys.Where(id => !_told.TryGetValue(id, out CommandProgress? last) || !last.IsOver)];

        private void Ask()
        {
            string action = s_actions[_random.Next(s_actions.Length)];
            SystemAction known = DispatchStory.Kind.Actions[action];
            CommandRequest request = RequestOf(
                $"r{++_numbers}", "i" + _random.Next(5), action, _random.Next(1, 10), known.Target == ActionTarget.Unit ? _random.Next(1, 3) : _random.Next(4), _now + _random.Next(10_000, 600_000));
            if (known.Target == ActionTarget.Area)
            {
                request = request with { Area = _random.Next(3) switch { 0 => "x", 1 => "x/y", _ => "x/z" }, Parameters = DispatchStory.NoParameters.Add("v", _random.Next(2).ToString(global::System.Globalization.CultureInfo.InvariantCulture)) };
            }
            else if (known.Target == ActionTarget.Devices)
            {
                request = request with { Area = "x/y" };
            }
            else
            {
                _unsent[request.CommandId] = Math.Min(request.Count, _map.Units.Length);
            }

            _asked.Add(request.CommandId, request);
            _dispatcher.Ask(request, _now);
        }

        private void AskAgain(string id)
        {
            _told.TryGetValue(id, out CommandProgress? before);
            Drain();
            int sent = _world.Received;
            _dispatcher.Ask(_asked[id], _now);
            Drain();
            Assert.True(sent == _world.Received, $"seed {seed}: {id}, asked for again, was done again");
            Assert.Equal(before?.Status, _told.GetValueOrDefault(id)?.Status);
        }

        private void TakeBack(string id)
        {
            CommandRequest request = _asked[id];
            CommandRequest undo = request with
            {
                CommandId = $"{id}.undo.{++_numbers}", Action = DispatchStory.Kind.Actions[request.Action].Undo!, Compensates = id, Parameters = DispatchStory.NoParameters, DeadlineInMs = _now + 300_000,
            };
            _asked.Add(undo.CommandId, undo);
            _unsent.Remove(id);
            _doubtful.Add(id);
            _dispatcher.Ask(undo, _now);
        }

        private void Later(long milliseconds)
        {
            for (long end = _now + milliseconds; ;)
            {
                long due = _dispatcher.DueInMs;
                if (due > end)
                {
                    _now = end;
                    return;
                }

                _now = Math.Max(_now, due);
                _dispatcher.Wake(_now);
                Assert.True(_dispatcher.DueInMs > _now, $"seed {seed}: it wants to be woken at once again");
                Drain();
            }
        }

        private void Listen(CommandResult? result)
        {
            if (result is not null)
            {
                if (result.Status == CommandStatus.Rejected)
                {
                    // Whether it waits again is not known here.
                    _unsent.Remove(result.CommandId.Split('~')[0]);
                }

                _dispatcher.Hear(result with { TimeInMs = _now }, _now);
            }
        }

        private void Drain()
        {
            _dispatcher.Drain(this);
            if (_random.Next(3) == 0)
            {
                _dispatcher = DispatchStory.Restored(_dispatcher, _map);
            }
        }

        /// <summary>From here on systems do what they are told, and say so.</summary>
        private void Calm(Func<bool> isUnsettled)
        {
            for (int turn = 0; isUnsettled(); turn++)
            {
                Assert.True(turn < 3000, $"seed {seed}: stuck with {_dispatcher.OpenRequests} requests, {_dispatcher.AssetsHeld} assets, woken at {_dispatcher.DueInMs - _now}");
                if (_world.IsBusy)
                {
                    Listen(_world.Step(isCalm: true));
                    Drain();
                }
                else if (_dispatcher.DueInMs < long.MaxValue)
                {
                    Later(Math.Max(0, _dispatcher.DueInMs - _now));
                }
            }
        }

        /// <summary>What still stands is so in the world; what does not is not.</summary>
        private void Check()
        {
            foreach ((string target, string state) in _world.State)
            {
                string asset = target.Split('|')[0];
                bool isWanted = _standing.Values.Any(each => each.Assets.Contains(asset) && Family(each.Request) == target.Split('|')[1])
                    || _standing.Values.Any(each => each.Request.Area.Length <= asset.Length && asset.StartsWith(each.Request.Area, StringComparison.Ordinal) && state == StateOf(each.Request) && each.Assets.IsEmpty)
                    || _standing.Any(each => _doubtful.Contains(each.Key) && each.Value.Request.Area == asset && Family(each.Value.Request) == target.Split('|')[1]);
                Assert.True(isWanted, $"seed {seed}: {target} is {state}, which nobody wants");
            }

            // Where taking back failed nobody knows how things are, until it is tried again.
            Dictionary<string, (CommandRequest Request, ImmutableArray<string> Assets)> sure = _standing.Where(each => !_doubtful.Contains(each.Key)).ToDictionary();
            foreach ((string id, (CommandRequest request, ImmutableArray<string> assets)) in sure)
            {
                foreach (string asset in assets)
                {
                    Assert.True(_world.State.ContainsKey($"{asset}|{Family(request)}"), $"seed {seed}: {id} stands, and {asset} is not so");
                }

                // What is done to a wider place, and is more urgent, is done to those within it.
                bool isOverruled = sure.Values.Any(each => each.Request.Area.Length < request.Area.Length && Family(each.Request) == Family(request) && each.Request.Priority > request.Priority);
                if (DispatchStory.Kind.Actions[request.Action].Target == ActionTarget.Area && (request.Action == "inform" || !isOverruled))
                {
                    string key = $"{request.Area}|{Family(request)}" + (request.Action == "inform" ? "|" + StateOf(request) : "");
                    Assert.True(_world.State.TryGetValue(key, out string? state) || _world.State.TryGetValue("x|open", out state), $"seed {seed}: {id} stands, and {key} is not so");
                    Assert.True(sure.Values.Any(each => each.Request.Area == request.Area && StateOf(each.Request) == state), $"seed {seed}: {key} is {state}");
                    int most = sure.Values.Where(each => each.Request.Area == request.Area && Family(each.Request) == Family(request)).Max(each => each.Request.Priority);
                    CommandRequest[] has = [.. sure.Values.Where(each => each.Request.Area == request.Area && StateOf(each.Request) == state).Select(each => each.Request)];
                    CommandRequest[] urgent = [.. sure.Values.Where(each => each.Request.Area == request.Area && Family(each.Request) == Family(request) && each.Request.Priority == most).Select(each => each.Request)];

                    // An incident may put something less urgent of its own on top.
                    Assert.True(request.Action == "inform" || has.Any(each => each.Priority == most || urgent.Any(other => other.IncidentId == each.IncidentId)), $"seed {seed}: {key} is {state}, and something more urgent stands");
                }
            }
        }

        void IDispatcherOutput.Send(Command command)
        {
            string request = command.CommandId.Split('~')[0];
            if (command.Attempt == 1 && _unsent.TryGetValue(request, out int unsent) && command.CommandId == $"{request}~{command.CommandId.Split('~')[^1].Split('.')[0]}" && command.Compensates is null)
            {
                _unsent[request] = unsent - 1;
                string? passed = _unsent.Keys.FirstOrDefault(id => id != request && _unsent[id] > 0 && _asked[id].Priority > _asked[request].Priority && !(_told.TryGetValue(id, out CommandProgress? last) && last.IsOver));
                Assert.True(passed is null, $"seed {seed}: {request} got {command.Targets[0]} before {passed}");
            }

            _world.Receive(command, _now, seed);
        }

        void IDispatcherOutput.Tell(string incidentId, CommandProgress progress)
        {
            string id = progress.CommandId;
            CommandRequest request = _asked[id];
            Assert.Equal(request.IncidentId, incidentId);
            _told.TryGetValue(id, out CommandProgress? before);
            Assert.True(before is null || !before.IsOver || progress.Status == before.Status || (before.Status == CommandStatus.Done && progress.Status is CommandStatus.Preempted or CommandStatus.Withdrawn), $"seed {seed}: {id} was {before?.Status} and is {progress.Status}");
            _told[id] = progress with { Assets = progress.Assets.IsEmpty && before is not null ? before.Assets : progress.Assets };
            if (before?.Status == progress.Status)
            {
                return;
            }

            if (progress.Status == CommandStatus.Done && request.Compensates is { } other)
            {
                _standing.Remove(other);
            }
            else if (progress.Status == CommandStatus.Done && DispatchStory.Kind.Actions[request.Action].Undo is not null)
            {
                _standing.TryAdd(id, (request, progress.Assets));
            }
            else if (progress.IsOver)
            {
                _standing.Remove(id);
                if (progress.Status == CommandStatus.Preempted && !progress.Assets.IsEmpty && before?.Status == CommandStatus.Done)
                {
                    _standing.Add(id, (request, progress.Assets));
                }
            }
        }

        void IDispatcherOutput.Entry(DispatchEntry entry)
        {
        }

        private static string Family(CommandRequest request) => DispatchStory.Kind.Actions[request.Action].Undo!;

        public static string StateOf(CommandRequest request) => $"{request.Action}:{string.Join(',', request.Parameters.Values)}";
    }
}
