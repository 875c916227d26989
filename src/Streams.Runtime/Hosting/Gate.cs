using System.Diagnostics;

namespace Streams.Runtime.Hosting;

/// <summary>Waiting between threads on what a lock guards.</summary>
internal static class Gate
{
    /// <summary>Waits, giving up the lock meanwhile, until the condition holds or the time is over; answers whether it holds.</summary>
    /// <param name="gate">Held by the caller; whoever changes what the condition looks at pulses it.</param>
    public static bool Wait(object gate, Func<bool> until, TimeSpan timeout)
    {
        long started = Stopwatch.GetTimestamp();
        while (!until())
        {
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(started);
            if (left <= TimeSpan.Zero || !Monitor.Wait(gate, left))
            {
                return until();
            }
        }

        return true;
    }
}
