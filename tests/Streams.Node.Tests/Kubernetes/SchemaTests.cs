using System.Text.Json.Nodes;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>Every rendered document fits the schema of its kind, unknown fields refused; and the check does refuse.</summary>
public sealed class SchemaTests
{
    private const string Topic = """
        apiVersion: kafka.strimzi.io/v1
        kind: KafkaTopic
        metadata: { name: city.readings, labels: { strimzi.io/cluster: city } }
        spec: { partitions: 32, replicas: 3, config: { retention.ms: 604800000 } }
        """;

    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: { name: streams }
        spec: { terminationGracePeriodSeconds: 60, containers: [{ name: streams, image: streams, ports: [{ containerPort: 8080 }] }] }
        """;

    private const string Scaled = """
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: { name: streams }
        spec: { scaleTargetRef: { name: streams }, triggers: [{ type: kafka, metadata: { topic: city.readings, lagThreshold: "5" } }] }
        """;

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Every_document_fits_the_schema_of_its_kind(string overlay)
    {
        KubernetesSchemas schemas = KubernetesSchemas.Require();
        Assert.All(Manifests.Of(overlay).All, document =>
        {
            IReadOnlyList<string> errors = schemas.Errors(document);
            Assert.True(errors.Count == 0, $"{Manifests.Kind(document)} {Manifests.Name(document)}: {string.Join("; ", errors)}");
        });
    }

    /// <summary>What an operator makes of the Deployment after a restore (<c>k8s/store-restored.jq</c>).</summary>
    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void The_job_that_tells_a_store_of_its_restore_is_a_job_of_the_nodes_own_pod(string overlay)
    {
        JsonObject deployment = Manifests.Of(overlay).One("Deployment", "streams");
        string? text = Manifests.Run("jq", ["-f", Path.Combine(RecordedData.RepositoryRoot, "k8s", "store-restored.jq")], deployment.ToJsonString());
        Assert.SkipWhen(text is null, "The job is not made: jq is not installed here.");
        JsonObject job = JsonNode.Parse(text!)!.AsObject();
        Assert.Empty(KubernetesSchemas.Require().Errors(job));
        Assert.Equal("""["store","restored","--config","/etc/streams"]""", job.At("spec", "template", "spec", "containers", 0, "args")!.ToJsonString());
        foreach (object[] same in new object[][] { ["containers", 0, "env"], ["containers", 0, "image"], ["containers", 0, "volumeMounts"], ["containers", 0, "securityContext"], ["volumes"], ["securityContext"] })
        {
            Assert.True(JsonNode.DeepEquals(deployment.At("spec", "template", "spec").At(same), job.At("spec", "template", "spec").At(same)), string.Join('.', same));
        }
    }

    [Theory]
    [InlineData(Topic)]
    [InlineData(Pod)]
    [InlineData(Scaled)]
    public void A_good_document_is_taken(string text) => Assert.Empty(KubernetesSchemas.Require().Errors(Assert.Single(YamlDocuments.Read(text))));

    [Theory]
    [InlineData(Pod, "terminationGracePeriodSeconds", "terminationGraceSeconds", "additionalProperty\":\"terminationGraceSeconds")]
    [InlineData(Pod, "containerPort: 8080", "containerPort: http", "must be integer")]
    [InlineData(Pod, "image: streams, ", "imag: streams, ", "additionalProperty\":\"imag")]
    [InlineData(Pod, "kind: Pod", "kind: Pot", "1.34 v1 Pot is not a kind known here")]
    [InlineData(Pod, "metadata: {", "metadata: { labls: {},", "additionalProperty\":\"labls")]
    [InlineData(Topic, "replicas: 3", "replicas: three", "must be integer")]
    [InlineData(Topic, "replicas: 3", "replica: 3", "additionalProperty\":\"replica")]
    [InlineData(Topic, "labels: {", "lables: {", "additionalProperty\":\"lables")]
    [InlineData(Topic, "io/v1\n", "io/v1beta2\n", "kafka.strimzi.io/v1beta2 KafkaTopic is not a kind known here")]
    [InlineData(Scaled, "lagThreshold", "lagTreshold", "trigger kafka has no lagTreshold")]
    [InlineData(Scaled, "type: kafka", "type: kafcka", "there is no trigger kafcka")]
    [InlineData(Scaled, "lagThreshold: \"5\"", "lagThreshold: 5", "must be string")]
    public void A_document_with_a_fault_is_refused(string text, string good, string bad, string expected)
    {
        Assert.Contains(good, text, StringComparison.Ordinal);
        JsonObject document = Assert.Single(YamlDocuments.Read(text.Replace(good, bad, StringComparison.Ordinal)));
        Assert.Contains(KubernetesSchemas.Require().Errors(document), error => error.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void The_operators_own_examples_are_taken()
    {
        KubernetesSchemas schemas = KubernetesSchemas.Require();
        JsonObject[] examples = [.. Directory.GetFiles(RecordedData.Require("conformance", "kubernetes", "examples")).SelectMany(path => YamlDocuments.Read(File.ReadAllText(path)))];

        // Of the access operator, which is not used here and whose schema is not there, nothing can be said.
        Assert.All(examples.Where(each => Manifests.Kind(each) != "KafkaAccess"), example => Assert.Empty(schemas.Errors(example)));
        Assert.True(examples.Length > 15);
    }
}
