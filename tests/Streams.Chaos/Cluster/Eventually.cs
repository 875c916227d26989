using System.Diagnostics;

namespace Streams.Chaos.Cluster;

/// <summary>Waits for what other processes do, with a deadline.</summary>
public static class Eventually
{
    /// <summary>Between two looks: what asks several processes is not to take the time that they need.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    /// <param name="what">What is awaited; the failure's message.</param>
    /// <param name="found">Asked at the deadline: what there was instead.</param>
    /// <exception cref="TimeoutException">It did not come about.</exception>
    public static async Task Is(string what, TimeSpan within, Func<Task<bool>> condition, Func<string>? found = null, CancellationToken stop = default)
    {
        if (!await Happens(within, condition, stop))
        {
            throw new TimeoutException($"Not within {within.TotalSeconds:0} s: {what}. {found?.Invoke()}");
        }
    }

    /// <summary>Whether it came about in time.</summary>
    public static async Task<bool> Happens(TimeSpan within, Func<Task<bool>> condition, CancellationToken stop = default)
    {
        long started = Stopwatch.GetTimestamp();
        using PeriodicTimer timer = new(s_pause);
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(started) > within)
            {
                return false;
            }

            await timer.WaitForNextTickAsync(stop);
        }

        return true;
    }
}
