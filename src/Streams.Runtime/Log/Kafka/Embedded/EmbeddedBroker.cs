using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Streams.Runtime.Log.Kafka.Embedded;

/// <summary>
/// librdkafka's own broker in this process: it speaks the Kafka protocol on 127.0.0.1, to this and other processes, and keeps its
/// log in memory. For evaluation and tests: nothing survives the process, a partition keeps its newest <see cref="MaxPartitionBytes"/>
/// or <see cref="MaxPartitionSets"/>, topics are not compacted, transactions isolate nothing, and all members of a group must use the
/// same assignor (another one would end the process).
/// </summary>
public sealed unsafe class EmbeddedBroker : IDisposable
{
    /// <summary>What one partition keeps; the oldest message sets go when more comes. Pause ingest well before a reader is this far behind.</summary>
    public const long MaxPartitionBytes = 5 * 1024 * 1024;

    /// <summary>Message sets (produced batches) one partition keeps, whatever their size.</summary>
    public const int MaxPartitionSets = 100_000;

    private const int AllBrokers = -1;

    private readonly KafkaClient _client;
    private readonly nint _cluster;
    private readonly BootstrapForwarder? _forwarder;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _topics = [];
    private Socket? _heldPort;
    private bool _disposed;

    /// <param name="topics">Topics to have from the start.</param>
    /// <param name="port">Fixed port on 127.0.0.1 at which clients find the broker; 0 gives them the broker's own, which is another each time.</param>
    /// <exception cref="LogFailedException">librdkafka is not there, or the port is taken.</exception>
    public EmbeddedBroker(IReadOnlyCollection<TopicSpec> topics, int port = 0, ILogger? logger = null)
    {
        // Without this the broker's answers wait up to 40 ms for the client's acknowledgements.
        var properties = new Dictionary<string, string> { ["client.id"] = "embedded-broker", ["socket.nagle.disable"] = "true" };
        _client = new KafkaClient(Rd.Producer, properties, new Dictionary<string, string>(), logger ?? NullLogger.Instance);
        _cluster = Rd.MockClusterNew(_client.Handle, 1);
        if (_cluster == 0)
        {
            _client.Release();
            throw new LogFailedException("librdkafka could not start its embedded broker.");
        }

        Address = Rd.Text(Rd.MockClusterBootstraps(_cluster));
        try
        {
            CreateTopics(topics);
            if (port != 0)
            {
                _forwarder = new BootstrapForwarder(port, Address);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where clients are to start: <c>127.0.0.1:port</c>.</summary>
    public string BootstrapServers => _forwarder?.Address ?? Address;

    /// <summary>Names this broker's log, which ends with it. Its Kafka cluster id is a mere address in memory.</summary>
    public string Incarnation { get; } = Guid.NewGuid().ToString("N");

    /// <summary>The broker's own address, as its metadata gives it.</summary>
    internal string Address { get; }

    /// <summary>By the id librdkafka gives such a broker's cluster.</summary>
    internal static bool IsOne(string clusterId) => clusterId.StartsWith("mockCluster", StringComparison.Ordinal);

    /// <summary>A log on this broker. Its <see cref="ILog.EnsureTopics"/> creates topics here; that of other processes can only check them.</summary>
    /// <param name="options">Null for the defaults; its bootstrap servers and incarnation are replaced by this broker's.</param>
    public KafkaLog OpenLog(KafkaLogOptions? options = null) =>
        new((options ?? new KafkaLogOptions { BootstrapServers = BootstrapServers }) with { BootstrapServers = BootstrapServers, Incarnation = Incarnation }, CreateTopics);

    /// <summary>Creates those that are missing. Compaction and retention have no meaning here.</summary>
    /// <exception cref="TopicMismatchException">One exists with another number of partitions.</exception>
    public void CreateTopics(IReadOnlyCollection<TopicSpec> topics)
    {
        lock (_gate)
        {
            foreach (TopicSpec topic in topics)
            {
                if (_topics.TryGetValue(topic.Name, out int partitions))
                {
                    if (partitions != topic.Partitions)
                    {
                        throw new TopicMismatchException($"Topic {topic.Name} has {partitions} partitions, not {topic.Partitions}.");
                    }

                    continue;
                }

                RdError error = Rd.MockTopicCreate(_cluster, topic.Name, topic.Partitions, 1);
                if (error != RdError.None)
                {
                    throw new LogFailedException($"The embedded broker could not create topic {topic.Name}: {Rd.Describe(error)}");
                }

                _topics[topic.Name] = topic.Partitions;
            }
        }
    }

    /// <summary>Fault: closes all connections and takes no new ones. Log and port stay.</summary>
    /// <exception cref="LogFailedException">Another took the port at this very moment.</exception>
    public void GoDown()
    {
        lock (_gate)
        {
            Rd.MockBrokerDown(_cluster, AllBrokers);
            _heldPort ??= Hold(IPEndPoint.Parse(Address));
        }
    }

    /// <summary>Ends <see cref="GoDown"/>.</summary>
    public void ComeUp()
    {
        lock (_gate)
        {
            // A port that is only bound can be listened on beside: there is no moment at which it is anybody's.
            Rd.MockBrokerUp(_cluster, AllBrokers);
            _heldPort?.Dispose();
            _heldPort = null;
        }
    }

    /// <summary>Fault: gives up the fixed port, so that another broker can take it; clients that are connected stay so.</summary>
    public void LeavePort() => _forwarder?.Dispose();

    /// <summary>Fault: every answer takes this long. Zero ends it.</summary>
    public void Delay(TimeSpan roundTrip) => Rd.MockBrokerRoundTrip(_cluster, AllBrokers, (int)roundTrip.TotalMilliseconds);

    /// <summary>Fault: the next <paramref name="times"/> requests of this kind, from anyone, are answered with this error.</summary>
    /// <param name="error">Kafka's error code (6 = not leader, 10 = too large); -195 drops the connection instead.</param>
    public void FailNext(KafkaRequest request, int error, int times = 1)
    {
        var errors = new RdError[times];
        Array.Fill(errors, (RdError)error);
        fixed (RdError* first = errors)
        {
            Rd.MockPushErrors(_cluster, (short)request, (nuint)times, first);
        }
    }

    /// <summary>Ends <see cref="FailNext"/>.</summary>
    public void StopFailing(KafkaRequest request) => Rd.MockClearErrors(_cluster, (short)request);

    /// <summary>
    /// Bound, not listening: the system gives the port to nobody else, while connecting to it is refused. librdkafka ends the process
    /// when it cannot have its port back, and the system hands such ports out as local ones of any connection.
    /// </summary>
    private static Socket Hold(IPEndPoint address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(address);
            return socket;
        }
        catch (SocketException exception)
        {
            socket.Dispose();
            throw new LogFailedException($"The embedded broker, being down, could not keep its port {address}: {exception.Message}");
        }
    }

    /// <summary>Stops the broker; its log is gone.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _forwarder?.Dispose();
        _heldPort?.Dispose();
        Rd.MockClusterDestroy(_cluster);
        _client.Release();
        _client.WaitUntilDestroyed(TimeSpan.FromSeconds(5));
    }
}

/// <summary>Kinds of Kafka request a fault can be put on, by their API key.</summary>
public enum KafkaRequest : short
{
    Produce = 0,
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
    LeaveGroup = 13,
    SyncGroup = 14,
    InitProducerId = 22,
}
