using Streams.Node.Configuration;
using Streams.Node.Feeds.Live;

namespace Streams.Node.Feeds;

/// <summary>What the feeds of a node go by, beside the store.</summary>
/// <param name="isPublic">Anybody may read them, those alerts that are public.</param>
internal sealed class AlertFeeds(FeedSettings settings, HttpSettings http, bool isPublic)
{
    private long _cutOff;

    public FeedSettings Settings { get; } = settings;

    public bool IsPublic { get; } = isPublic;

    /// <summary>How links begin; without a slash at the end. The node's own address is known once it listens.</summary>
    public string BaseUrl { get; private set; } = Plain(settings.BaseUrl ?? http.AdvertisedUrl ?? new UriBuilder("http", "localhost", http.Port).Uri);

    /// <summary>What the CAP feed's entries say.</summary>
    public CapHeadings Headings { get; } = new();

    /// <summary>The alerts as they are published; null where there is no log.</summary>
    public LiveAlerts? Live { get; init; }

    /// <summary>Streams that the node ended, for whatever reason, since its start.</summary>
    public long CutOff => Volatile.Read(ref _cutOff);

    public void Cut() => Interlocked.Increment(ref _cutOff);

    public void ListensAt(Uri address)
    {
        if (Settings.BaseUrl is null)
        {
            BaseUrl = Plain(address);
        }
    }

    private static string Plain(Uri url) => url.ToString().TrimEnd('/');
}
