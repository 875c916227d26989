using System.CommandLine;
using System.CommandLine.Parsing;
using Streams.Cli.Output;

namespace Streams.Cli.Tests;

public sealed class HelpTests
{
    private static IEnumerable<(string[] Path, Command Command)> Walk(Command command, string[] path) =>
        command.Subcommands.SelectMany(child => Walk(child, [.. path, child.Name])).Prepend((path, command));

    private static IEnumerable<(string[] Path, Command Command)> Commands() =>
        Walk(CommandLine.Build(new Screen(TextWriter.Null, TextWriter.Null)), []).Where(each => each.Path.Length > 0);

    public static TheoryData<string> CommandPaths() => [.. Commands().Select(each => string.Join(' ', each.Path))];

    [Theory]
    [MemberData(nameof(CommandPaths))]
    public async Task Every_command_has_help_with_an_example_that_is_a_command_line_of_its_own(string path)
    {
        string[] words = path.Split(' ');

        Run help = await Run.Streams([.. words, "--help"]);

        Assert.Equal(ExitStatus.Done, help.Status);
        string[] examples = [.. help.Lines.SkipWhile(line => !line.StartsWith("Example", StringComparison.Ordinal)).Skip(1).Select(line => line.Trim()).Where(line => line.Length > 0)];
        Assert.NotEmpty(examples);
        RootCommand root = CommandLine.Build(new Screen(TextWriter.Null, TextWriter.Null));
        Assert.All(examples, example =>
        {
            Assert.StartsWith("streams " + path, example, StringComparison.Ordinal);
            Assert.Empty(root.Parse([.. CommandLineParser.SplitCommandLine(example).Skip(1)]).Errors);
        });
    }

    [Theory]
    [MemberData(nameof(CommandPaths))]
    public async Task Every_command_offers_output_server_and_token(string path)
    {
        Run help = await Run.Streams([.. path.Split(' '), "--help"]);

        Assert.All(["--output", "--server", "--token"], option => Assert.Contains(option, help.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("devise list", "devise")]
    [InlineData("device list --limit many", "--limit")]
    [InlineData("device list --limit 0", "--limit: \"0\" is not a number from 1 to 1000")]
    [InlineData("device list --output xml", "xml")]
    [InlineData("alert list --since yesterday", "--since: \"yesterday\"")]
    [InlineData("device list --state fine", "--state: \"fine\" is none of ok, anomalous, silent")]
    [InlineData("alert watch --every 1ms", "--every: \"1ms\" is not a duration from 500ms to 1h")]
    [InlineData("area tree --dept 1", "--dept is no option here")]
    [InlineData("area tree --depth 0", "--depth: \"0\" is not a number from 1 to 20")]
    [InlineData("device show", "ID")]
    [InlineData("device list --server nowhere", "--server: \"nowhere\" is not a URL")]
    public async Task A_wrong_command_line_ends_with_2_says_what_is_wrong_and_where_help_is(string line, string expected)
    {
        Run run = await Run.Streams(line.Split(' '));

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Contains("--help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    /// <summary>Commands that ask a node, each by its first example.</summary>
    public static TheoryData<string> Asking() =>
    [
        .. Commands()
            .Where(each => each.Command.Subcommands.Count == 0 && each.Path[0] is not ("up" or "node" or "replay" or "simulate" or "config" or "cap" or "store" or "completion" or "version"))
            .Select(each => ((ExampleCommand)each.Command).Examples[0]),
    ];

    [Theory]
    [MemberData(nameof(Asking))]
    public async Task Every_command_that_asks_a_node_ends_with_the_status_of_what_it_got(string example)
    {
        await using var node = new CannedNode();
        await node.InitializeAsync();
        string[] words = [.. CommandLineParser.SplitCommandLine(example).Skip(1)];
        foreach ((int http, int status) in new[] { (404, ExitStatus.NotFound), (401, ExitStatus.Denied), (403, ExitStatus.Denied), (500, ExitStatus.Failed), (400, ExitStatus.Usage) })
        {
            node.Refused = http;
            Run refused = await Run.Streams([.. words, "--server", node.Url]);
            Assert.Equal((http, status, ""), (http, refused.Status, refused.Output));
            Assert.Single(refused.Error.Trim().Split('\n'));
        }

        Assert.Equal(ExitStatus.NoServer, (await Run.Streams([.. words, "--server", "http://127.0.0.1:1"])).Status);
        Assert.Equal(ExitStatus.Usage, (await Run.Streams([.. words, "--nonsense"])).Status);
    }

    [Fact]
    public async Task The_version_is_told_to_people_and_programs()
    {
        Run text = await Run.Streams("version");
        Run json = await Run.Streams("version", "--output", "json");

        Assert.StartsWith("streams 0.", text.Output, StringComparison.Ordinal);
        Assert.StartsWith("0.", System.Text.Json.JsonDocument.Parse(json.Output).RootElement.GetProperty("version").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2h", "2026-11-22T10:00:00Z")]
    [InlineData("-6h", "2026-11-22T06:00:00Z")]
    [InlineData("PT30M", "2026-11-22T11:30:00Z")]
    [InlineData("now", "2026-11-22T12:00:00Z")]
    [InlineData("2026-11-22T10:00:00+02:00", "2026-11-22T08:00:00Z")]
    [InlineData("36500d", "1970-01-01T00:00:00Z")]
    [InlineData("yesterday", null)]
    [InlineData("2026-11-22T10:00:00", null)]
    public void A_moment_is_a_time_or_so_long_ago(string text, string? expected)
    {
        bool understood = Streams.Cli.Commands.Lists.TryMoment(text, new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero), out DateTimeOffset moment);

        Assert.Equal(expected, understood ? moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture) : null);
    }

    [Fact]
    public async Task A_group_without_a_command_names_its_commands()
    {
        Run run = await Run.Streams("device");

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains("streams device needs one of: list, show, history", run.Error, StringComparison.Ordinal);
    }
}
