using Microsoft.Extensions.Logging;
using Streams.Domain.Devices;
using Streams.Node.Api.Endpoints;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Webhooks;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>
/// Once a minute deletes what the store need no longer keep: some rows, a pause, and again until nothing is left, so that commits never wait
/// for it. Several nodes on one store do it beside each other.
/// </summary>
internal sealed partial class Housekeeping(IStore store, HousekeepingSettings keep, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>Twice what a piece takes: others have the store for most of the time, and 6,000 rows a second are more than a node can write.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    /// <summary>What became of an order: whoever gave it asks within seconds, or under its Idempotency-Key when their own system is back.</summary>
    private static readonly TimeSpan OrdersKept = TimeSpan.FromDays(1);

    /// <summary>Told once for an outage, not every minute of it.</summary>
    private bool _isPutOff;
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = RunAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    /// <summary>One round: everything whose time is over by now.</summary>
    internal async Task SweepAsync()
    {
        try
        {
            foreach (HistoryPart part in Enum.GetValues<HistoryPart>())
            {
                if (keep.Of(part) is { } kept)
                {
                    await DeleteAsync(kept, before => store.PruneHistory((byte)part, before));
                }
            }

            await DeleteAsync(keep.Journal, store.PruneJournal);
            await DeleteAsync(keep.Anomalies, before => store.Prune(AnomalyEndpoints.Collection, before));
            await DeleteAsync(keep.Alerts, before => store.Prune(AlertEndpoints.Collection, before));
            await DeleteAsync(keep.Alerts, before => store.Prune(AgencyEndpoints.Collection, before));
            await DeleteAsync(keep.Alerts, before => store.Prune(AgencyEndpoints.Documents, before));
            await DeleteAsync(keep.Incidents, before => store.Prune(IncidentEndpoints.Collection, before));
            await DeleteAsync(keep.Alerts, before => store.Prune(Actors.AlertIncident.Collection, before));
            await DeleteAsync(keep.Journal, before => store.Prune(IncidentEndpoints.Everyday, before));
            await DeleteAsync(OrdersKept, before => store.Prune(Actors.OrderResult.Collection, before));
            await DeleteAsync(keep.Alerts, before => store.Prune(CapIssuer.Collection, before));
            await DeleteAsync(keep.DeadLetters, before => store.Prune(DeadLetterEndpoints.Collection, before, keep.MaxDeadLetters));
            await DeleteAsync(keep.DeadLetters, before => store.Prune(WebhookBook.DeadLetters, before, keep.MaxDeadLetters));
            await DeleteAsync(keep.Audit, PruneAudit);
        }
        catch (StoreUnavailableException e)
        {
            if (!_isPutOff)
            {
                _isPutOff = true;
                LogPutOff(logger, e.Message);
            }

            return;
        }

        _isPutOff = false;
    }

    private async Task RunAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMinutes(1), time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await SweepAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    /// <summary>Whole days, for each deletion is an entry itself: a day of entries then leaves one behind, not one a minute.</summary>
    private int PruneAudit(long before) => store.PruneAudit(
        before - (before % (long)TimeSpan.FromDays(1).TotalMilliseconds), AuditDraft.Now(time, AuditActor.Cluster, AuditWalk.Pruning, "audit"));

    private async Task DeleteAsync(TimeSpan kept, Func<long, int> prune)
    {
        long before = (time.GetUtcNow() - kept).ToUnixTimeMilliseconds();
        while (await Task.Run(() => prune(before), _stop.Token) >= IStore.PrunedAtOnce)
        {
            await Task.Delay(Pause, time, _stop.Token);
        }
    }

    [LoggerMessage(2101, LogLevel.Warning, "Housekeeping is put off until the store is back: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
