using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Feeds.Live;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds;

/// <summary>Which alerts somebody wants.</summary>
/// <param name="Status">Such as Actual: what is not real is asked for by name.</param>
/// <param name="Area">This one and those below it; null for all.</param>
/// <param name="Severity">At least so grave; null for all, those of unknown severity among them.</param>
internal sealed record AlertFilter(string Status, string? Area = null, AlertSeverity? Severity = null)
{
    /// <summary>
    /// A state that has fallen below the severity passes once more: who heard that an alert was grave has to hear that it no longer is. Told by the state before, which the
    /// store has, so that it is the same on every node and after every resumption.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store is needed for that, and away.</exception>
    public async ValueTask<bool> PassesAsync(AlertEvent alert, IStore store, CapHeadings headings) =>
        alert.Status == Status && (Area is null || AreaPath.IsWithin(alert.Area, Area))
        && (Severity is not { } least || alert.Severity >= least || (await alert.BeforeAsync(store) is { } before && headings.Of(before)?.Severity >= least));

    public bool Passes(string status, string area, AlertSeverity severity) =>
        status == Status && (Area is null || AreaPath.IsWithin(area, Area)) && (Severity is not { } least || severity >= least);
}
