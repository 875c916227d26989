using System.Collections.Concurrent;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;
using Streams.Simulator.Replay;
using Streams.Tests;

namespace Streams.Node.Tests.Incidents;

/// <summary>A recorded city, played as the shipped configuration has devices and areas.</summary>
internal sealed class CityRecording : CityPlayback
{
    private static readonly ConcurrentDictionary<string, Lazy<CityRecording>> AsShipped = new();

    private CityRecording(Staging staging)
        : base(
            new DeviceCatalog(Shipped.Value.DeviceTypes.Select(staging.Type)),
            new AlertRules([.. Shipped.Value.AlertRules.Rules.Select(staging.Rule).OfType<AlertRule>()], Shipped.Value.AlertRules.Settings))
    {
    }

    /// <summary>Devices that the alert names, in any of its states.</summary>
    public HashSet<string> DevicesOf(Alert alert) =>
        [.. Alerts.Where(one => one.Id == alert.Id).SelectMany(DevicesNamed)];

    /// <summary>Devices that this state of an alert names, itself or for a child area.</summary>
    public static IEnumerable<string> DevicesNamed(Alert alert) =>
        alert.Evidence.SelectMany(evidence => evidence.DeviceId is { } device ? [device]
            : evidence.Area is null ? [] : (evidence.Explanation ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries));

    /// <summary>A file as shipped and recorded, played once for all tests.</summary>
    public static CityRecording Of(string file) => AsShipped.GetOrAdd(file, name => new Lazy<CityRecording>(() => Play(name))).Value;

    /// <summary>Plays a file of the recorded cities; skips the running test where it is absent.</summary>
    public static CityRecording Play(string file, Staging? staging = null)
    {
        staging ??= new Staging();
        var recording = new CityRecording(staging);
        using RecordedReadings readings = RecordedFile.Open(RecordedData.Require("data", "city", file + ".csv.gz"));
        while (readings.Next() && readings.Current.TimeInMs < staging.UntilInMs)
        {
            if (readings.Current.TimeInMs >= staging.FromInMs)
            {
                recording.Read(readings.Current);
            }
        }

        Assert.Equal(0, readings.Unusable.Count);
        recording.Finish();
        return recording;
    }
}

/// <summary>What is played otherwise than as shipped and recorded: another part of the time, other settings.</summary>
internal sealed record Staging
{
    public long FromInMs { get; init; } = long.MinValue;

    public long UntilInMs { get; init; } = long.MaxValue;

    /// <summary>The rule to play with in place of a shipped one; null for none.</summary>
    public Func<AlertRule, AlertRule?> Rule { get; init; } = rule => rule;

    public Func<DeviceType, DeviceType> Type { get; init; } = type => type;
}
