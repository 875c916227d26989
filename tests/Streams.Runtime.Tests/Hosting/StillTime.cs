namespace Streams.Runtime.Tests.Hosting;

/// <summary>Time that stands still until a test moves it on.</summary>
internal sealed class StillTime : TimeProvider
{
    private long _ticks = TimeSpan.TicksPerDay;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(GetTimestamp());

    public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
