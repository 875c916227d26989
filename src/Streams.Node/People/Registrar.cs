using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Node.Api;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.People;

/// <summary>
/// Brings audit entries from the store to the topic, in order, at least once and under their own ids: at once after this node wrote one, and every
/// <see cref="Every"/> for what another node wrote and did not live to publish. On its rounds it also notes uses of tokens, and refusals that are told together.
/// </summary>
internal sealed partial class Registrar(IPeopleStore store, INodeView node, string topic, string source, TokenBook tokens, Denials denials, ILogger logger) : IAsyncDisposable
{
    private const int AtOnce = 100;

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _woken = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    /// <summary>Told once for an outage, not every round of it.</summary>
    private bool _isPutOff;

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>From any thread.</summary>
    public void Wake()
    {
        if (_woken.CurrentCount == 0)
        {
            try
            {
                _woken.Release();
            }
            catch (SemaphoreFullException)
            {
                // Somebody else has.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
        _woken.Dispose();
    }

    internal async Task RoundAsync(CancellationToken stop)
    {
        try
        {
            await denials.FlushAsync();
            await Task.Run(tokens.NoteUses, stop);
            while (await PublishSomeAsync(stop) == AtOnce)
            {
            }
        }
        catch (Exception away) when (away is StoreUnavailableException or LogFailedException)
        {
            if (!_isPutOff)
            {
                _isPutOff = true;
                LogPutOff(logger, away.Message);
            }

            return;
        }

        _isPutOff = false;
    }

    private async Task<int> PublishSomeAsync(CancellationToken stop)
    {
        IReadOnlyList<AuditEntry> entries = await Task.Run(
            () => store.ReadAuditChain() is { } chain && chain.PublishedThrough < chain.Head.Number
                ? store.ReadAudit(new AuditQuery(After: chain.PublishedThrough, OldestFirst: true, Limit: AtOnce))
                : [],
            stop);
        if (entries.Count > 0)
        {
            await node.PublishAsync([.. entries.Select(RecordOf)], stop);
            await Task.Run(() => store.AuditPublished(entries[^1].Link.Number), stop);
        }

        return entries.Count;
    }

    private PublishedRecord RecordOf(AuditEntry entry)
    {
        using JsonDocument body = JsonDocument.Parse(entry.Body);
        return new PublishedRecord(
            topic, Encoding.UTF8.GetBytes(entry.Actor), entry.Body,
            [
                KeyValuePair.Create("ce_specversion", "1.0"),
                KeyValuePair.Create("ce_id", entry.Id),
                KeyValuePair.Create("ce_source", source),
                KeyValuePair.Create("ce_type", "streams.audit"),
                KeyValuePair.Create("ce_subject", body.RootElement.GetProperty("subject").GetString()!),
                KeyValuePair.Create("ce_time", Answer.Time(entry.AtInMs)),
                KeyValuePair.Create("content-type", "application/json"),
            ]);
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _woken.WaitAsync(Every, _stop.Token);
                await RoundAsync(_stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops; what is not published another publishes, or this one after its next start.
        }
    }

    [LoggerMessage(2301, LogLevel.Warning, "Audit entries are stored and not published until store and log are back: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);
}
