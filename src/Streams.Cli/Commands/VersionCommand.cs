using System.CommandLine;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Commands;

/// <summary><c>streams version</c>: what this is, for a report of a fault.</summary>
internal static class VersionCommand
{
    public static Command Build(SharedOptions shared, Screen screen)
    {
        var version = new ExampleCommand("version", "What this executable is and what it runs on.", "streams version", "streams version --output json");
        version.SetAction(parsed =>
        {
            string[] built = (typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0").Split('+');
            JsonElement answer = JsonSerializer.SerializeToElement(new
            {
                version = built[0],
                commit = built.Length > 1 ? built[1] : null,
                runtime = RuntimeInformation.FrameworkDescription,
                platform = RuntimeInformation.RuntimeIdentifier,
            });
            if (shared.WantsJson(parsed))
            {
                screen.Json(answer);
            }
            else
            {
                screen.Line($"streams {answer.Text("version")}{(built.Length > 1 ? $" ({built[1][..Math.Min(9, built[1].Length)]})" : "")}, {answer.Text("runtime")} on {answer.Text("platform")}");
            }

            return ExitStatus.Done;
        });
        return version;
    }
}
