using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary>What most commands do: one question to the node, written as JSON or drawn.</summary>
internal static class Show
{
    /// <param name="question">Path to ask, and what to call it when it is not there.</param>
    public static ExampleCommand Answering(
        this ExampleCommand command,
        SharedOptions shared,
        Screen screen,
        Func<ParseResult, (string Path, string What)> question,
        Action<JsonElement> draw)
    {
        command.SetAction(async (parsed, stop) =>
        {
            (string path, string what) = question(parsed);
            using NodeClient node = shared.Connect(parsed);
            JsonElement answer = await node.GetAsync(path, what, stop).ConfigureAwait(false);
            if (shared.WantsJson(parsed))
            {
                screen.Json(answer);
            }
            else
            {
                draw(answer);
            }

            return ExitStatus.Done;
        });
        return command;
    }

    public static Command Group(string name, string description, params Command[] commands)
    {
        var group = new ExampleCommand(name, description, [.. commands.OfType<ExampleCommand>().SelectMany(command => command.Examples.Take(1))]);
        foreach (Command command in commands)
        {
            group.Subcommands.Add(command);
        }

        return group;
    }

    public static ExampleCommand Taking(this ExampleCommand command, params Symbol[] symbols)
    {
        foreach (Symbol symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else if (symbol is Option option)
            {
                command.Options.Add(option);
            }
        }

        return command;
    }
}
