using System.Globalization;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Configuration;
using Streams.Runtime.Log;

namespace Streams.Cluster.Tests;

/// <summary>
/// Readings of 200 devices in 10 areas, the same at every run but for the time they begin: each speaks once a round, 10 s of event time
/// apart, is beyond its limit once in 97 rounds, and once in 50 rounds one sends a metric that does not exist.
/// </summary>
internal sealed class CityStream(long firstInMs)
{
    public const int Devices = 200;
    public const int Areas = 10;
    public const int IntervalInMs = 10_000;
    private const int MinuteInMs = 60_000;
    private const int CrossingEvery = 97;
    private const int BadEvery = 50;
    private const double Usual = 40;
    private const double Beyond = 300;

    public static string IdOf(int device) => string.Create(CultureInfo.InvariantCulture, $"sensor-{device:D3}");

    public static string AreaOf(int device) => string.Create(CultureInfo.InvariantCulture, $"testville/district-{device % Areas}");

    public static bool IsBad(int device, int round) => device == round % Devices && round % BadEvery == BadEvery - 1;

    public string Reading(int device, int round)
    {
        string metric = IsBad(device, round) ? "pm3" : "pm2_5";
        double value = ((device * 7) + round) % CrossingEvery == 0 ? Beyond : Usual + ((device + round) % 7);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"deviceId":"{{IdOf(device)}}","time":"{{DateTimeOffset.FromUnixTimeMilliseconds(firstInMs + ((long)round * IntervalInMs)):yyyy-MM-ddTHH:mm:ss.fffZ}}","metrics":{"{{metric}}":{{value}}},"type":"test_sensor","area":"{{AreaOf(device)}}","sequence":{{round + 1}}}""");
    }

    /// <summary>How many of a device's readings of so many rounds are to be taken.</summary>
    public static int AcceptedOf(int device, int rounds) => rounds - Enumerable.Range(0, rounds).Count(round => IsBad(device, round));

    /// <summary>Accepted readings of a device in each minute that is over when the last of so many rounds has come, by the minute's start.</summary>
    public Dictionary<long, int> MinutesOf(int device, int rounds)
    {
        long TimeOf(int round) => firstInMs + ((long)round * IntervalInMs);
        return Enumerable.Range(0, rounds)
            .Where(round => !IsBad(device, round))
            .GroupBy(round => TimeOf(round) / MinuteInMs * MinuteInMs)
            .Where(minute => minute.Key + MinuteInMs <= TimeOf(rounds - 1))
            .ToDictionary(minute => minute.Key, minute => minute.Count());
    }

    public static int BadIn(int rounds) => Enumerable.Range(0, rounds).Sum(round => Enumerable.Range(0, Devices).Count(device => IsBad(device, round)));

    public void SendRound(ILogWriter writer, string topic, int partitions, int round, IDelivery delivery)
    {
        for (int device = 0; device < Devices; device++)
        {
            byte[] key = Encoding.UTF8.GetBytes(IdOf(device));
            writer.Send(
                new OutgoingRecord
                {
                    Topic = topic,
                    Partition = Partitioner.PartitionOf(key, partitions),
                    Key = key,
                    Value = Encoding.UTF8.GetBytes(Reading(device, round)),
                },
                delivery);
        }
    }

    /// <summary>What each device must have decided after so many rounds, in order: reckoned without cluster, log or store.</summary>
    public Dictionary<string, List<AnomalyEvent>> Decisions(int rounds, ClusterConfiguration configuration)
    {
        DeviceCatalog catalog = new(configuration.DeviceTypes);
        Reading reading = new();
        Dictionary<string, List<AnomalyEvent>> decisions = [];
        for (int i = 0; i < Devices; i++)
        {
            Device device = new(IdOf(i));
            Decided decided = new();
            for (int round = 0; round < rounds; round++)
            {
                long now = firstInMs + ((long)round * IntervalInMs);
                Assert.True(ReadingParser.TryParse(Encoding.UTF8.GetBytes(Reading(i, round)), now, reading, out Refusal? refusal), refusal?.Message);
                Assert.Equal(IsBad(i, round), device.Apply(reading, catalog, now).Kind == OutcomeKind.Refused);
                device.Drain(decided);
            }

            decisions[device.Id] = decided.Anomalies;
        }

        return decisions;
    }

    private sealed class Decided : IDeviceOutput
    {
        public List<AnomalyEvent> Anomalies { get; } = [];

        public void Registered(DeviceRegistration registration)
        {
        }

        public void Moved(DeviceRegistration registration, string fromArea)
        {
        }

        public void Anomaly(AnomalyEvent anomaly) => Anomalies.Add(anomaly);

        public void Closed(in ClosedWindow window)
        {
        }

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
        {
        }
    }
}
