namespace Streams.Node.Configuration;

/// <summary>How alerts are said to the public and to other systems.</summary>
public sealed record FeedSettings
{
    /// <summary>CAP's sender: a name that no other sender has, without white space, commas, &lt; or &amp;. Null (default): the cluster's name.</summary>
    public string? Sender { get; init; }

    /// <summary>Who speaks, for people. Null (default) says nothing.</summary>
    public string? SenderName { get; init; }

    /// <summary>How the links in feeds begin, where a gateway stands before the nodes. Null (default): the node's own address.</summary>
    public Uri? BaseUrl { get; init; }

    /// <summary>Anybody may read the feeds, those alerts that are public. Null (default): true on one machine (<c>streams up</c>), false in a cluster.</summary>
    public bool? Public { get; init; }

    /// <summary>Clients of the event stream at once, of this node. Default 1,000; 1 to 100,000. 503 beyond.</summary>
    public int MaxStreams { get; init; } = 1_000;

    public SigningSettings Signing { get; init; } = new();

    public WebhookSettings Webhooks { get; init; } = new();
}

/// <summary>By what alerts are signed. Without a certificate a cluster's are not; one machine makes its own.</summary>
public sealed record SigningSettings
{
    /// <summary>A file: PEM, or PKCS#12 where its name ends in .pfx or .p12. Null: none.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM of the private key, where it does not stand in the certificate's file.</summary>
    public string? Key { get; init; }

    /// <summary>Of the key or of the PKCS#12 file; better given by <c>STREAMS__FEEDS__SIGNING__PASSWORD</c>.</summary>
    public string? Password { get; init; }
}

/// <summary>How alerts are brought to other systems.</summary>
public sealed record WebhookSettings
{
    /// <summary>Lets webhooks reach this machine, private networks and what else is not the internet. Default false.</summary>
    public bool AllowPrivate { get; init; }

    /// <summary>From when an alert was sent until its delivery is given up. Default 1 day; 1 minute to 20 days, for the topic keeps 30.</summary>
    public TimeSpan GiveUpAfter { get; init; } = TimeSpan.FromDays(1);

    /// <summary>An endpoint that takes longer has not taken it. Default 10 s; 1 s to 1 min.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// What the secrets in the store are encrypted by, the same on all nodes; better given by <c>STREAMS__FEEDS__WEBHOOKS__KEY</c>. Null (default): something the store itself
    /// holds, which keeps them from the eye and not from whoever has the store.
    /// </summary>
    public string? Key { get; init; }
}
