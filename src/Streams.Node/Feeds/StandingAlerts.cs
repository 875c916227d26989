using System.Text.Json;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds;

/// <summary>Alerts that stand, from the store.</summary>
internal static class StandingAlerts
{
    private const int AtOnce = 1_000;

    /// <summary>Read page by page as they are taken: by state, newest first in each.</summary>
    /// <param name="area">This one and those below it; null for all.</param>
    /// <param name="status">Such as Actual; null for all.</param>
    public static IEnumerable<JsonElement> Of(IStore store, string? area, FeedReader reader, string? status)
    {
        foreach (Document row in Rows(store, area))
        {
            // Cloned by the parse into memory of its own: the element outlives the page.
            JsonElement alert = JsonElement.Parse(row.Body.Span);
            if ((status is null || alert.GetProperty("status").GetString() == status) && reader.Sees(alert.GetProperty("scope").GetString()!, row.Scope))
            {
                yield return alert;
            }
        }
    }

    private static IEnumerable<Document> Rows(IStore store, string? area)
    {
        foreach (string state in new[] { "active", "acknowledged" })
        {
            (long AtInMs, string Id)? after = null;
            IReadOnlyList<Document> page;
            do
            {
                page = store.Query(new DocumentQuery(AlertEndpoints.Collection, ScopePrefix: area, State: state, After: after, Limit: AtOnce));
                foreach (Document row in page)
                {
                    yield return row;
                }

                after = page.Count > 0 ? (page[^1].AtInMs, page[^1].Id) : null;
            }
            while (page.Count == AtOnce);
        }
    }
}
