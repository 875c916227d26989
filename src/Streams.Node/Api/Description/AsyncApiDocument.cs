using System.Text.Json.Nodes;
using Streams.Node.Configuration;
using Streams.Runtime.Log;

namespace Streams.Node.Api.Description;

/// <summary>The Kafka side as AsyncAPI 3.0 has it: the topics that others may use, under their configured names.</summary>
internal static class AsyncApiDocument
{
    private const string KafkaBinding = "0.5.0";

    /// <summary>How a reading may come.</summary>
    private static readonly (string Name, string Media, string Schema, string Says)[] ReadingForms =
    [
        ("reading", "application/json", "reading", "A reading as plain JSON; with ce_ headers the data of a CloudEvent in binary mode, whose subject and time stand in for deviceId and time."),
        ("readingEvent", "application/cloudevents+json", "cloud-event", "A reading in a structured CloudEvent."),
        ("senmlPack", "application/senml+json", "senml-pack", "Readings of one known device as SenML."),
    ];

    private static readonly (string Topic, string Message, string Schema, string Headers, string Key, string Says)[] Outgoing =
    [
        (TopicSettings.Aggregates, "aggregate", "aggregate", "event-headers", "The device's or area's id.", "Closed and revised windows of devices and areas. ce_type is streams.aggregate."),
        (TopicSettings.Anomalies, "anomaly", "anomaly", "event-headers", "The device's id.", "Anomalies. ce_type is streams.anomaly.raised or streams.anomaly.cleared."),
        (TopicSettings.Alerts, "alert", "alert", "event-headers", "The alert's id.", "Every state of every alert; compacted: the newest state stays. ce_type is streams.alert."),
        (TopicSettings.Incidents, "incident", "incident", "event-headers", "The incident's id.", "An incident and the newest of its timeline, each time something has happened. ce_type is streams.incident; pass over records of other types, which are between actors."),
        (TopicSettings.Commands, "command", "command", "event-headers", "area/system.", "Commands to city systems. ce_type is streams.command."),
        (TopicSettings.Audit, "auditEntry", "audit-entry", "event-headers", "The name of who acted.", "Who did what, or was refused it; as GET /api/v1/audit has it, at least once each. ce_type is streams.audit."),
        (TopicSettings.DeadLetters, "deadLetter", "", "dead-letter-headers", "The refused record's key.", "Input that was refused: its bytes as they came, and in the headers why."),
    ];

    public static byte[] Write(ClusterConfiguration configuration, string version)
    {
        JsonObject channels = [];
        JsonObject operations = [];
        JsonObject messages = [];
        foreach ((string name, string media, string schema, string says) in ReadingForms)
        {
            messages.Add(name, Message(name, media, Schemas.Ref(schema), null, "The device's id. A record without it, or in another partition, is forwarded.", says));
        }

        AddChannel(configuration.Topics[TopicSettings.Readings], "readings", "receive", "Readings of devices. What can't be taken goes to the dead letters.", [.. ReadingForms.Select(each => each.Name)]);
        messages.Add("commandResult", Message("commandResult", "application/json", Schemas.Ref("command-result"), null, "The command's key, area/system.", "What a city system answers to a command."));
        AddChannel(configuration.Topics[TopicSettings.CommandResults], Camel(TopicSettings.CommandResults), "receive", "Answers of city systems to commands.", ["commandResult"]);
        messages.Add("capDocument", Message("capDocument", "application/cap+xml", null, null, "The document's sender. A record without it, or in another partition, is forwarded.", "A CAP 1.2 alert of another agency, as XML."));
        AddChannel(configuration.Topics[TopicSettings.Cap], Camel(TopicSettings.Cap), "receive", "CAP documents of other agencies. What is not CAP 1.2, or badly signed, goes to the dead letters.", ["capDocument"]);
        foreach ((string topic, string message, string schema, string headers, string key, string says) in Outgoing)
        {
            messages.Add(message, Message(message, schema.Length > 0 ? "application/json" : null, schema.Length > 0 ? Schemas.Ref(schema) : null, Schemas.Ref(headers), key, says));
            AddChannel(configuration.Topics[topic], Camel(topic), "send", says, [message]);
        }

        JsonObject document = new()
        {
            ["asyncapi"] = "3.0.0",
            ["info"] = new JsonObject
            {
                ["title"] = "Streams",
                ["version"] = version,
                ["description"] = "What a Streams cluster reads from Kafka and writes to it. Everything it writes is a CloudEvent in binary mode. Other topics of the cluster are between its actors.",
            },
            ["defaultContentType"] = "application/json",
        };
        if (configuration.Node.Kafka.BootstrapServers is { } servers)
        {
            document["servers"] = new JsonObject { ["kafka"] = new JsonObject { ["host"] = servers, ["protocol"] = "kafka" } };
        }

        document["channels"] = channels;
        document["operations"] = operations;
        document["components"] = new JsonObject
        {
            ["messages"] = messages,
            ["schemas"] = Schemas.Components([.. ReadingForms.Select(each => each.Schema), .. Outgoing.Select(each => each.Schema).Where(each => each.Length > 0), .. Outgoing.Select(each => each.Headers)]),
        };
        return YamlText.Write(document);

        void AddChannel(TopicSpec topic, string channel, string action, string says, string[] carried)
        {
            channels.Add(channel, new JsonObject
            {
                ["address"] = topic.Name,
                ["description"] = says,
                ["messages"] = new JsonObject(carried.Select(each => KeyValuePair.Create(each, (JsonNode?)Ref("#/components/messages/" + each)))),
                ["bindings"] = new JsonObject { ["kafka"] = Binding(topic) },
            });
            operations.Add(action + char.ToUpperInvariant(channel[0]) + channel[1..], new JsonObject
            {
                ["action"] = action,
                ["channel"] = Ref("#/channels/" + channel),
                ["summary"] = action == "receive" ? "Streams reads this; write to it." : "Streams writes this; read it.",
                ["messages"] = new JsonArray([.. carried.Select(each => Ref($"#/channels/{channel}/messages/{each}"))]),
            });
        }
    }

    private static JsonObject Message(string name, string? media, JsonObject? payload, JsonObject? headers, string key, string says)
    {
        JsonObject message = new() { ["name"] = name, ["summary"] = says };
        if (media is not null)
        {
            message["contentType"] = media;
        }

        if (headers is not null)
        {
            message["headers"] = headers;
        }

        if (payload is not null)
        {
            message["payload"] = payload;
        }

        message["bindings"] = new JsonObject
        {
            ["kafka"] = new JsonObject { ["key"] = new JsonObject { ["type"] = "string", ["description"] = key }, ["bindingVersion"] = KafkaBinding },
        };
        return message;
    }

    private static JsonObject Binding(TopicSpec topic) => new()
    {
        ["topic"] = topic.Name,
        ["partitions"] = topic.Partitions,
        ["replicas"] = topic.ReplicationFactor,
        ["topicConfiguration"] = new JsonObject
        {
            ["cleanup.policy"] = new JsonArray(topic.Compacted ? "compact" : "delete"),
            ["retention.ms"] = topic.RetentionInMs,
        },
        ["bindingVersion"] = KafkaBinding,
    };

    private static JsonObject Ref(string to) => new() { ["$ref"] = to };

    private static string Camel(string topic) => topic == TopicSettings.DeadLetters ? "deadLetters" : topic;
}
