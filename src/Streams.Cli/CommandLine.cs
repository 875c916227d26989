using System.CommandLine;
using System.CommandLine.Help;
using Streams.Cli.Commands;
using Streams.Cli.Output;

namespace Streams.Cli;

/// <summary>The <c>streams</c> executable as a function: arguments in, text and an exit status out.</summary>
public static class CommandLine
{
    /// <param name="stop">Cancelled when the user asks to stop; what runs then ends cleanly.</param>
    /// <returns>One of <see cref="ExitStatus"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken stop = default) =>
        RunAsync(args, new Screen(output, error), stop);

    internal static async Task<int> RunAsync(string[] args, Screen screen, CancellationToken stop)
    {
        ParseResult parsed = Build(screen).Parse(args);
        if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
        {
            // The library's own message for a missing argument does not say which one.
            string[] missing =
            [
                .. parsed.CommandResult.Command.Arguments
                    .Where(argument => argument.Arity.MinimumNumberOfValues > (parsed.GetResult(argument)?.Tokens.Count ?? 0))
                    .Select(argument => $"{argument.Name} is missing: {argument.Description}"),
            ];
            IEnumerable<string> messages = parsed.Errors.Select(each => each.Message).Where(message => missing.Length == 0 || !message.StartsWith("Required argument", StringComparison.Ordinal));
            foreach (string message in missing.Concat(messages).Distinct())
            {
                screen.Error.WriteLine(message);
            }

            screen.Error.WriteLine($"Try: {PathOf(parsed.CommandResult.Command)} --help");
            return ExitStatus.Usage;
        }

        try
        {
            var run = new InvocationConfiguration
            {
                Output = screen.Out,
                Error = screen.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(run, stop).ConfigureAwait(false);
        }
        catch (CommandFailedException failure)
        {
            screen.Error.WriteLine(failure.Message);
            return failure.Status;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            screen.Error.WriteLine("Stopped.");
            return ExitStatus.Failed;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            screen.Error.WriteLine(failure.Message);
            return ExitStatus.Failed;
        }
    }

    internal static RootCommand Build(Screen screen)
    {
        var shared = new SharedOptions();
        var root = new RootCommand("Streams: a city's devices and districts as actors over Kafka. Begin with: streams up");
        foreach (Command group in UpCommand.Build(shared, screen)
            .Concat(ClusterCommands.Build(shared, screen))
            .Concat(DeviceCommands.Build(shared, screen))
            .Concat(AlertCommands.Build(shared, screen))
            .Concat(CareCommands.Build(shared, screen))
            .Concat(ConfigCommands.Build(shared, screen))
            .Concat(ReplayCommand.Build(shared, screen))
            .Concat(SimulateCommand.Build(shared, screen)))
        {
            root.Subcommands.Add(group);
        }

        foreach (Option option in shared.All)
        {
            root.Options.Add(option);
        }

        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        foreach (Command group in root.Subcommands.Where(command => command.Subcommands.Count > 0))
        {
            group.SetAction(parsed =>
            {
                screen.Error.WriteLine($"{PathOf(group)} needs one of: {string.Join(", ", group.Subcommands.Select(command => command.Name))}");
                return ExitStatus.Usage;
            });
        }

        root.SetAction(parsed =>
        {
            new HelpAction().Invoke(parsed);
            return ExitStatus.Usage;
        });
        return root;
    }

    internal static string PathOf(Symbol command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent ? $"{PathOf(parent)} {command.Name}" : "streams";
}
