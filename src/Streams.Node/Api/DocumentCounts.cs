using Streams.Node.Api.Endpoints;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>
/// How many documents the store holds, by collection. Counting walks all of them, so it is done beside the requests and every <see cref="FreshFor"/> at
/// most: whoever asks meanwhile gets the figures before.
/// </summary>
internal sealed class DocumentCounts(IStore store, TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private Task<long[]>? _known;
    private Task<long[]>? _counting;
    private long _begunAt;

    /// <summary>In the order of the counts.</summary>
    public static IReadOnlyList<string> Collections { get; } =
        [DeviceEndpoints.Collection, AreaEndpoints.Collection, AnomalyEndpoints.Collection, AlertEndpoints.Collection, DeadLetterEndpoints.Collection];

    /// <exception cref="StoreUnavailableException">The store is away, and was when it was last counted.</exception>
    public Task<long[]> GetAsync()
    {
        lock (_lock)
        {
            if (_counting is { IsCompleted: true })
            {
                _known = _counting;
                _counting = null;
            }

            if (_counting is null && (_known is not { IsCompletedSuccessfully: true } || time.GetElapsedTime(_begunAt) >= FreshFor))
            {
                _begunAt = time.GetTimestamp();
                _counting = Task.Run(() => Collections.Select(store.Count).ToArray());
            }

            return _known is { IsCompletedSuccessfully: true } known ? known : _counting ?? _known!;
        }
    }
}
