using Streams.Runtime.Tests.Hosting;

namespace Streams.Runtime.Tests;

/// <summary>Runs the tests; or, where a test starts this program a second time, a node that is to die.</summary>
internal static class Program
{
    public static int Main(string[] args) => args switch
    {
        [MortalNode.Command, string folder, string way, string records] => MortalNode.Run(folder, Enum.Parse<Death>(way), int.Parse(records, System.Globalization.CultureInfo.InvariantCulture)),
        _ when args.Any(arg => arg is "--server" or "--internal-msbuild-node") =>
            Xunit.MicrosoftTestingPlatform.TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions).GetAwaiter().GetResult(),
        _ => Xunit.Runner.InProc.SystemConsole.ConsoleRunner.Run(args).GetAwaiter().GetResult(),
    };
}
