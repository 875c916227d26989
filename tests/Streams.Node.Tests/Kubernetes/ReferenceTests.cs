using System.Text.Json.Nodes;
using Streams.Node.Configuration;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>What one document says of another is so: names, keys, labels, ports, files.</summary>
public sealed class ReferenceTests
{
    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Every_key_of_a_secret_or_ConfigMap_that_is_asked_for_exists_or_is_an_operators_to_make(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        HashSet<(string, string)> there = [.. Keys(manifests)];
        (string Name, string Key)[] asked = [.. manifests.All.SelectMany(document => document.Within()).SelectMany(Asked)];
        Assert.True(asked.Length > 15);
        Assert.All(asked, key => Assert.Contains(key, there));
    }

    [Fact]
    public void The_manual_says_how_each_secret_of_the_site_is_made()
    {
        string manual = File.ReadAllText(Path.Combine(RecordedData.RepositoryRoot, "docs", "operating.md"));
        Assert.All(s_ofTheSite.Select(each => each.Name).Distinct(), name => Assert.Matches($@"kubectl -n streams create secret (tls|generic) {name} ", manual));
    }

    [Fact]
    public void Alerts_are_signed_by_files_that_the_pod_has()
    {
        Manifests manifests = Manifests.Of("production");
        PodFiles pod = new(manifests, manifests.Pods().Single().Template);
        SigningSettings signing = pod.Load("/etc/streams").Configuration!.Node.Feeds.Signing;
        Assert.Contains(signing.Certificate!, pod.Files.Keys);
        Assert.Contains(signing.Key!, pod.Files.Keys);
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void No_secret_stands_in_a_file(string overlay) => Assert.Empty(Manifests.Of(overlay).OfKind("Secret"));

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Every_selector_finds_pods(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        JsonObject[] labels = [.. PodLabels(manifests)];
        JsonObject[] selectors = [.. manifests.All.Where(document => Manifests.Kind(document) is not ("ConfigMap" or "Namespace")).SelectMany(document => document.Within()).SelectMany(Selectors)];
        Assert.True(selectors.Length > 12);
        Assert.All(selectors, selector => Assert.Contains(labels, pod => selector.All(label => pod.Text(label.Key) == label.Value!.ToString())));
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void What_spreads_and_protects_Streams_pods_selects_them_and_no_others(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        JsonObject template = manifests.Pods().Single(pod => pod.Name == "streams").Template;
        JsonNode?[] selectors =
        [
            manifests.One("Service", "streams").At("spec", "selector"), manifests.One("PodDisruptionBudget", "streams").At("spec", "selector", "matchLabels"),
            manifests.One("NetworkPolicy", "streams").At("spec", "podSelector", "matchLabels"), manifests.One("Deployment", "streams").At("spec", "selector", "matchLabels"),
            .. template.Items("spec", "topologySpreadConstraints").Select(each => each.At("labelSelector", "matchLabels")),
        ];
        Assert.All(selectors, selector => Assert.Equal("""{"app.kubernetes.io/name":"streams"}""", selector!.ToJsonString()));
        Assert.Single(PodLabels(manifests), pod => pod.Text("app.kubernetes.io/name") == "streams");
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Every_pod_and_every_way_in_and_out_is_closed_unless_opened(string overlay)
    {
        JsonObject policy = Manifests.Of(overlay).One("NetworkPolicy", "default-deny")["spec"]!.AsObject();
        Assert.Equal("""{"podSelector":{},"policyTypes":["Ingress","Egress"]}""", policy.ToJsonString());
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Named_ports_are_the_pods(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        JsonNode container = manifests.Pods().Single(pod => pod.Name == "streams").Template.At("spec", "containers", 0)!;
        string[] ports = [.. container.Items("ports").Select(port => port.Text("name"))];
        string[] named =
        [
            .. manifests.OfKind("Service").SelectMany(service => service.Items("spec", "ports")).Select(port => port.Text("targetPort")),
            .. manifests.OfKind("PodMonitor").SelectMany(monitor => monitor.Items("spec", "podMetricsEndpoints")).Select(endpoint => endpoint.Text("port")),
            .. new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Select(probe => container.Text(probe, "httpGet", "port")),
        ];
        Assert.All(named, name => Assert.Contains(name, ports));
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Nodes_and_the_autoscaler_reach_Kafka_where_it_listens(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        JsonObject kafka = Assert.Single(manifests.OfKind("Kafka"));
        string[] listening = [.. kafka.Items("spec", "kafka", "listeners").Select(listener => $"{Manifests.Name(kafka)}-kafka-bootstrap:{listener.Text("port")}")];
        PodFiles[] pods = [.. manifests.Pods().Select(pod => new PodFiles(manifests, pod.Template))];
        string[] asked =
        [
            .. pods.Select(pod => pod.Environment.GetValueOrDefault("STREAMS__KAFKA__BOOTSTRAPSERVERS") ?? pod.Load("/etc/streams").Configuration!.Node.Kafka.BootstrapServers!),
            .. manifests.OfKind("ScaledObject").SelectMany(each => each.Items("spec", "triggers"))
                .Select(trigger => trigger.Text("metadata", "bootstrapServers").Replace(".streams.svc", "", StringComparison.Ordinal)),
        ];
        Assert.All(asked, address => Assert.Contains(address, listening));
        string[] owned = [.. manifests.All.Where(each => Manifests.Kind(each) is "KafkaTopic" or "KafkaUser" or "KafkaNodePool").Select(each => each.Text("metadata", "labels", "strimzi.io/cluster"))];
        Assert.All(owned, cluster => Assert.Equal(Manifests.Name(kafka), cluster));
    }

    [Fact]
    public void The_autoscaler_follows_the_lag_of_the_nodes_own_group_and_asks_for_no_more_nodes_than_can_work()
    {
        Manifests manifests = Manifests.Of("production");
        ClusterConfiguration configuration = new PodFiles(manifests, manifests.Pods().Single().Template).Load("/etc/streams").Configuration!;
        JsonObject scaled = Assert.Single(manifests.OfKind("ScaledObject"));
        JsonObject trigger = Assert.Single(scaled.Items("spec", "triggers"));
        Assert.Equal("streams", Manifests.Name(manifests.One("Deployment", scaled.Text("spec", "scaleTargetRef", "name"))));
        Assert.Equal((configuration.Node.Kafka.Group, configuration.Topics[TopicSettings.Readings].Name), (trigger.Text("metadata", "consumerGroup"), trigger.Text("metadata", "topic")));
        Assert.InRange(scaled.Number("spec", "maxReplicaCount"), scaled.Number("spec", "minReplicaCount"), configuration.Topics[TopicSettings.Readings].Partitions);
        JsonObject authentication = manifests.One("TriggerAuthentication", trigger.Text("authenticationRef", "name"));
        string user = manifests.One("ConfigMap", authentication.Text("spec", "configMapTargetRef", 0, "name")).Text("data", "username");
        JsonObject group = Assert.Single(manifests.One("KafkaUser", user).Items("spec", "authorization", "acls"), acl => acl.Text("resource", "type") == "group");
        Assert.Equal(configuration.Node.Kafka.Group, group.Text("resource", "name"));
        Assert.Null(manifests.One("Deployment", "streams").At("spec", "replicas"));
    }

    [Fact]
    public void Backups_are_of_this_database_by_the_plugin_that_archives_it()
    {
        Manifests manifests = Manifests.Of("production");
        JsonObject backup = Assert.Single(manifests.OfKind("ScheduledBackup"));
        JsonObject database = manifests.One("Cluster", backup.Text("spec", "cluster", "name"));
        JsonObject archiver = Assert.Single(database.Items("spec", "plugins"), plugin => plugin.Text("isWALArchiver") == "true");
        Assert.Equal(archiver.Text("name"), backup.Text("spec", "pluginConfiguration", "name"));
    }

    /// <summary>Labels of the pods that come of the rendered documents: Streams' own, and the operators' as these document them.</summary>
    private static IEnumerable<JsonObject> PodLabels(Manifests manifests) =>
    [
        .. manifests.Pods().Select(pod => pod.Template.At("metadata", "labels")!.AsObject()),
        .. manifests.OfKind("KafkaNodePool").Select(pool => new JsonObject
        {
            ["strimzi.io/cluster"] = pool.Text("metadata", "labels", "strimzi.io/cluster"), ["strimzi.io/kind"] = "Kafka", ["strimzi.io/pool-name"] = Manifests.Name(pool),
        }),
        .. manifests.OfKind("Cluster").Select(database => new JsonObject { ["cnpg.io/cluster"] = Manifests.Name(database) }),
    ];

    /// <summary>Secrets that whoever installs it makes, as the manual says.</summary>
    private static readonly (string Name, string Key)[] s_ofTheSite = [("streams-signing", "tls.crt"), ("streams-signing", "tls.key"), ("streams-webhooks", "key")];

    /// <summary>Keys that exist once the site and the operators have done their work.</summary>
    private static IEnumerable<(string Name, string Key)> Keys(Manifests manifests) =>
    [
        .. manifests.OfKind("ConfigMap").SelectMany(map => map["data"]!.AsObject().Select(entry => (Manifests.Name(map), entry.Key))),
        .. manifests.OfKind("Cluster").Select(Manifests.Name).SelectMany(name => new[] { "host", "port", "dbname", "username", "password" }.Select(key => (name + "-app", key)).Append((name + "-ca", "ca.crt"))),
        .. manifests.OfKind("Kafka").Select(kafka => (Manifests.Name(kafka) + "-cluster-ca-cert", "ca.crt")),
        .. manifests.OfKind("KafkaUser").Select(user => (Manifests.Name(user), "password")),
        .. s_ofTheSite,
    ];

    private static IEnumerable<(string Name, string Key)> Asked(JsonObject at)
    {
        foreach (string reference in new[] { "secretKeyRef", "configMapKeyRef" })
        {
            if (at[reference] is { } key)
            {
                yield return (key.Text("name"), key.Text("key"));
            }
        }

        foreach (string source in new[] { "secret", "configMap" })
        {
            foreach (JsonObject item in at.Items(source, "items"))
            {
                yield return (at.Text(source, "secretName") + at.Text(source, "name"), item.Text("key"));
            }
        }

        foreach (JsonObject target in at.Items("secretTargetRef").Concat(at.Items("configMapTargetRef")))
        {
            yield return (target.Text("name"), target.Text("key"));
        }
    }

    private static IEnumerable<JsonObject> Selectors(JsonObject at)
    {
        foreach (string name in new[] { "podSelector", "labelSelector", "selector" })
        {
            if (at[name] is JsonObject { Count: > 0 } selector)
            {
                yield return (selector["matchLabels"] ?? selector).AsObject();
            }
        }
    }
}
