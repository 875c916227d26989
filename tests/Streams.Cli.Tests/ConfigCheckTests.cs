using System.Text.Json;
using Streams.Tests;

namespace Streams.Cli.Tests;

public sealed class ConfigCheckTests
{
    private static readonly string Shipped = Path.Combine(RecordedData.RepositoryRoot, "cluster-config");

    [Fact]
    public async Task The_shipped_configuration_has_no_faults()
    {
        Run run = await Run.Streams("config", "check", Shipped);

        Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
        Assert.Contains("no faults", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"\n  dijon: Dijon Métropole; alerts in fr, en; 34 areas, 4\d,\d{3} devices \(34,000 street_light, .* more types\), \d+ scenarios\.", run.Output);
    }

    [Fact]
    public async Task A_fault_is_named_with_file_line_and_what_is_allowed()
    {
        string folder = Directory.CreateTempSubdirectory("streams-config-").FullName;
        try
        {
            foreach (string file in Directory.GetFiles(Shipped))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
            }

            File.WriteAllText(Path.Combine(folder, "node.yaml"), "cluster: streams\nhttp:\n  port: 99999\n");

            Run text = await Run.Streams("config", "check", folder);
            Run json = await Run.Streams("config", "check", folder, "--output", "json");

            Assert.Equal((ExitStatus.Failed, ExitStatus.Failed), (text.Status, json.Status));
            Assert.Contains("node.yaml:3:", text.Output, StringComparison.Ordinal);
            JsonElement fault = Assert.Single(JsonDocument.Parse(json.Output).RootElement.GetProperty("faults").EnumerateArray());
            Assert.Equal(3, fault.GetProperty("line").GetInt32());
            Assert.Contains("65535", fault.GetProperty("allowed").GetString(), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_said_plainly()
    {
        Run run = await Run.Streams("config", "check", "/nowhere/at/all");

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Contains("There is no folder /nowhere/at/all", run.Error, StringComparison.Ordinal);
    }
}
