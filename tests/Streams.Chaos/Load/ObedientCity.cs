using System.Buffers;
using System.Text;
using Streams.Domain.Dispatch;
using Streams.Runtime.Log;

namespace Streams.Chaos.Load;

/// <summary>
/// The city's systems: they do each command once, whatever they are sent again, after a while; some they refuse, some fail, and some answers never leave. It lives
/// outside of the cluster and does not die with its nodes.
/// </summary>
internal sealed class ObedientCity(ILog log, string results, Random random) : IDisposable, IDelivery
{
    private ILogWriter _writer = log.CreateWriter("city-systems", lingerInMs: 5);
    private volatile bool _isWriterDead;
    private readonly Dictionary<string, CommandStatus> _known = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Command, long> _underWay = new();
    private readonly Dictionary<string, long> _lastDue = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Place, string Action), HashSet<string>> _standing = [];

    private readonly Lock _gate = new();
    private Timer? _timer;
    private bool _isSpoilt = true;

    /// <summary>What was done, by command; each once.</summary>
    public List<Command> Done { get; } = [];

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
    public IReadOnlyCollection<string> Sealed => [.. _standing.Where(each => each.Value.Count > 0).Select(each => each.Key.Place)];

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

            Set(command, CommandStatus.Accepted, isTold: luck >= 6);

            // What is said of one place is done in the order in which it was said.
            long due = Math.Max(Now() + random.Next(50, 1500), _lastDue.GetValueOrDefault(command.Where) + 1);
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
        Set(command, CommandStatus.Done, isTold: true);
        if (command.Compensates is { } other && _known.TryGetValue(other, out CommandStatus status) && status is CommandStatus.Accepted or CommandStatus.Executing)
        {
            _known[other] = CommandStatus.Failed;
            Answer(command with { CommandId = other }, CommandStatus.Failed, "withdrawn");
        }
        else if (command.Compensates is { } unheard)
        {
            // It may come yet: what is withdrawn is not done then either.
            _known.TryAdd(unheard, CommandStatus.Failed);
        }
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
            (_standing.TryGetValue((place, "seal"), out HashSet<string>? by) ? by : _standing[(place, "seal")] = []).Add(command.CommandId);
        }
        else if (command.Action == "unseal" && _standing.TryGetValue((place, "seal"), out HashSet<string>? by))
        {
            by.Clear();
        }
    }

    private void Set(Command command, CommandStatus status, bool isTold)
    {
        _known[command.CommandId] = status;
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
