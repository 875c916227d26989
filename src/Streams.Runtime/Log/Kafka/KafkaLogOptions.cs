using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Streams.Runtime.Log.Kafka;

/// <summary>How to reach a Kafka cluster, and the limits kept towards it.</summary>
public sealed record KafkaLogOptions
{
    /// <summary>Brokers to start from: <c>host:port</c>, separated by commas.</summary>
    public required string BootstrapServers { get; init; }

    /// <summary>Name of this program in the brokers' logs and quotas.</summary>
    public string ClientId { get; init; } = "streams";

    /// <summary>
    /// How long a silent member keeps its partitions: failover takes about twice as long. Default 6 s; 4 s to 5 min. Brokers refuse
    /// less than 6 s unless configured otherwise (<c>group.min.session.timeout.ms</c>); below 4 s the embedded broker's groups stall.
    /// </summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>How long the polling thread may do other work before its partitions go to others. Default 60 s; at least the session timeout.</summary>
    public TimeSpan PollTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes of records one reader keeps fetched and not yet handed out. Default 128 MB; 1 MB to 2 GB.</summary>
    public int ReadAheadInBytes { get; init; } = 128 << 20;

    /// <summary>
    /// Records one reader keeps fetched, over all its partitions. Default 250,000, a quarter of a second at full speed; 1 to 10,000,000.
    /// librdkafka spends about 300 bytes on a record beside its own, which <see cref="ReadAheadInBytes"/> does not count: so a reader
    /// holds at most 75 + 128 MB by default, and a fetch's answer more.
    /// </summary>
    public int ReadAheadInRecords { get; init; } = 250_000;

    /// <summary>Most records one poll hands out. Default 4,096; 1 to 65,536.</summary>
    public int RecordsPerPoll { get; init; } = 4096;

    /// <summary>Longest a writer goes on without any delivery while some are due; then it fails as a whole. Default 30 s; 1 s to 1 h.</summary>
    public TimeSpan DeliveryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest a reader waits for brokers that are all unreachable before it gives up, to be built anew. Default 30 s; 1 s to 1 h.</summary>
    public TimeSpan OutageTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest one question to a broker takes (metadata, offsets, creating topics). Default 10 s; 100 ms to 5 min.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest leaving the group takes when a reader is disposed of. Default 5 s; up to 5 min.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Names this life of the log; null takes Kafka's cluster id. For several processes on one embedded broker, give each the broker's.</summary>
    public string? Incarnation { get; init; }

    /// <summary>Further properties of librdkafka, applied last: security (<c>security.protocol</c>, <c>sasl.*</c>, <c>ssl.*</c>), <c>client.rack</c> and the like.</summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>Where the client's own log lines go. Default: nowhere.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <exception cref="ArgumentException">An option is out of its range; the message names it and says what is allowed.</exception>
    public void Validate()
    {
        if (string.IsNullOrWhiteSpace(BootstrapServers))
        {
            throw new ArgumentException("BootstrapServers is empty: give at least one host:port.");
        }

        Between(SessionTimeout, TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(5), nameof(SessionTimeout));
        Between(PollTimeout, SessionTimeout, TimeSpan.FromHours(24), nameof(PollTimeout));
        Between(ReadAheadInBytes, 1 << 20, int.MaxValue, nameof(ReadAheadInBytes));
        Between(ReadAheadInRecords, 1, 10_000_000, nameof(ReadAheadInRecords));
        Between(RecordsPerPoll, 1, 65_536, nameof(RecordsPerPoll));
        Between(DeliveryTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), nameof(DeliveryTimeout));
        Between(OutageTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), nameof(OutageTimeout));
        Between(RequestTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5), nameof(RequestTimeout));
        Between(CloseTimeout, TimeSpan.Zero, TimeSpan.FromMinutes(5), nameof(CloseTimeout));
    }

    /// <summary>What every kind of client is configured with; <paramref name="role"/> tells them apart in the brokers' logs.</summary>
    internal Dictionary<string, string> ClientProperties(string role) => new()
    {
        ["bootstrap.servers"] = BootstrapServers,
        ["client.id"] = $"{ClientId}-{role}",
        // Small requests wait for nothing: with Nagle's algorithm a round trip costs up to 40 ms.
        ["socket.nagle.disable"] = "true",
        // The default backs off to 10 s, longer than a failover may take.
        ["reconnect.backoff.ms"] = "50",
        ["reconnect.backoff.max.ms"] = "1000",
    };

    private static void Between<T>(T value, T low, T high, string name)
        where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            throw new ArgumentException($"{name} is {value}; allowed is {low} to {high}.");
        }
    }
}
