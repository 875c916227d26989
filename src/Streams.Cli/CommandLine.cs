using System.CommandLine;
using System.CommandLine.Help;
using Streams.Cli.Commands;
using Streams.Cli.Completion;
using Streams.Cli.Output;

namespace Streams.Cli;

/// <summary>The <c>streams</c> executable as a function: arguments in, text and an exit status out.</summary>
public static class CommandLine
{
    private const int BrokenPipe = 32;
    private const int BrokenPipeOfWindows = unchecked((int)0x8007006D);

    /// <param name="stop">Cancelled when the user asks to stop; what runs then ends cleanly.</param>
    /// <returns>One of <see cref="ExitStatus"/>.</returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken stop = default) =>
        RunAsync(args, new Screen(output, error), stop);

    /// <param name="time">What relative times and the waits of watching commands go by; null for the system's clock.</param>
    internal static async Task<int> RunAsync(string[] args, Screen screen, CancellationToken stop, TimeProvider? time = null)
    {
        ParseResult parsed = Build(screen, time).Parse(args);
        bool suggests = args is [{ } first, ..] && first.StartsWith("[suggest", StringComparison.Ordinal);
        if (parsed.Errors.Count > 0 && !suggests && parsed.Action is not HelpWithExamples)
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
        catch (IOException failure) when (failure.HResult is BrokenPipe or BrokenPipeOfWindows)
        {
            // Whoever read has read enough, as head does.
            return ExitStatus.Done;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            screen.Error.WriteLine(failure.Message);
            return ExitStatus.Failed;
        }
    }

    internal static RootCommand Build(Screen screen, TimeProvider? time = null)
    {
        var shared = new SharedOptions(time ?? TimeProvider.System);
        var offers = new Offers(shared);
        var root = new RootCommand("Streams: a city's devices and districts as actors over Kafka. Begin with: streams up");
        Command[] commands =
        [
            .. UpCommand.Build(shared, screen),
            ReplayCommand.Build(shared, screen),
            .. SimulateCommand.Build(shared, screen),
            ScenarioCommands.Build(shared, screen, offers),
            DeviceCommands.Build(shared, screen, offers),
            AreaCommands.Build(shared, screen, offers),
            AlertCommands.Build(shared, screen, offers),
            IncidentCommands.Build(shared, screen, offers),
            AnomalyCommands.Build(shared, screen, offers),
            ClusterCommands.Build(shared, screen, offers),
            TopicCommands.Build(shared, screen),
            CareCommands.Build(shared, screen, offers),
            TokenCommands.Build(shared, screen, offers),
            WebhookCommands.Build(shared, screen, offers),
            AuditCommands.Build(shared, screen),
            ConfigCommands.Build(shared, screen),
            CapCommands.Build(shared, screen, offers),
            StoreCommands.Build(shared, screen),
            CompletionCommand.Build(screen),
            VersionCommand.Build(shared, screen),
        ];
        foreach (Command command in commands)
        {
            root.Subcommands.Add(command);
        }

        foreach (Option option in shared.All)
        {
            root.Options.Add(option);
        }

        HelpOption help = root.Options.OfType<HelpOption>().Single();
        help.Aliases.Remove("/h");
        help.Aliases.Remove("/?");
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
