using Streams.Runtime.Storage;

namespace Streams.Node.Telemetry;

/// <summary>
/// Asks the store every few seconds whether it is there, a question of a few rows: what the last commit came to says nothing of a node that has nothing to write. One
/// question at a time, so that a store that hangs does not gather them.
/// </summary>
internal sealed class StoreProbe(IStore store, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(5);

    /// <summary>An answer is due by then.</summary>
    private static readonly TimeSpan s_within = TimeSpan.FromSeconds(3);

    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private long _answeredAt = time.GetTimestamp();
    private string? _error;

    /// <summary>In words what is wrong; null while the store answers.</summary>
    public string? Failure => Volatile.Read(ref _error) is { } error
        ? $"the store can not be read: {error}"
        : time.GetElapsedTime(Volatile.Read(ref _answeredAt)) is var silent && silent > s_every + s_within
            ? $"the store has not answered for {silent.TotalSeconds:0} s"
            : null;

    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();

        // A question that hangs ends with the process.
        await Task.WhenAny(_running, Task.Delay(s_within, CancellationToken.None));
        _stop.Dispose();
    }

    internal void Ask()
    {
        try
        {
            store.ReadShards();
            Volatile.Write(ref _answeredAt, time.GetTimestamp());
            Volatile.Write(ref _error, null);
        }
#pragma warning disable CA1031 // Whatever keeps it from answering is told.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Volatile.Write(ref _error, e.Message);
        }
    }

    private async Task RunAsync()
    {
        using PeriodicTimer timer = new(s_every, time);
        try
        {
            do
            {
                await Task.Run(Ask, _stop.Token);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }
}
