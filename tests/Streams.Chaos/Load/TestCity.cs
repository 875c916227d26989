using System.Globalization;

namespace Streams.Chaos.Load;

/// <summary>
/// The city that a run plays: sensors whose decisions follow from their readings alone, some of which move between areas, and beacons that
/// fall silent and come back. A sensor's event time runs <see cref="Haste"/> times as fast as the clock; a beacon's is the clock's.
/// </summary>
internal sealed class TestCity(int sensors, long firstInMs)
{
    /// <summary>
    /// An area takes late parts for ten minutes of event time after a window closed. At this haste they are a minute of the clock, longer than
    /// any fault of a run keeps a shard from its place.
    /// </summary>
    public const int Haste = 10;

    public const int IntervalInMs = 1000 * Haste;
    public const int Beacons = 40;
    public const int Districts = 8;
    public const string Root = "chaosville";
    public const string SensorType = "test_sensor";
    public const string BeaconType = "test_beacon";
    public const string BeaconMetric = "battery";

    /// <summary>A device whose every reading its actor throws at.</summary>
    public const string Throwing = "poison-throw";

    /// <summary>A device whose every reading ends the process.</summary>
    public const string Deadly = "poison-kill";

    /// <summary>Of the sensors in the first district, one in so many goes to and fro between its blocks, or to the district beside it.</summary>
    private const int MoverEvery = 5;

    /// <summary>Rounds that a mover stays.</summary>
    private const int Stay = 17;

    private const int CrossingEvery = 97;

    public int Sensors { get; } = sensors;

    public static string SensorId(int sensor) => string.Create(CultureInfo.InvariantCulture, $"sensor-{sensor:D4}");

    public static string BeaconId(int beacon) => string.Create(CultureInfo.InvariantCulture, $"beacon-{beacon:D2}");

    public static bool IsBeacon(string id) => id.StartsWith("beacon-", StringComparison.Ordinal);

    public static bool IsMover(int sensor) => sensor % Districts == 0 && sensor / Districts % MoverEvery == 0;

    /// <summary>Whether everything that is said of the area is of devices that never leave it.</summary>
    public static bool IsSettled(string area) =>
        area != Root && area != District(1) && area != District(0) && !area.StartsWith(District(0) + "/", StringComparison.Ordinal) && !area.StartsWith(District(1) + "/", StringComparison.Ordinal);

    public static string BeaconArea(int beacon) => string.Create(CultureInfo.InvariantCulture, $"{Root}/harbour/quay-{beacon % 2}");

    public static string AreaOf(int sensor, long round)
    {
        int district = sensor % Districts;
        int block = sensor / Districts % 2;
        if (IsMover(sensor) && round / Stay % 2 == 1)
        {
            // Half of them to the other block, the others to the next district.
            (district, block) = sensor / (Districts * MoverEvery) % 2 == 0 ? (district, 1 - block) : (district + 1, block);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{District(district)}/block-{block}");
    }

    public long TimeOf(long round) => firstInMs + (round * IntervalInMs);

    /// <summary>Beyond its limit once in some rounds, otherwise about the usual.</summary>
    public static double ParticlesOf(int sensor, long round) =>
        ((sensor * 7) + round) % CrossingEvery == 0 ? 300 : 40 + ((sensor + round) % 7) + (round % 4 * 0.25);

    /// <summary>A counter that starts anew at times.</summary>
    public static double PassagesOf(int sensor, long round) => ((round % 211) * 3) + (sensor % 5);

    private static string District(int district) => string.Create(CultureInfo.InvariantCulture, $"{Root}/district-{district}");
}
