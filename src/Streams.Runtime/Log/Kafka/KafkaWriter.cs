using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// An idempotent producer that never leaves a hole: when a record can not be delivered, neither is any later one. The writer fails
/// as a whole, and its user sends again, in order, with a new one. Only a record that is too large to be sent at all fails alone.
/// </summary>
internal sealed unsafe partial class KafkaWriter : ILogWriter
{
    /// <summary>Records waiting or in flight: at 200,000 records a second, one second's worth.</summary>
    private const int QueuedRecords = 200_000;

    private const int QueuedKilobytes = 128 * 1024;

    /// <summary>Kafka's own default limit is 1,048,588 for a message set; librdkafka counts the record alone.</summary>
    private const int LargestRecordInBytes = 1_000_000;

    private const int BatchInBytes = 512 * 1024;

    /// <summary>Header names up to this many bytes together are made C strings on the stack.</summary>
    private const int StackNamesInBytes = 1024;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly KafkaLogOptions _options;
    private readonly string _name;
    private readonly KafkaClient _client;
    private readonly ConcurrentDictionary<string, nint> _topics = new();
    private readonly DeliveryTable _deliveries = new();
    private readonly Thread _reports;
    private volatile string? _failure;
    private volatile bool _stop;
    private int _disposed;

    public KafkaWriter(KafkaLogOptions options, string name, int lingerInMs)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(lingerInMs);
        _options = options;
        _name = name;
        _client = new KafkaClient(
            Rd.Producer, Properties(options, name, lingerInMs), options.Properties, options.Logger, events: Rd.EventDelivery | Rd.EventError);
        _client.Queue = Rd.QueueMain(_client.Handle);
        _reports = new Thread(ReadReports) { IsBackground = true, Name = $"kafka writer {name}" };
        _reports.Start();
    }

    public void Send(in OutgoingRecord record, IDelivery delivery)
    {
        if (!_deliveries.TryAdd(delivery, out int slot))
        {
            delivery.Failed(_failure ?? $"The writer {_name} is closed.", fatal: true);
            return;
        }

        RdError error = Produce(record, slot, out string message);
        if (error == RdError.LocalQueueFull)
        {
            long from = _options.Time.GetTimestamp();
            while (error == RdError.LocalQueueFull && _failure is null && _options.Time.GetElapsedTime(from) < s_longestWait)
            {
                _deliveries.WaitForRoom(TimeSpan.FromMilliseconds(5));
                error = Produce(record, slot, out message);
            }
        }

        if (error != RdError.None)
        {
            // The record's own fault: sending it again can not help, and others are not concerned.
            bool fatal = error != RdError.MessageTooLarge;
            string reason = $"{record.Topic}/{record.Partition}: {message}";
            if (fatal)
            {
                Fail(reason);
            }

            _deliveries.Remove(slot);
            delivery.Failed(reason, fatal);
        }
    }

    public bool Flush(TimeSpan timeout)
    {
        long from = _options.Time.GetTimestamp();
        while (!_deliveries.WaitUntilEmpty(TimeSpan.Zero))
        {
            double leftInMs = (timeout - _options.Time.GetElapsedTime(from)).TotalMilliseconds;
            if (leftInMs <= 0)
            {
                return false;
            }

            // Overrides the linger while it lasts; that all reports were also passed on is for the table to say.
            Rd.Flush(_client.Handle, (int)Math.Min(leftInMs, 50) + 1);
            _deliveries.WaitUntilEmpty(TimeSpan.FromMilliseconds(10));
        }

        return true;
    }

    /// <summary>What was not flushed fails.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        _deliveries.Close();
        if (_deliveries.Count > 0)
        {
            Fail($"The writer {_name} was closed before the record was delivered.");
        }

        bool empty = _deliveries.WaitUntilEmpty(_options.CloseTimeout);
        _stop = true;
        if (!_reports.Join(_options.CloseTimeout) || !empty)
        {
            // A sender or a delivery hangs; freeing the client under it would end the process.
            return;
        }

        foreach (nint topic in _topics.Values)
        {
            Rd.TopicDestroy(topic);
        }

        _client.Release();
        _client.WaitUntilDestroyed(_options.CloseTimeout);
    }

    private static Dictionary<string, string> Properties(KafkaLogOptions options, string name, int lingerInMs)
    {
        Dictionary<string, string> properties = options.ClientProperties(name);
        properties["enable.idempotence"] = "true";
        // A batch that fails stops the producer instead of letting later ones pass it.
        properties["enable.gapless.guarantee"] = "true";
        // The embedded broker duplicates when an acknowledgement is lost with more in flight.
        properties["max.in.flight.requests.per.connection"] = "1";
        // A record that times out would let later ones pass it: see ReadReports for the limit that is kept instead.
        properties["message.timeout.ms"] = "0";
        properties["linger.ms"] = lingerInMs.ToString(CultureInfo.InvariantCulture);
        // Costs the producer nothing measurable (less to write), halves the broker's work and the consumers' waiting, and lets the
        // embedded broker keep several times as much. A lone urgent record would only grow.
        properties["compression.codec"] = lingerInMs > 0 ? "lz4" : "none";
        properties["batch.size"] = BatchInBytes.ToString(CultureInfo.InvariantCulture);
        properties["batch.num.messages"] = "10000";
        properties["message.max.bytes"] = LargestRecordInBytes.ToString(CultureInfo.InvariantCulture);
        properties["queue.buffering.max.messages"] = QueuedRecords.ToString(CultureInfo.InvariantCulture);
        properties["queue.buffering.max.kbytes"] = QueuedKilobytes.ToString(CultureInfo.InvariantCulture);
        return properties;
    }

    private RdError Produce(in OutgoingRecord record, int slot, out string message)
    {
        HeaderBlock.Reader headers = HeaderBlock.Read(record.Headers);
        RdProduceArgument* arguments = stackalloc RdProduceArgument[7 + headers.Count];
        byte[]? rented = record.Headers.Length > StackNamesInBytes ? ArrayPool<byte>.Shared.Rent(record.Headers.Length) : null;
        byte* stackNames = stackalloc byte[rented is null ? record.Headers.Length : 0];
        fixed (byte* key = record.Key, value = record.Value, block = record.Headers, rentedNames = rented)
        {
            arguments[0] = new() { Kind = RdArgument.Topic, Pointer = (void*)TopicOf(record.Topic) };
            arguments[1] = new() { Kind = RdArgument.Partition, Int32 = record.Partition };
            arguments[2] = new() { Kind = RdArgument.Value, Pointer = value, Size = (nuint)record.Value.Length };
            arguments[3] = new() { Kind = RdArgument.Key, Pointer = key, Size = (nuint)record.Key.Length };
            arguments[4] = new() { Kind = RdArgument.Opaque, Pointer = (void*)(slot + 1) };
            arguments[5] = new() { Kind = RdArgument.Flags, Int32 = Rd.CopyPayload };
            arguments[6] = new() { Kind = RdArgument.Timestamp, Int64 = record.TimestampInMs };
            int count = 7;
            byte* names = rented is null ? stackNames : rentedNames;
            while (headers.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> headerValue))
            {
                // Each header takes three more bytes in the block than its parts, so the names and their zeros fit.
                name.CopyTo(new Span<byte>(names, name.Length));
                names[name.Length] = 0;
                fixed (byte* start = headerValue)
                {
                    // Inside the block, which stays pinned. An empty value still needs an address: none means a null header.
                    arguments[count++] = new() { Kind = RdArgument.Header, Pointer = names, HeaderValue = start is null ? block : start, HeaderSize = headerValue.Length };
                }

                names += name.Length + 1;
            }

            RdError error = Rd.Take(Rd.Produce(_client.Handle, arguments, (nuint)count), out message);
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }

            return error;
        }
    }

    private nint TopicOf(string name) =>
        _topics.TryGetValue(name, out nint topic) ? topic : _topics.GetOrAdd(name, static (name, client) => Rd.TopicNew(client.Handle, name, 0), _client);

    /// <summary>From here on nothing is delivered any more: what is queued is taken back, in one step for each partition.</summary>
    private void Fail(string reason)
    {
        if (Interlocked.CompareExchange(ref _failure, reason, null) is null)
        {
            _deliveries.Close();
            Rd.Purge(_client.Handle, Rd.PurgeQueued | Rd.PurgeInFlight);
            LogFailed(_options.Logger, _name, reason);
        }
    }

    private void ReadReports()
    {
        var messages = new nint[1024];
        long progressAt = _options.Time.GetTimestamp();
        while (!_stop)
        {
            nint @event = Rd.QueuePoll(_client.Queue, 50);
            if (@event != 0)
            {
                int type = Rd.EventType(@event);
                if (type == Rd.EventDelivery)
                {
                    Report(@event, messages);
                    progressAt = _options.Time.GetTimestamp();
                }
                else if (type == Rd.EventError && Rd.EventErrorCode(@event) == RdError.LocalFatal)
                {
                    Fail(_client.FatalError() ?? Rd.Text(Rd.EventErrorText(@event)));
                }

                Rd.EventDestroy(@event);
            }

            if (_deliveries.Count == 0)
            {
                progressAt = _options.Time.GetTimestamp();
            }
            else if (_failure is null && _options.Time.GetElapsedTime(progressAt) > _options.DeliveryTimeout)
            {
                Fail($"Kafka at {_options.BootstrapServers} took nothing for {_options.DeliveryTimeout.TotalSeconds:0.#} s.");
            }
        }
    }

    private void Report(nint @event, nint[] messages)
    {
        fixed (nint* first = messages)
        {
            var reported = (RdMessage**)first;
            int count;
            while ((count = (int)Rd.EventMessages(@event, reported, (nuint)messages.Length)) > 0)
            {
                for (int i = 0; i < count; i++)
                {
                    RdError error = reported[i]->Error;
                    if (error != RdError.None)
                    {
                        Fail($"{Rd.Text(Rd.TopicName(reported[i]->Topic))}/{reported[i]->Partition}: {_client.FatalError() ?? Rd.Describe(error)}");
                        break;
                    }
                }

                _deliveries.Report(reported, count, this);
            }
        }
    }

    /// <summary>Passes one report on. A delivery that throws is its owner's fault, and must not stop the others'.</summary>
    internal void Tell(IDelivery delivery, RdError error)
    {
        try
        {
            if (error == RdError.None)
            {
                delivery.Delivered();
            }
            else
            {
                delivery.Failed(_failure ?? Rd.Describe(error), fatal: true);
            }
        }
        catch (Exception e)
        {
            LogThrew(_options.Logger, e, _name);
        }
    }

    [LoggerMessage(1103, LogLevel.Error, "Kafka writer {Writer} failed: {Reason} What it had not delivered is to be sent again by a new one.")]
    private static partial void LogFailed(ILogger logger, string writer, string reason);

    [LoggerMessage(1104, LogLevel.Error, "Kafka writer {Writer}: the receiver of a delivery report threw; the report is taken as received.")]
    private static partial void LogThrew(ILogger logger, Exception exception, string writer);
}
