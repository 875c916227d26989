using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Streams.Cli;

/// <summary>A command that shows how it is used: every one has at least one example.</summary>
internal sealed class ExampleCommand(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines, ready to be copied.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}

/// <summary>The usual help, with the command's examples below it.</summary>
internal sealed class HelpWithExamples(HelpAction usual) : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        if (parseResult.CommandResult.Command is ExampleCommand { Examples: { Count: > 0 } examples })
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine(examples.Count == 1 ? "Example:" : "Examples:");
            foreach (string example in examples)
            {
                output.WriteLine("  " + example);
            }

            output.WriteLine();
        }

        return ExitStatus.Done;
    }
}
