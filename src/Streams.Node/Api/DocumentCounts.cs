using Streams.Node.Api.Endpoints;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>What the store holds over the whole cluster.</summary>
/// <param name="ByCollection">Documents of each collection.</param>
/// <param name="DevicesByState">Devices by <c>DeviceJson.StateOf</c>.</param>
/// <param name="StandingByRule">Alerts that are active or acknowledged; of a rule that has none nothing is said.</param>
internal sealed record StoredCounts(
    IReadOnlyDictionary<string, long> ByCollection, IReadOnlyDictionary<string, long> DevicesByState, IReadOnlyDictionary<string, long> StandingByRule);

/// <summary>
/// Counts what the store holds. Counting walks all of it, so it is done beside the requests and every <see cref="FreshFor"/> at
/// most: whoever asks meanwhile gets the figures before.
/// </summary>
internal sealed class DocumentCounts(IStore store, TimeProvider time)
{
    private static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(15);

    private readonly Lock _lock = new();
    private Task<StoredCounts>? _known;
    private Task<StoredCounts>? _counting;
    private long _begunAt;

    /// <summary>As counted last; null while nothing is known. Counts anew where it is time, for who asks next.</summary>
    public StoredCounts? Latest => GetAsync() is { IsCompletedSuccessfully: true } known ? known.Result : null;

    /// <exception cref="StoreUnavailableException">The store is away, and was when it was last counted.</exception>
    public Task<StoredCounts> GetAsync()
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
                _counting = Task.Run(Count);
            }

            return _known is { IsCompletedSuccessfully: true } known ? known : _counting ?? _known!;
        }
    }

    private StoredCounts Count()
    {
        IReadOnlyList<Tally> devices = store.Tally(DeviceEndpoints.Collection);
        IReadOnlyList<Tally> alerts = store.Tally(AlertEndpoints.Collection);
        return new StoredCounts(
            new Dictionary<string, long>
            {
                [DeviceEndpoints.Collection] = devices.Sum(tally => tally.Count),
                [AreaEndpoints.Collection] = store.Count(AreaEndpoints.Collection),
                [AnomalyEndpoints.Collection] = store.Count(AnomalyEndpoints.Collection),
                [AlertEndpoints.Collection] = alerts.Sum(tally => tally.Count),
                [DeadLetterEndpoints.Collection] = store.Count(DeadLetterEndpoints.Collection),
            },
            Sum(devices, tally => tally.State),
            Sum(alerts.Where(tally => tally.State is "active" or "acknowledged"), tally => tally.Category));
    }

    private static Dictionary<string, long> Sum(IEnumerable<Tally> tallies, Func<Tally, string> by) =>
        tallies.GroupBy(by, StringComparer.Ordinal).ToDictionary(each => each.Key, each => each.Sum(tally => tally.Count), StringComparer.Ordinal);
}
