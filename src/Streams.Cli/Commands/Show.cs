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

    /// <param name="order">Path to send to, what to call it when it is not there, and the body; null for none.</param>
    /// <param name="say">Tells of the answer; after an answer without a body of <paramref name="done"/>.</param>
    /// <param name="done">What JSON says where the answer has no body.</param>
    public static ExampleCommand Ordering(
        this ExampleCommand command,
        SharedOptions shared,
        Screen screen,
        HttpMethod method,
        Func<ParseResult, (string Path, string What, JsonElement? Body)> order,
        Action<JsonElement> say,
        Func<ParseResult, object>? done = null)
    {
        command.SetAction(async (parsed, stop) =>
        {
            (string path, string what, JsonElement? body) = order(parsed);
            using NodeClient node = shared.Connect(parsed);
            JsonElement answer = await node.SendAsync(method, path, what, stop, body).ConfigureAwait(false);
            answer = done is null ? answer : JsonSerializer.SerializeToElement(done(parsed));
            if (shared.WantsJson(parsed))
            {
                screen.Json(answer);
            }
            else
            {
                say(answer);
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
