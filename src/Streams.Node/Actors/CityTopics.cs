using Streams.Node.Configuration;

namespace Streams.Node.Actors;

/// <summary>Full names of the topics that actors write to, and the CloudEvents source they name.</summary>
/// <param name="Source">CloudEvents <c>source</c>: <c>/streams/{cluster}</c>.</param>
public sealed record CityTopics(string Readings, string Observations, string Aggregates, string Anomalies, string Alerts, string DeadLetters, string Incidents, string Requests, string Commands, string CommandResults, string Source)
{
    /// <summary>CAP documents of other agencies.</summary>
    public string Cap { get; init; } = "city.cap";

    public static CityTopics Of(TopicSettings topics, string cluster) => new(
        topics[TopicSettings.Readings].Name,
        topics[TopicSettings.Observations].Name,
        topics[TopicSettings.Aggregates].Name,
        topics[TopicSettings.Anomalies].Name,
        topics[TopicSettings.Alerts].Name,
        topics[TopicSettings.DeadLetters].Name,
        topics[TopicSettings.Incidents].Name,
        topics[TopicSettings.Requests].Name,
        topics[TopicSettings.Commands].Name,
        topics[TopicSettings.CommandResults].Name,
        "/streams/" + cluster)
    {
        Cap = topics[TopicSettings.Cap].Name,
    };
}
