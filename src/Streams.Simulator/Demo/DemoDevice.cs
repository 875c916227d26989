using Streams.Simulator.Replay;

namespace Streams.Simulator.Demo;

/// <summary>One device of the demo city: how often it speaks, and what it says at a given hour.</summary>
/// <param name="Say">Adds the metrics of one reading; adds none where the device has nothing to say.</param>
/// <param name="SilentFrom">Hours since the story's start between which it says nothing; equal for never.</param>
internal sealed record DemoDevice(
    string Id,
    string Type,
    string Area,
    double Latitude,
    double Longitude,
    int IntervalInSeconds,
    Action<RecordedReading, double, Randomness> Say,
    double SilentFrom = 0,
    double SilentUntil = 0)
{
    public bool IsSilentAt(double hour) => hour >= SilentFrom && hour < SilentUntil;
}
