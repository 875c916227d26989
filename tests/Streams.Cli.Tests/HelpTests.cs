using System.CommandLine;
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
            Assert.Empty(root.Parse(example.Split(' ')[1..]).Errors);
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

    [Fact]
    public async Task A_group_without_a_command_names_its_commands()
    {
        Run run = await Run.Streams("device");

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains("streams device needs one of: list, show, history", run.Error, StringComparison.Ordinal);
    }
}
