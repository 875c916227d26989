using System.Diagnostics.Metrics;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;
using Streams.Node.Api;
using Streams.Runtime.Storage;

namespace Streams.Node.Telemetry;

/// <summary>
/// What a node knows of the city and of itself, as instruments of one meter; what its engine counts is <see cref="Runtime.Telemetry.EngineMeter"/>'s. Labels are
/// bounded by what is configured: rules, states, kinds of anomaly; never a device, an area or an alert.
/// </summary>
public sealed class NodeMeter : IDisposable
{
    public const string Name = "Streams.Node";

    private readonly Counter<long> _anomalies;
    private readonly Counter<long> _alerts;
    private readonly Counter<long> _deliveries;

    public NodeMeter()
    {
        Meter = new Meter(new MeterOptions(Name) { Scope = this });
        _anomalies = Meter.CreateCounter<long>("streams.anomalies", "", "Anomalies that devices of this node raised and cleared.");
        _deliveries = Meter.CreateCounter<long>("streams.webhook.deliveries", "", "Attempts of this node to bring an alert to a webhook, and alerts it gave up.");
        _alerts = Meter.CreateCounter<long>("streams.alerts", "", "States of alerts that areas of this node said.");
    }

    /// <summary>For whoever listens to this node and to no other.</summary>
    public Meter Meter { get; }

    public void Dispose() => Meter.Dispose();

    internal void Said(AnomalyEvent anomaly) =>
        _anomalies.Add(1, new("kind", NameOf(anomaly.Kind)), new("state", anomaly.IsRaised ? "raised" : "cleared"));

    internal void Said(Alert alert) =>
        _alerts.Add(1, new("rule", alert.Rule), new("severity", NameOf(alert.Severity)), new("state", NameOf(alert.State)));

    /// <param name="outcome"><c>delivered</c>, <c>failed</c> or <c>given_up</c>.</param>
    internal void Brought(string outcome) => _deliveries.Add(1, new KeyValuePair<string, object?>("outcome", outcome));

    internal void Watch(ApiSources sources)
    {
        INodeView node = sources.Node;
        NodeIdentity identity = node.Identity;
        Meter.CreateObservableGauge(
            "streams.info", () => new Measurement<long>(1, new("cluster", identity.Cluster), new("node", identity.Node), new("version", identity.Version)), "", "1; the node's version.");
        Meter.CreateObservableGauge("streams.uptime", () => (sources.Time.GetUtcNow() - identity.StartedAt).TotalSeconds, "s", "Time since the node started.");
        Meter.CreateObservableGauge("streams.health", () => node.Health().Select(part => Of(part.IsWell ? 1 : 0, "part", part.Name)), "", "1 where a part of the node is well, 0 where not.");
        Meter.CreateObservableGauge("streams.pool.queue", () => ThreadPool.PendingWorkItemCount, "", "Requests and other work waiting for a thread of the pool.");
        Meter.CreateObservableGauge(
            "streams.documents", () => Stored(sources, counts => counts.ByCollection, "collection"), "", "Documents in the store, over the whole cluster; some seconds old.");
        Meter.CreateObservableGauge(
            "streams.devices", () => Stored(sources, counts => counts.DevicesByState, "state"), "", "Devices by state, over the whole cluster; some seconds old.");
        Meter.CreateObservableGauge(
            "streams.alerts.standing", () => Stored(sources, counts => counts.StandingByRule, "rule"), "", "Alerts that are active or acknowledged, over the whole cluster; some seconds old.");
        Meter.CreateObservableGauge("streams.feed.streams", () => sources.Feeds.Live?.Readers ?? 0, "", "Clients of the event stream at present.");
        Meter.CreateObservableGauge("streams.webhook.waiting", () => sources.Webhooks.Waiting(), "", "Alerts that this node is bringing to webhooks at present.");
        Meter.CreateObservableCounter("streams.feed.events", () => sources.Feeds.Live?.Heard ?? 0, "", "States of alerts that came by for the event stream and webhooks.");
        Meter.CreateObservableCounter("streams.feed.cut", () => sources.Feeds.CutOff, "", "Event streams that the node ended: too far behind, or the node stopped.");
    }

    /// <summary>Nothing where the store is away: the other figures matter most just then.</summary>
    private static IEnumerable<Measurement<long>> Stored(ApiSources sources, Func<StoredCounts, IReadOnlyDictionary<string, long>> which, string label) =>
        sources.Counts.Latest is { } counts ? which(counts).Select(pair => Of(pair.Value, label, pair.Key)) : [];

    private static Measurement<long> Of(long value, string label, string of) => new(value, new KeyValuePair<string, object?>(label, of));

    private static string NameOf<T>(T value)
        where T : struct, Enum => Configuration.Spelling.SnakeCase(value.ToString());
}
