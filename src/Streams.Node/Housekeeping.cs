using Microsoft.Extensions.Logging;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>Once a minute, a piece at a time: deletes what the store need no longer keep.</summary>
internal sealed partial class Housekeeping(IStore store, HousekeepingSettings keep, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMinutes(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await Task.Run(Sweep, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    private void Sweep()
    {
        try
        {
            DateTimeOffset now = time.GetUtcNow();
            store.Prune("dead-letters", (now - keep.DeadLetters).ToUnixTimeMilliseconds(), keep.MaxDeadLetters);
        }
        catch (StoreUnavailableException e)
        {
            LogPutOff(logger, e.Message);
        }
    }

    [LoggerMessage(2101, LogLevel.Warning, "Housekeeping is put off, the store is away: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
