using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// One client of librdkafka: its configuration, its callbacks, and its life. The client lives until its owner and every record
/// batch that points into its memory have let go; destroying it earlier would free records in use, or hang.
/// </summary>
internal sealed unsafe partial class KafkaClient
{
    private readonly ILogger _logger;
    private readonly string _name;
    private readonly Action<RdError, string>? _onError;
    private readonly RebalanceHandler? _onRebalance;
    private readonly TaskCompletionSource _destroyed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private GCHandle _self;
    private int _references = 1;
    private volatile bool _isAbandoned;

    /// <param name="type"><see cref="Rd.Consumer"/> or <see cref="Rd.Producer"/>.</param>
    /// <param name="properties">librdkafka's properties; one that its version does not know and whose name ends in <c>?</c> is left out.</param>
    /// <param name="overrides">Applied after <paramref name="properties"/>.</param>
    /// <param name="events">Events to queue instead of calling back; 0 for none.</param>
    /// <exception cref="ArgumentException">A property or its value is not known.</exception>
    /// <exception cref="LogFailedException">The library is not there, or refused to make a client.</exception>
    public KafkaClient(
        int type,
        IReadOnlyDictionary<string, string> properties,
        IReadOnlyDictionary<string, string> overrides,
        ILogger logger,
        Action<RdError, string>? onError = null,
        RebalanceHandler? onRebalance = null,
        int events = 0)
    {
        NativeKafka.EnsureLoaded();
        _logger = logger;
        _onError = onError;
        _onRebalance = onRebalance;
        _name = properties.GetValueOrDefault("client.id", "kafka");
        nint conf = Rd.ConfNew();
        try
        {
            foreach (KeyValuePair<string, string> property in properties.Concat(overrides))
            {
                Set(conf, property.Key, property.Value);
            }
        }
        catch
        {
            Rd.ConfDestroy(conf);
            throw;
        }

        _self = GCHandle.Alloc(this);
        Rd.ConfSetOpaque(conf, GCHandle.ToIntPtr(_self));
        Rd.ConfSetLog(conf, &OnLog);
        if (onError is not null)
        {
            Rd.ConfSetError(conf, &OnError);
        }

        if (onRebalance is not null)
        {
            Rd.ConfSetRebalance(conf, &OnRebalance);
        }

        if (events != 0)
        {
            Rd.ConfSetEvents(conf, events);
        }

        byte* error = stackalloc byte[512];
        Handle = Rd.New(type, conf, error, 512);
        if (Handle == 0)
        {
            Rd.ConfDestroy(conf);
            _self.Free();
            throw new LogFailedException($"Kafka's client {_name} could not be made: {Rd.Text(error)}");
        }
    }

    /// <summary>An exception that escapes ends the process: it would unwind through native frames.</summary>
    public delegate void RebalanceHandler(RdError what, RdTopicPartitions* partitions);

    public nint Handle { get; }

    /// <summary>The queue its owner polls, freed with the client; 0 for none.</summary>
    public nint Queue { get; set; }

    /// <summary>Set whenever something has come into a queue that is told to <see cref="Signal"/>.</summary>
    public AutoResetEvent Signals { get; } = new(false);

    /// <summary>Empty while no broker has answered yet.</summary>
    public string ClusterId(int timeoutInMs)
    {
        byte* id = Rd.ClusterId(Handle, timeoutInMs);
        string text = Rd.Text(id);
        if (id is not null)
        {
            Rd.Free(Handle, id);
        }

        return text;
    }

    /// <summary>What made an idempotent producer or the group member useless; null while all is well.</summary>
    public string? FatalError()
    {
        byte* text = stackalloc byte[512];
        return Rd.FatalError(Handle, text, 512) == RdError.None ? null : Rd.Text(text);
    }

    public void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>The last one to let go destroys the client, on a thread of its own, for that takes a while.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            new Thread(Destroy) { IsBackground = true, Name = $"{_name} destroy" }.Start();
        }
    }

    /// <summary>Its owner lets go without destroying it, which would abort the process: it says nothing more, and is there until the process ends.</summary>
    public void Abandon() => _isAbandoned = true;

    /// <summary>False once everyone has let go.</summary>
    public bool IsReferenced => Volatile.Read(ref _references) > 0;

    /// <summary>False when batches are still held, or brokers were slow to let go.</summary>
    public bool WaitUntilDestroyed(TimeSpan limit) => _destroyed.Task.Wait(limit);

    public void Signal(nint queue) => Rd.QueueCallback(queue, &OnQueue, GCHandle.ToIntPtr(_self));

    private void Destroy()
    {
        if (Queue != 0)
        {
            Rd.QueueCallback(Queue, null, 0);
            Rd.QueueDestroy(Queue);
        }

        Rd.Destroy(Handle, Rd.DestroyWithoutClose);
        _self.Free();
        _destroyed.SetResult();
    }

    private static void Set(nint conf, string name, string value)
    {
        bool optional = name.EndsWith('?');
        byte* error = stackalloc byte[512];
        int result = Rd.ConfSet(conf, name.TrimEnd('?'), value, error, 512);
        if (result != Rd.ConfOk && !(optional && result == Rd.ConfUnknown))
        {
            throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"Kafka's property {name} can not be '{value}': {Rd.Text(error)}"));
        }
    }

    private static KafkaClient? Of(nint opaque) => opaque == 0 ? null : GCHandle.FromIntPtr(opaque).Target as KafkaClient;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(nint client, int level, byte* facility, byte* text)
    {
        if (Of(client == 0 ? 0 : Rd.Opaque(client)) is { _isAbandoned: false } at)
        {
            // Syslog's levels: 0 to 2 are worse than an error, 5 is a notice.
            LogLevel logLevel = level switch { <= 2 => LogLevel.Critical, 3 => LogLevel.Error, 4 => LogLevel.Warning, <= 6 => LogLevel.Information, _ => LogLevel.Debug };
            if (at._logger.IsEnabled(logLevel))
            {
                string source = Rd.Text(facility), line = Rd.Text(text);
                if (source is "CONFWARN" or "AUTOCREATE" or "COMMITFAIL")
                {
                    // Said at every start of what is set on purpose: experimental settings, and one that a broker may not know. Or, at every
                    // rebalance, of positions that are told for lag tools only.
                    return;
                }

                LogClient(at._logger, logLevel, at._name, source, line);
            }
        }
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnQueue(nint client, nint opaque) => Of(opaque)?.Signals.Set();

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnError(nint client, RdError error, byte* reason, nint opaque) =>
        Of(opaque)?._onError?.Invoke(error, Rd.Text(reason));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnRebalance(nint client, RdError what, RdTopicPartitions* partitions, nint opaque) =>
        Of(opaque)?._onRebalance?.Invoke(what, partitions);

    [LoggerMessage(EventId = 1100, Message = "Kafka client {Client} {Facility}: {Text}")]
    private static partial void LogClient(ILogger logger, LogLevel level, string client, string facility, string text);
}
