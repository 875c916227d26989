using System.Text.Json.Nodes;
using System.Xml.Linq;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>The Dockerfile knows what it builds and what runs it.</summary>
public sealed class ImageTests
{
    private static readonly string[] Lines = File.ReadAllLines(Path.Combine(RecordedData.RepositoryRoot, "Dockerfile"));

    [Fact]
    public void Packages_are_restored_for_every_project_that_the_executable_is_made_of()
    {
        SortedSet<string> projects = [];
        Collect(Path.Combine(RecordedData.RepositoryRoot, "src", "Streams.Cli", "Streams.Cli.csproj"), projects);
        Assert.True(projects.Count > 3);
        Assert.All(projects, name => Assert.Contains($"COPY src/{name}/*.csproj src/{name}/packages.lock.json src/{name}/", Lines));
    }

    [Theory]
    [InlineData("single")]
    [InlineData("production")]
    public void Pods_run_it_as_the_user_and_on_the_port_that_it_is_made_for(string overlay)
    {
        JsonObject template = Manifests.Of(overlay).Pods().Single(pod => pod.Name == "streams").Template;
        Assert.Contains($"USER {template.Text("spec", "securityContext", "runAsUser")}:{template.Text("spec", "securityContext", "runAsGroup")}", Lines);
        Assert.Contains($"EXPOSE {template.Text("spec", "containers", 0, "ports", 0, "containerPort")}", Lines);
    }

    private static void Collect(string project, SortedSet<string> names)
    {
        if (names.Add(Path.GetFileNameWithoutExtension(project)))
        {
            foreach (XElement reference in XDocument.Load(project).Descendants("ProjectReference"))
            {
                Collect(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(project)!, reference.Attribute("Include")!.Value)), names);
            }
        }
    }
}
