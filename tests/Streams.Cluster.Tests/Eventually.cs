using System.Diagnostics;

namespace Streams.Cluster.Tests;

/// <summary>Waits for what other processes do, with a deadline.</summary>
internal static class Eventually
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    /// <param name="what">What is awaited; the failure's message.</param>
    /// <param name="found">Asked at the deadline: what there was instead.</param>
    public static async Task Is(string what, TimeSpan within, Func<Task<bool>> condition, Func<string>? found = null)
    {
        long started = Stopwatch.GetTimestamp();
        using PeriodicTimer timer = new(s_pause);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > within)
            {
                Assert.Fail($"Not within {within.TotalSeconds:0} s: {what}. {found?.Invoke()}");
            }

            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }
}
