using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>What a pod is given to read is what stands in <c>cluster-config/</c>, and a node starts on it.</summary>
public sealed partial class ConfigurationTests
{
    private const string Mounted = "/etc/streams";

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void A_node_finds_its_configuration_without_fault_in_its_files_and_its_environment(string overlay)
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = NodeOf(overlay).Load(Mounted);
        Assert.Empty(faults);
        NodeSettings node = configuration!.Node;
        Assert.Equal(StoreKind.Postgres, node.Store.Kind);
        Assert.Equal("given-by-the-site", node.Name);
        NpgsqlConnectionStringBuilder store = new(node.Store.ConnectionString);
        Assert.Equal(("given-by-the-site", "given-by-the-site", SslMode.VerifyFull), (store.Host, store.Password, store.SslMode));
        Assert.DoesNotContain("$(", string.Concat(NodeOf(overlay).Environment.Values), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void The_files_are_those_of_the_repository_but_for_the_nodes_own_and_the_simulations(string overlay)
    {
        string folder = Path.Combine(RecordedData.RepositoryRoot, "cluster-config");
        string[] expected =
        [
            .. Directory.GetFiles(folder, "*.yaml", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
                .Where(path => path is not ("node.yaml" or "kustomization.yaml") && !path.Contains("/scenarios/", StringComparison.Ordinal)).Order(StringComparer.Ordinal),
        ];
        Dictionary<string, string?> found = NodeOf(overlay).Files.Where(file => file.Key.StartsWith(Mounted + "/", StringComparison.Ordinal) && !file.Key.EndsWith("/node.yaml", StringComparison.Ordinal))
            .ToDictionary(file => file.Key[(Mounted.Length + 1)..], file => file.Value);
        Assert.Equal(expected, found.Keys.Order(StringComparer.Ordinal));
        Assert.All(expected, path => Assert.Equal(File.ReadAllText(Path.Combine(folder, path)), found[path]));
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Files_that_settings_name_are_there(string overlay)
    {
        PodFiles node = NodeOf(overlay);
        string settings = node.Files[Mounted + "/node.yaml"] + string.Concat(node.Environment.Values);
        Assert.All(FilePath().Matches(settings), path => Assert.Contains(path.Value, node.Files));
    }

    [Theory]
    [InlineData("single", 1)]
    [InlineData("production", 3)]
    public void Topics_agree_with_the_configuration(string overlay, int replicas)
    {
        ClusterConfiguration configuration = NodeOf(overlay).Load(Mounted).Configuration!;
        TopicSpec[] rendered =
        [
            .. Manifests.Of(overlay).OfKind("KafkaTopic").Select(topic => new TopicSpec(
                Manifests.Name(topic),
                (int)topic.Number("spec", "partitions"),
                topic.Text("spec", "config", "cleanup.policy") == "compact",
                topic.Number("spec", "config", "retention.ms"),
                (short)topic.Number("spec", "replicas"))).OrderBy(topic => topic.Name, StringComparer.Ordinal),
        ];
        Assert.Equal(configuration.Topics.All.Select(topic => topic with { ReplicationFactor = (short)replicas }).OrderBy(topic => topic.Name, StringComparer.Ordinal), rendered);
    }

    [Fact]
    public void Brokers_accept_how_soon_a_node_counts_as_dead()
    {
        TimeSpan least = TimeSpan.FromMilliseconds(Manifests.Of("production").One("Kafka", "city").Number("spec", "kafka", "config", "group.min.session.timeout.ms"));
        Assert.True(NodeOf("production").Load(Mounted).Configuration!.Node.Kafka.SessionTimeout >= least);
    }

    [Fact]
    public void What_Kafka_allows_Streams_is_its_topics_and_its_groups()
    {
        ClusterConfiguration configuration = NodeOf("production").Load(Mounted).Configuration!;
        JsonObject user = Manifests.Of("production").One("KafkaUser", configuration.Node.Kafka.Properties["sasl.username"]);
        JsonObject topics = Assert.Single(user.Items("spec", "authorization", "acls"), acl => acl.Text("resource", "type") == "topic");
        Assert.Equal((configuration.Topics.Prefix, "prefix"), (topics.Text("resource", "name"), topics.Text("resource", "patternType")));
        string group = configuration.Node.Kafka.Group;
        Assert.Equal(
            [(group, "literal"), (group + "-", "prefix")],
            user.Items("spec", "authorization", "acls").Where(acl => acl.Text("resource", "type") == "group").Select(acl => (acl.Text("resource", "name"), acl.Text("resource", "patternType"))));
    }

    private static PodFiles NodeOf(string overlay)
    {
        Manifests manifests = Manifests.Of(overlay);
        return new PodFiles(manifests, manifests.Pods().Single(pod => pod.Name == "streams").Template);
    }

    [GeneratedRegex(@"/etc/[A-Za-z0-9._/-]+")]
    private static partial Regex FilePath();
}
