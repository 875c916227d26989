using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Dispatch;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Dispatch;

/// <summary>
/// A dispatcher told word by word. <c>a=engine/5</c>: incident a asks for an engine at priority 5; further <c>*2</c> (so many), <c>@1.5</c> (degrees east), <c>:p=1</c> (a parameter),
/// <c>!60</c> (seconds until the deadline; 600), <c>in:x/y</c> (an area). <c>a-</c>: it has that taken back. <c>a!</c>: it withdraws it. <c>ok:a~1</c>: a command is accepted; also exec, done,
/// failed, rejected. <c>w30</c>: half a minute later. It answers with commands, <c>&gt;a~1.engine(u1)</c>, and with what incidents hear, <c>a:Done(u1)</c>. After each word it is saved and restored.
/// </summary>
internal sealed class DispatchStory : IDispatcherOutput
{
    private readonly Dictionary<string, CommandRequest> _asked = [];
    private DispatchMap _map;
    private long _nowInMs = 1_000_000;

    public DispatchStory(DispatchMap map)
    {
        _map = map;
        Dispatcher = new Dispatcher(map);
    }

    public static readonly ImmutableSortedDictionary<string, string> NoParameters = ImmutableSortedDictionary<string, string>.Empty;

    public static readonly SystemKind Kind = new()
    {
        Name = "fire",
        Title = "Fire",
        Devices = ["camera"],
        Actions = new[]
        {
            Action("engine", ActionTarget.Unit), Action("pump", ActionTarget.Unit),
            Action("cordon", ActionTarget.Unit, "lift"), Action("lift", ActionTarget.Unit),
            Action("point", ActionTarget.Devices, "home"), Action("home", ActionTarget.Devices),
            Action("record", ActionTarget.Devices, "stop"), Action("stop", ActionTarget.Devices),
            Action("close", ActionTarget.Area, "open"), Action("open", ActionTarget.Area), Action("narrow", ActionTarget.Area, "open"),
            Action("inform", ActionTarget.Area, "clear") with { StandsBeside = true }, Action("clear", ActionTarget.Area),
        }.ToImmutableDictionary(action => action.Name),
    };

    /// <summary>Three units at 0, 1 and 2 degrees east, all of which do all; four cameras in x/y, at 0 to 3.</summary>
    public static readonly DispatchMap Town = Map(3, 4);

    public Dispatcher Dispatcher { get; private set; }

    public List<string> Told { get; } = [];

    public List<Command> Sent { get; } = [];

    public List<DispatchEntry> Entries { get; } = [];

    public List<CommandProgress> Heard { get; } = [];

    public static DispatchMap Map(int units, int devices, SystemKind? kind = null) => new(
        "x", kind ?? Kind,
        [.. Enumerable.Range(0, units).Select(i => new DispatchUnit($"u{i}", ["engine", "pump", "cordon", "lift"], "x", new GeoPoint(i, 0)))],
        [.. Enumerable.Range(0, devices).Select(i => new DispatchDevice($"d{i}", "x/y", new GeoPoint(i, 0)))],
        area => area == "x" ? new GeoPoint(0, 0) : null);

    public static string Of(string words, DispatchMap? map = null)
    {
        DispatchStory story = new(map ?? Town);
        story.Tell(words);
        return string.Join(' ', story.Told);
    }

