using System.Buffers;
using System.Text;
using Streams.Domain.Areas;
using Streams.Domain.Dispatch;
using Streams.Runtime.Log;

namespace Streams.Chaos.Load;

/// <summary>
/// The city's systems: they do each command once, whatever they are sent again, after a while; some they refuse, some fail, and some answers never leave. What is done to a place
/// is done to all within it. It lives outside of the cluster and does not die with its nodes.
/// </summary>
internal sealed class ObedientCity(ILog log, string results, Random random) : IDisposable, IDelivery
{
    private ILogWriter _writer = log.CreateWriter("city-systems", lingerInMs: 5);
    private volatile bool _isWriterDead;
    private readonly Dictionary<string, CommandStatus> _known = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Command, long> _underWay = new();
    private readonly Dictionary<string, long> _lastDue = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sealed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _told = new(StringComparer.Ordinal);

    /// <summary>Whom each unit is busy with, from its being accepted on.</summary>
    private readonly Dictionary<string, Command> _busy = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private Timer? _timer;
    private bool _isSpoilt = true;

    /// <summary>What was done, by command; each once.</summary>
    public List<Command> Done { get; } = [];

    /// <summary>Units that were given to one incident while they were another's, in words.</summary>
    public List<string> Doubled { get; } = [];

    /// <summary>Incidents that have a unit now.</summary>
    public IReadOnlyCollection<string> Guarded => [.. _busy.Values.Select(command => command.IncidentId).Distinct()];

    /// <summary>Units that were given something to do.</summary>
    public long Sent { get; private set; }

    public long Repeats { get; private set; }

    public long Refused { get; private set; }

    public void Start() => _timer = new Timer(_ => Work(), null, TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(50));

    /// <summary>From now on everything is done and answered.</summary>
    public void BeGood() => _isSpoilt = false;

    public void Locked(Action look)
    {
        lock (_gate)
        {
            look();
        }
    }

    /// <summary>Places that are sealed now.</summary>
    public IReadOnlyCollection<string> Sealed => _sealed;

    /// <summary>What came of the commands about a place, those around it and those within it, the last ones.</summary>
    public string PastOf(string place) => string.Join("; ", _told.Where(each => AreNested(each.Key, place)).SelectMany(each => each.Value).Order(StringComparer.Ordinal).TakeLast(40));

    /// <summary>A record of the commands' topic.</summary>
    public void Take(ReadOnlySpan<byte> value)
    {
        Command command = CommandJson.Read(value, out string? fault) ?? throw new InvalidDataException($"A command that is none: {fault}");
        lock (_gate)
        {
            if (_known.TryGetValue(command.CommandId, out CommandStatus status))
            {
                Repeats++;
                Answer(command, status, "as before");
                return;
            }

            if (command.Action == Command.Withdraw)
            {
                Withdraw(command);
                return;
            }

            // A command that came late is not done: who gave it has given it up.
            int luck = command.DeadlineInMs <= Now() ? 0 : _isSpoilt ? random.Next(100) : 99;
            if (luck < 3)
            {
                Refused++;
                Set(command, CommandStatus.Rejected, isTold: true);
                return;
            }

            Occupy(command);
            Set(command, CommandStatus.Accepted, isTold: luck >= 6);

            // What is said of one place, or of one within another, is done in the order in which it was said.
            long due = Math.Max(Now() + random.Next(50, 1500), _lastDue.Where(each => AreNested(each.Key, command.Where)).Select(each => each.Value + 1).DefaultIfEmpty().Max());
            _lastDue[command.Where] = due;
            _underWay.Enqueue(command, due);
        }
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _writer.Dispose();
    }

    private static long Now() => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private void Withdraw(Command command)
    {
        string other = command.Compensates!;

        // It may come yet: what is withdrawn is not done then either.
        CommandStatus status = _known.TryAdd(other, CommandStatus.Failed) ? CommandStatus.Failed : _known[other];
        if (status is CommandStatus.Accepted or CommandStatus.Executing)
        {
            _known[other] = CommandStatus.Failed;
            Free(busy => busy.CommandId == other);
            Answer(command with { CommandId = other }, CommandStatus.Failed, "withdrawn");
        }

        // What is done already stays: whoever withdraws it has not heard that, and is to take it back.
        Set(command, status == CommandStatus.Done ? CommandStatus.Failed : CommandStatus.Done, isTold: true);
    }

    private void Work()
    {
        lock (_gate)
        {
            while (_underWay.TryPeek(out Command? command, out long due) && due <= Now())
            {
                _underWay.Dequeue();
                if (_known[command.CommandId] != CommandStatus.Accepted)
                {
                    continue;
                }

                int luck = _isSpoilt ? random.Next(100) : 99;
                if (luck < 5)
                {
                    Free(busy => busy.CommandId == command.CommandId);
                    Set(command, CommandStatus.Failed, isTold: true);
                    continue;
                }

                Do(command);
                Set(command, CommandStatus.Done, isTold: luck >= 7);
            }
        }
    }

    private void Do(Command command)
    {
        Done.Add(command);
        string place = command.Where;
        if (command.Action == "seal")
        {
            _sealed.Add(place);
        }
        else if (command.Action == "visit")
        {
            Free(busy => busy.CommandId == command.CommandId);
        }
        else if (command.Action == "recall")
        {
            command.Targets.ToList().ForEach(unit => _busy.Remove(unit));
        }
        else if (command.Action == "unseal")
        {
            _sealed.RemoveWhere(each => AreaPath.IsWithin(each, place));
        }
    }

    private void Occupy(Command command)
    {
        foreach (string unit in command.Action is "guard" or "visit" ? command.Targets : [])
        {
            if (_busy.TryGetValue(unit, out Command? other))
            {
                Doubled.Add($"{unit} was given {command.CommandId} while it was busy with {other.CommandId}");
            }

            _busy[unit] = command;
            Sent++;
        }
    }

    private void Free(Func<Command, bool> which)
    {
        foreach ((string unit, _) in _busy.Where(busy => which(busy.Value)).ToArray())
        {
            _busy.Remove(unit);
        }
    }

    private static bool AreNested(string one, string other) => AreaPath.IsWithin(one, other) || AreaPath.IsWithin(other, one);

    private void Set(Command command, CommandStatus status, bool isTold)
    {
        _known[command.CommandId] = status;
        if (!_told.TryGetValue(command.Where, out List<string>? told))
        {
            _told.Add(command.Where, told = []);
        }

        told.Add($"{DateTimeOffset.UtcNow:HH:mm:ss.fff} {command.Where} {command.Action} {command.CommandId} {status}{(isTold ? "" : ", not told")}");
        if (isTold)
        {
            Answer(command, status, "");
        }
    }

    private void Answer(Command command, CommandStatus status, string reason)
    {
        ArrayBufferWriter<byte> body = new(256);
        CommandJson.Write(body, new CommandResult(command.CommandId, status, Now(), reason));
        byte[] key = Encoding.UTF8.GetBytes(command.Key);
        if (_isWriterDead)
        {
            // A broker that refuses what an idempotent writer sends ends it for good.
            _writer.Dispose();
            _writer = log.CreateWriter("city-systems", lingerInMs: 5);
            _isWriterDead = false;
        }

        _writer.Send(
            new OutgoingRecord { Topic = results, Partition = Partitioner.PartitionOf(key, log.PartitionsOf(results)), Key = key, Value = body.WrittenSpan },
            this);
    }

    void IDelivery.Delivered()
    {
    }

    /// <summary>An answer that does not arrive is one of those that never left.</summary>
    void IDelivery.Failed(string reason, bool fatal) => _isWriterDead |= fatal;
}
