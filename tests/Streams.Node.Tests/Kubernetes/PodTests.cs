using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Streams.Node.Api.Endpoints;
using Streams.Node.Configuration;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log.Kafka;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>What pods may do, how long they are given, and that what they may use is enough for what they are told to use.</summary>
public sealed class PodTests
{
    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Pods_meet_the_restricted_standard_and_write_nowhere(string overlay) => Assert.All(Manifests.Of(overlay).Pods(), pod =>
    {
        JsonNode spec = pod.Template["spec"]!;
        JsonNode container = Assert.Single(spec.Items("containers"));
        Assert.Equal(("true", "RuntimeDefault", "false"), (spec.Text("securityContext", "runAsNonRoot"), spec.Text("securityContext", "seccompProfile", "type"), spec.Text("automountServiceAccountToken")));
        Assert.True(spec.Number("securityContext", "runAsUser") > 0);
        Assert.Equal("""{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},"readOnlyRootFilesystem":true}""", container.At("securityContext")!.ToJsonString());
        Assert.All(new[] { "hostNetwork", "hostPID", "hostIPC", "initContainers" }, name => Assert.Null(spec[name]));
        Assert.All(spec.Items("volumes"), volume => Assert.True(volume["projected"] is not null || volume["secret"] is not null));
        Assert.NotEmpty(container.Text("resources", "limits", "memory"));
    });

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void What_is_probed_and_scraped_is_served(string overlay)
    {
        JsonNode container = Node(overlay).At("spec", "containers", 0)!;
        string[] served = [.. HealthEndpoints.Operations.Concat(MetricsEndpoint.Operations).Select(operation => operation.Path)];
        string[] asked =
        [
            .. new[] { "startupProbe", "livenessProbe", "readinessProbe" }.Select(probe => container.Text(probe, "httpGet", "path")),
            .. Manifests.Of(overlay).OfKind("PodMonitor").SelectMany(monitor => monitor.Items("spec", "podMetricsEndpoints")).Select(endpoint => endpoint.Text("path")),
        ];
        Assert.All(asked, path => Assert.Contains(path, served));
        Assert.Equal(("/health/live", "/health/ready"), (container.Text("livenessProbe", "httpGet", "path"), container.Text("readinessProbe", "httpGet", "path")));
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void A_pod_is_given_the_time_that_a_node_takes_to_leave(string overlay)
    {
        JsonNode spec = Node(overlay)["spec"]!;
        TimeSpan grace = TimeSpan.FromSeconds(spec.Number("terminationGracePeriodSeconds"));
        TimeSpan before = TimeSpan.FromSeconds(spec.Number("containers", 0, "lifecycle", "preStop", "sleep", "seconds"));
        TimeSpan leaving = new HostOptions().ShutdownTimeout + new EngineOptions().ReleaseWithin + new KafkaLogOptions { BootstrapServers = "kafka:9092" }.CloseTimeout;
        Assert.True(grace >= before + leaving, $"{grace} is less than {before} and {leaving}");
    }

    /// <summary>.NET takes three quarters of a container's memory for its heap; librdkafka's read-ahead lies outside of it.</summary>
    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Actors_fit_into_half_of_the_memory_and_the_read_ahead_beside_the_heap(string overlay)
    {
        long limit = Bytes(Node(overlay).Text("spec", "containers", 0, "resources", "limits", "memory"));
        KafkaLogOptions kafka = new() { BootstrapServers = "kafka:9092" };
        Assert.True(Settings(overlay).Limits.ActorMemoryInBytes <= limit / 2);
        Assert.True(kafka.ReadAheadInBytes + (300L * kafka.ReadAheadInRecords) <= limit / 4);
    }

    [Theory]
    [InlineData("single", 1)]
    [InlineData("production", null)]
    public void PostgreSQL_has_connections_for_all_nodes_twice_while_a_version_rolls_in(string overlay, int? nodes)
    {
        Manifests manifests = Manifests.Of(overlay);
        long most = nodes ?? manifests.One("ScaledObject", "streams").Number("spec", "maxReplicaCount");
        int pool = new NpgsqlConnectionStringBuilder(Settings(overlay).Store.ConnectionString).MaxPoolSize;
        JsonObject database = Assert.Single(manifests.OfKind("Cluster"));
        const int Operators = 20;
        Assert.True((2 * most * pool) + Operators <= database.Number("spec", "postgresql", "parameters", "max_connections"));

        // One each for workers, commit writers and housekeeping, and some for reads.
        long cores = Node(overlay).Number("spec", "containers", 0, "resources", "limits", "cpu");
        Assert.True((2 * cores) + 1 + 8 <= pool);
    }

    private static JsonObject Node(string overlay) => Manifests.Of(overlay).Pods().Single(pod => pod.Name == "streams").Template;

    private static NodeSettings Settings(string overlay) => new PodFiles(Manifests.Of(overlay), Node(overlay)).Load("/etc/streams").Configuration!.Node;

    private static long Bytes(string quantity) => quantity.EndsWith("Gi", StringComparison.Ordinal)
        ? long.Parse(quantity[..^2], CultureInfo.InvariantCulture) << 30
        : throw new FormatException($"{quantity}: memory is given in Gi here");
}
