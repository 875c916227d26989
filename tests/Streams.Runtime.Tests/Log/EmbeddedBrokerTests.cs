using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Runtime.Tests.Log;

public sealed class EmbeddedBrokerTests(EmbeddedKafka kafka)
{
    [Fact]
    public void While_it_is_down_the_system_gives_its_port_to_nobody()
    {
        using var broker = new EmbeddedBroker([]);
        IPEndPoint own = IPEndPoint.Parse(broker.BootstrapServers);
        broker.GoDown();
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            // IP_LOCAL_PORT_RANGE: of all ports the system may choose only this one.
            const int ofIp = 0, localPortRange = 51;
            Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.OSVersion.Version >= new Version(6, 3), "Only Linux from 6.3 on can be told which local port to choose.");
            byte[] range = new byte[4];
            BinaryPrimitives.WriteUInt16LittleEndian(range, (ushort)own.Port);
            BinaryPrimitives.WriteUInt16LittleEndian(range.AsSpan(2), (ushort)own.Port);
            client.SetRawSocketOption(ofIp, localPortRange, range);
            SocketException none = Assert.Throws<SocketException>(() => client.Bind(new IPEndPoint(IPAddress.Loopback, 0)));
            Assert.Equal(SocketError.AddressAlreadyInUse, none.SocketErrorCode);
        }

        broker.ComeUp();
        Assert.NotEmpty(AskForMetadata(own.Port));
    }

    [Fact]
    public void Any_Kafka_client_finds_the_broker_at_its_fixed_port()
    {
        int port;
        using (var listener = new TcpListener(IPAddress.Loopback, 0))
        {
            listener.Start();
            port = ((IPEndPoint)listener.LocalEndpoint).Port;
        }

        using var broker = new EmbeddedBroker([new TopicSpec("seen", 3)], port);
        Assert.Equal($"127.0.0.1:{port}", broker.BootstrapServers);

        string answer = Encoding.Latin1.GetString(AskForMetadata(port));

        Assert.Contains("seen", answer, StringComparison.Ordinal);
        LogFailedException taken = Assert.Throws<LogFailedException>(() => new EmbeddedBroker([], port));
        Assert.Contains($"127.0.0.1:{port}", taken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Topics_are_created_once_and_keep_their_partitions()
    {
        kafka.Log.EnsureTopics([new TopicSpec("kept", 3)]);
        kafka.Log.EnsureTopics([new TopicSpec("kept", 3), new TopicSpec("kept-too", 2)]);

        Assert.Equal(3, kafka.Log.PartitionsOf("kept"));
        Assert.Equal(2, kafka.Log.PartitionsOf("kept-too"));
        TopicMismatchException e = Assert.Throws<TopicMismatchException>(() => kafka.Log.EnsureTopics([new TopicSpec("kept", 4)]));
        Assert.Contains("kept", e.Message, StringComparison.Ordinal);
        Assert.Throws<LogFailedException>(() => kafka.Log.PartitionsOf("never-created"));
    }

    [Fact]
    public void A_log_that_is_not_the_hosts_checks_topics_and_says_where_they_are_created()
    {
        kafka.Log.EnsureTopics([new TopicSpec("hosted", 3)]);
        using var guest = new KafkaLog(EmbeddedKafka.Options with { BootstrapServers = kafka.Broker.BootstrapServers, Incarnation = kafka.Broker.Incarnation });

        guest.EnsureTopics([new TopicSpec("hosted", 3)]);
        Assert.Throws<TopicMismatchException>(() => guest.EnsureTopics([new TopicSpec("hosted", 5)]));
        LogFailedException e = Assert.Throws<LogFailedException>(() => guest.EnsureTopics([new TopicSpec("not-hosted", 3)]));
        Assert.Contains("process that hosts it", e.Message, StringComparison.Ordinal);
        Assert.Equal(kafka.Log.Incarnation, guest.Incarnation);
    }

    [Fact]
    public void Without_a_broker_the_error_says_where_it_was_looked_for()
    {
        using var log = new KafkaLog(new KafkaLogOptions { BootstrapServers = "127.0.0.1:1", RequestTimeout = TimeSpan.FromMilliseconds(300) });

        LogFailedException e = Assert.Throws<LogFailedException>(() => log.Incarnation);

        Assert.Contains("127.0.0.1:1", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("session.timeout.ms", "soon", "session.timeout.ms")]
    [InlineData("no.such.thing", "1", "no.such.thing")]
    public void A_wrong_client_property_is_named(string name, string value, string expected)
    {
        using KafkaLog log = kafka.Broker.OpenLog(EmbeddedKafka.Options with { Properties = new Dictionary<string, string> { [name] = value } });

        ArgumentException e = Assert.Throws<ArgumentException>(() => log.CreateReader("wrong"));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_shorter_than_groups_bear_is_refused()
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => kafka.Broker.OpenLog(EmbeddedKafka.Options with { SessionTimeout = TimeSpan.FromSeconds(3) }));

        Assert.Contains("SessionTimeout is 00:00:03; allowed is 00:00:04", e.Message, StringComparison.Ordinal);
    }

    /// <summary>A metadata request, version 0, for all topics, as any client of the last ten years sends it.</summary>
    private static byte[] AskForMetadata(int port)
    {
        byte[] request = new byte[4 + 2 + 2 + 4 + 2 + 4];
        BinaryPrimitives.WriteInt32BigEndian(request, request.Length - 4);
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(4), 3);
        BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(8), 4711);
        BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(12), -1);
        using var client = new TcpClient("127.0.0.1", port);
        using NetworkStream stream = client.GetStream();
        stream.Write(request);
        byte[] length = new byte[4];
        stream.ReadExactly(length);
        byte[] answer = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
        stream.ReadExactly(answer);
        Assert.Equal(4711, BinaryPrimitives.ReadInt32BigEndian(answer));
        return answer;
    }
}
