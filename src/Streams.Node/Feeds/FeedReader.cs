using Streams.Domain.Alerts;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Node.People;

namespace Streams.Node.Feeds;

/// <summary>Who reads a feed, and so which alerts are theirs: public ones are everybody's, all others are for who may read.</summary>
/// <param name="MayRead">Alerts that are not public too.</param>
/// <param name="Area">Those of this area and below it; null for everywhere.</param>
internal readonly record struct FeedReader(bool MayRead, string? Area)
{
    /// <summary>Null where the request is answered already.</summary>
    public static async Task<FeedReader?> OfAsync(HttpContext context)
    {
        ApiSources sources = ApiSources.Of(context);
        if (sources.Feeds.IsPublic && !await sources.Door.GreetAsync(context))
        {
            return null;
        }

        return context.Items[typeof(Principal)] is Principal who ? new FeedReader(sources.Door.Policy.May(who, Permission.Read), who.Area) : default(FeedReader);
    }

    /// <summary>Sees what is public and nothing else.</summary>
    public bool SeesPublicOnly => !MayRead;

    public bool Sees(string scope, string area) =>
        scope == nameof(AlertScope.Public) || (MayRead && (Area is null || Domain.Areas.AreaPath.IsWithin(area, Area)));
}
