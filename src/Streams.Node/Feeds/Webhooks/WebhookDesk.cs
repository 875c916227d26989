using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>Webhooks as the API has to do with them.</summary>
internal sealed class WebhookDesk(WebhookSettings settings, IStore store, string node, TimeProvider time) : IDisposable
{
    private readonly Lazy<WebhookSecrets> _secrets = new(() => new WebhookSecrets(settings.Key ?? store.NodeSecret));

    public WebhookSettings Settings { get; } = settings;

    public WebhookBook Book { get; } = new(store, node, time);

    public WebhookSender Sender { get; set; } = new(settings, store, time);

    /// <summary>To be asked once the store is open.</summary>
    public WebhookSecrets Secrets => _secrets.Value;

    /// <summary>Called when webhooks changed. Quick.</summary>
    public Action Woken { get; set; } = static () => { };

    /// <summary>Alerts that this node is bringing.</summary>
    public Func<int> Waiting { get; set; } = static () => 0;

    public void Dispose() => Sender.Dispose();
}
