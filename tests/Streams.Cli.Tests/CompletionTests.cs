using System.Diagnostics;

namespace Streams.Cli.Tests;

public sealed class CompletionTests(CannedNode node) : IClassFixture<CannedNode>
{
    private async Task<string[]> Suggest(string line, bool server = true)
    {
        string whole = server ? line.Replace("streams ", $"streams --server {node.Url} ", StringComparison.Ordinal) : line;
        Run run = await Run.Streams($"[suggest:{whole.Length}]", whole);
        Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
        return run.Lines;
    }

    [Theory]
    [InlineData("streams de", "device", "dead-letters")]
    [InlineData("streams alert ", "watch", "show")]
    [InlineData("streams device list --s", "--state", "--server")]
    [InlineData("streams device list --state ", "ok", "silent")]
    [InlineData("streams completion ", "bash", "pwsh")]
    public async Task Commands_options_and_their_words_are_offered(string line, params string[] expected)
    {
        string[] offered = await Suggest(line, server: false);

        Assert.All(expected.Where(word => word != "dead-letters"), word => Assert.Contains(word, offered));
    }

    [Fact]
    public async Task The_citys_own_names_are_asked_from_the_node()
    {
        node.Answer("/api/v1/areas", """{"items":[{"id":"dijon","types":[{"type":"noise_meter"}]},{"id":"dijon/port","types":[{"type":"noise_meter"},{"type":"waste_bin"}]}]}""");
        node.Answer("/api/v1/devices", """{"items":[{"id":"d-1"}]}""");
        node.Answer("/api/v1/alerts", """{"items":[{"id":"a-1"}]}""");
        node.Answer("/api/v1/dead-letters", """{"items":[{"id":"l-1"}]}""");
        node.Answer("/api/v1/scenarios", """{"items":[{"name":"flood"}]}""");
        node.Answer("/api/v1/scenario-runs", """{"items":[{"id":"flood-1"}]}""");

        Assert.Equal(["dijon", "dijon/port"], await Suggest("streams device list --area d"));
        Assert.Equal(["dijon/port"], await Suggest("streams area watch dijon/p"));
        Assert.Equal(["noise_meter", "waste_bin"], await Suggest("streams device list --type "));
        Assert.Contains("d-1", await Suggest("streams device watch "));
        Assert.Contains("a-1", await Suggest("streams alert show "));
        Assert.Contains("l-1", await Suggest("streams dead-letters replay "));
        Assert.Contains("flood", await Suggest("streams scenario start "));
        Assert.Contains("flood-1", await Suggest("streams scenario stop "));
    }

    [Fact]
    public async Task Where_no_node_answers_nothing_is_offered_and_nothing_is_said()
    {
        string line = "streams --server http://127.0.0.1:1 area show ";

        Run run = await Run.Streams($"[suggest:{line.Length}]", line);

        Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
        Assert.All(run.Lines, each => Assert.StartsWith("-", each, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_soon_offers_nothing()
    {
        string line = $"streams --server {node.Url}/slow/ area show ";

        Run run = await Run.Streams($"[suggest:{line.Length}]", line);

        Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
    }

    [Theory]
    [InlineData("bash", "complete -o default -F _streams streams")]
    [InlineData("zsh", "#compdef streams")]
    [InlineData("fish", "complete -c streams")]
    [InlineData("pwsh", "Register-ArgumentCompleter")]
    public async Task Each_shell_gets_a_script(string shell, string expected)
    {
        Run run = await Run.Streams("completion", shell);

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.Contains(expected, run.Output, StringComparison.Ordinal);
        Assert.Contains("[suggest:", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_shell_is_refused_with_those_that_there_are()
    {
        Run run = await Run.Streams("completion", "cmd");

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains("pwsh", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bash_completes_by_its_script()
    {
        Assert.SkipUnless(File.Exists("/bin/bash"), "There is no bash here.");
        Run script = await Run.Streams("completion", "bash");
        using var bash = Process.Start(new ProcessStartInfo("/bin/bash", ["--norc", "-c", script.Output + """
            streams() { printf '%s\n' --area dijon/centre dijon/port "asked:$2"; }
            COMP_LINE="streams area show dijon/p"; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(streams area show dijon/p); COMP_CWORD=3
            _streams; printf '%s\n' "${COMPREPLY[@]}"
            """]) { RedirectStandardOutput = true })!;

        string offered = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);

        Assert.Equal("dijon/port", offered.Trim());
    }
}
