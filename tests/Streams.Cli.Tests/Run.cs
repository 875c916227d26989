using Streams.Cli.Output;
using Streams.Simulator.Tests;

namespace Streams.Cli.Tests;

/// <summary>One run of the command line, in this process, with a clock that leaps over every wait.</summary>
internal sealed record Run(int Status, string Output, string Error)
{
    public static async Task<Run> Streams(int width, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int status = await CommandLine.RunAsync(args, new Screen(output, error, width), TestContext.Current.CancellationToken, new LeapingTime());
        return new Run(status, output.ToString(), error.ToString());
    }

    public static Task<Run> Streams(params string[] args) => Streams(120, args);

    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