    public void Tell(string words)
    {
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            Hear(word);
            Dispatcher.Drain(this);
            Dispatcher = Restored(Dispatcher, _map);
        }
    }

    /// <summary>As its next owner finds it.</summary>
    public static Dispatcher Restored(Dispatcher dispatcher, DispatchMap map)
    {
        ArrayBufferWriter<byte> saved = new();
        long section = 0;
        dispatcher.Save(saved, number =>
        {
            Assert.True(number > section, $"section {number} after {section}");
            section = number;
        });
        Dispatcher? restored = Dispatcher.Restore(saved.WrittenSpan, map, out string? fault);
        Assert.True(restored is not null, fault);
        ArrayBufferWriter<byte> again = new();
        restored.Save(again);
        Assert.True(saved.WrittenSpan.SequenceEqual(again.WrittenSpan), "what was restored is saved otherwise");
        Assert.Equal(dispatcher.DueInMs, restored.DueInMs);
        Assert.Equal((dispatcher.OpenRequests, dispatcher.WaitingRequests, dispatcher.AssetsHeld), (restored.OpenRequests, restored.WaitingRequests, restored.AssetsHeld));
        return restored;
    }

    /// <summary>The node was started again, with another configuration.</summary>
    public void Restart(DispatchMap map) => Dispatcher = Restored(Dispatcher, _map = map);

    void IDispatcherOutput.Send(Command command)
    {
        Sent.Add(command);
        Told.Add($">{command.CommandId}{(command.Action == Command.Withdraw ? "" : "." + command.Action)}{(command.Targets.IsEmpty ? "" : $"({string.Join(',', command.Targets)})")}{(command.Attempt > 1 ? "#" + command.Attempt : "")}");
    }

    void IDispatcherOutput.Tell(string incidentId, CommandProgress progress)
    {
        Heard.Add(progress);
        Told.Add($"{progress.CommandId}:{progress.Status}{(progress.Assets.IsEmpty ? "" : $"({string.Join(',', progress.Assets)})")}");
    }

    void IDispatcherOutput.Entry(DispatchEntry entry) => Entries.Add(entry);

    private void Hear(string word)
    {
        if (word.Contains('=', StringComparison.Ordinal) && !word.StartsWith(':'))
        {
            Ask(word);
        }
        else if (word[0] == 'w' && double.TryParse(word[1..], CultureInfo.InvariantCulture, out double seconds))
        {
            Wait((long)(seconds * 1000));
        }
        else if (word.StartsWith("close:", StringComparison.Ordinal))
        {
            Dispatcher.Release(word[6..], _nowInMs);
        }
        else if (word.EndsWith('-'))
        {
            CommandRequest of = _asked[word[..^1]];
            string undo = of.CommandId + "-" + (_asked.Keys.Count(id => id.StartsWith(of.CommandId + "-", StringComparison.Ordinal)) is var n and > 0 ? n + 1 : "");
            _asked[undo] = of with { CommandId = undo, Action = Kind.Actions[of.Action].Undo ?? "none", Compensates = of.CommandId, Parameters = NoParameters, DeadlineInMs = _nowInMs + 600_000 };
            Dispatcher.Ask(_asked[undo], _nowInMs);
        }
        else if (word.EndsWith('!'))
        {
            Dispatcher.Withdraw(word[..^1], _nowInMs);
        }
        else if (word.EndsWith('?'))
        {
            Dispatcher.Ask(_asked[word[..^1]], _nowInMs);
        }
        else
        {
            string[] parts = word.Split(':');
            CommandStatus status = parts[0] switch { "ok" => CommandStatus.Accepted, "exec" => CommandStatus.Executing, "done" => CommandStatus.Done, "failed" => CommandStatus.Failed, "rejected" => CommandStatus.Rejected, _ => throw new ArgumentException(word) };
            Dispatcher.Hear(new CommandResult(parts[1], status, _nowInMs, status > CommandStatus.Done ? "because" : ""), _nowInMs);
        }
    }

    private void Ask(string word)
    {
        string id = word.Split('=')[0];
        string[] rest = word[(id.Length + 1)..].Split('/', 2);
        CommandRequest request = new(id, id[..1], "s", "fire", "x", rest[0], [], NoParameters, Kind.Actions[rest[0]].Target == ActionTarget.Unit ? 1 : 0, 5, _nowInMs + 600_000, null, false);
        string options = rest[1];
        int end = options.IndexOfAny(['*', '@', ':', '!', 'i']);
        request = request with { Priority = int.Parse(end < 0 ? options : options[..end], CultureInfo.InvariantCulture) };
        while (end >= 0)
        {
            int next = options.IndexOfAny(['*', '@', ':', '!', 'i'], end + (options[end] == 'i' ? 3 : 1));
            string value = options[(end + 1)..(next < 0 ? options.Length : next)];
            request = options[end] switch
            {
                '*' => request with { Count = int.Parse(value, CultureInfo.InvariantCulture) },
                '@' => request with { Location = new GeoPoint(double.Parse(value, CultureInfo.InvariantCulture), 0) },
                ':' => request with { Parameters = request.Parameters.Add(value.Split('=')[0], value.Split('=')[1]) },
                '!' => request with { DeadlineInMs = _nowInMs + (1000 * long.Parse(value, CultureInfo.InvariantCulture)) },
                _ => request with { Area = value[2..] },
            };
            end = next;
        }

        _asked[id] = request;
        Dispatcher.Ask(request, _nowInMs);
    }

    /// <summary>Woken as it wants to be, until then.</summary>
    private void Wait(long milliseconds)
    {
        long end = _nowInMs + milliseconds;
        for (int turns = 0; Dispatcher.DueInMs <= end; turns++)
        {
            Assert.True(turns < 10_000, "it wants to be woken again and again");
            _nowInMs = Math.Max(_nowInMs, Dispatcher.DueInMs);
            Dispatcher.Wake(_nowInMs);
        }

        _nowInMs = end;
    }

    private static SystemAction Action(string name, ActionTarget target, string? undo = null) =>
        new() { Name = name, Title = name, Target = target, Undo = undo, Within = TimeSpan.FromMinutes(10) };
}
