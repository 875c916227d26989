namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// Watches what librdkafka does not tell a group member: that all brokers stayed away, or that others, of another cluster, took
/// their place at the same address. In either case the member would wait for good, and has to be built anew. librdkafka says at
/// most once that all brokers are down, and not at all when it forgets its coordinator in the same moment: so any lost connection
/// is a reason to ask, until one answers.
/// </summary>
internal sealed unsafe class KafkaOutage(KafkaClient client, KafkaLogOptions options)
{
    /// <summary>A probe asks a broker, so it happens only after trouble; the cluster's id is known locally.</summary>
    private static readonly TimeSpan s_checkEvery = TimeSpan.FromSeconds(1);

    private const int ProbeInMs = 200;

    private long _checkedAt = options.Time.GetTimestamp();
    private long? _downSince;
    private bool _suspected;
    private string _clusterId = "";

    /// <summary>librdkafka says that no broker can be reached.</summary>
    public void Begin()
    {
        _suspected = true;
        _downSince ??= options.Time.GetTimestamp();
    }

    /// <summary>A connection or the group was lost: whether that is an outage, the next check finds out.</summary>
    public void Suspect() => _suspected = true;

    /// <summary>Records came; they may have been fetched before, so a suspicion stays.</summary>
    public void Over() => _downSince = null;

    /// <summary>Null while there is no reason to give up. Called between polls; does something once a second.</summary>
    public LogFailedException? Check()
    {
        if (options.Time.GetElapsedTime(_checkedAt) < s_checkEvery)
        {
            return null;
        }

        _checkedAt = options.Time.GetTimestamp();
        if (_suspected && !BrokersAnswer())
        {
            long since = _downSince ??= options.Time.GetTimestamp();
            TimeSpan down = options.Time.GetElapsedTime(since);
            return down < options.OutageTimeout
                ? null
                : new LogFailedException($"No Kafka broker at {options.BootstrapServers} could be reached for {down.TotalSeconds:0} s.");
        }

        _suspected = false;
        _downSince = null;
        string clusterId = client.ClusterId(0);
        if (clusterId.Length == 0 || clusterId == _clusterId)
        {
            return null;
        }

        string before = _clusterId;
        _clusterId = clusterId;
        return before.Length == 0
            ? null
            : new LogFailedException($"The Kafka cluster at {options.BootstrapServers} is another one now: {clusterId}, before {before}.");
    }

    private bool BrokersAnswer()
    {
        RdError error = Rd.Metadata(client.Handle, 0, 0, out RdMetadata* metadata, ProbeInMs);
        if (error == RdError.None)
        {
            Rd.MetadataDestroy(metadata);
        }

        return error == RdError.None;
    }
}
