using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Node.Api;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>
/// Runs the couriers of those webhooks that fall to this node: of the nodes at work, the one that a webhook's name and theirs give. All nodes reckon it from the same table of
/// nodes, without asking each other; while they differ, the claim in the store lets only one note how far it is.
/// </summary>
internal sealed partial class CourierOffice(CourierTools tools, WebhookSecrets secrets, INodeView node) : IAsyncDisposable
{
    /// <summary>Twice that at most, and a webhook that was made at another node begins.</summary>
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Courier> _couriers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _woken = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private bool _isPutOff;

    /// <summary>Alerts that this node is bringing.</summary>
    public int Waiting { get; private set; }

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Looks at once. From any thread.</summary>
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
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        await _running;
        await Task.WhenAll(_couriers.Values.Select(courier => courier.DisposeAsync().AsTask()));
        _couriers.Clear();
    }

    /// <summary>Whether this node is to bring a webhook's alerts, of those that are there now.</summary>
    internal bool IsMine(string webhook)
    {
        string self = node.Identity.Node;
        IReadOnlyList<NodeRow> nodes = node.Nodes();
        NodeRow? own = nodes.FirstOrDefault(row => row.Name == self);
        IEnumerable<string> able = nodes.Where(row => row.IsAlive && row.State == NodeState.Working && row.Name != self).Select(row => row.Name);
        return own is null or { State: NodeState.Working } && able.Append(self).MaxBy(name => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes($"{name}\n{webhook}"))), StringComparer.Ordinal) == self;
    }

    internal async Task RoundAsync()
    {
        try
        {
            IReadOnlyList<Webhook> mine = [.. (await Task.Run(tools.Book.Read)).Where(webhook => IsMine(webhook.Name))];
            foreach ((string name, Courier courier) in _couriers.ToArray())
            {
                if (courier.IsOver || !mine.Contains(courier.Webhook))
                {
                    _couriers.Remove(name);
                    await courier.DisposeAsync();
                }
            }

            foreach (Webhook webhook in mine.Where(webhook => !_couriers.ContainsKey(webhook.Name)))
            {
                await BeginAsync(webhook);
            }
        }
        catch (StoreUnavailableException away)
        {
            if (!_isPutOff)
            {
                _isPutOff = true;
                LogPutOff(tools.Logger, away.Message);
            }

            return;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Nobody foresaw it. Those that run go on, and the next round tries again.
            LogBroken(tools.Logger, fault);
            return;
        }

        _isPutOff = false;
        Waiting = _couriers.Values.Sum(courier => courier.Waiting);
    }

    private async Task BeginAsync(Webhook webhook)
    {
        if (secrets.Open(webhook.Name, webhook.SealedSecret) is not { } secret)
        {
            if (_unreadable.Add(webhook.Name))
            {
                LogSealed(tools.Logger, webhook.Name);
            }

            return;
        }

        _unreadable.Remove(webhook.Name);
        Courier courier = new(webhook, secret, await Task.Run(() => tools.Book.Claim(webhook)), tools);
        _couriers.Add(webhook.Name, courier);
        courier.Start();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await RoundAsync();
                using CancellationTokenSource limit = new(s_every, tools.Time);
                using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Token);
                try
                {
                    await _woken.WaitAsync(end.Token);
                }
                catch (OperationCanceledException) when (!_stop.IsCancellationRequested)
                {
                    // Time for a look without anybody asking for it.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops; others take over.
        }
    }

    [LoggerMessage(2431, LogLevel.Warning, "Webhooks stand still until the store is back: {Reason} Nothing is lost.")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(2433, LogLevel.Error, "Couriers of webhooks could not be looked after; it is tried again in some seconds, and nothing is lost.")]
    private static partial void LogBroken(ILogger logger, Exception fault);

    [LoggerMessage(2432, LogLevel.Warning, "The secret of webhook {Name} was encrypted by another key, so nothing is sent to it. Give this node the key of the others (feeds.webhooks.key), or make the webhook anew.")]
    private static partial void LogSealed(ILogger logger, string name);
}
