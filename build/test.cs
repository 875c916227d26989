// Runs the test programs that stand under tests/ and sums up what they say. Started by build.sh and build.ps1:
//   dotnet run build/test.cs -- ROOT [PROJECT...]
// PROJECT is a part of a name: "Cli" runs Streams.Cli.Tests only. Last line: "N passed, N failed, N skipped"; exit status 1 when
// anything failed, a program ended without a result, or no test ran at all.
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false
using System.Diagnostics;
using System.Globalization;
using System.Xml.Linq;

if (args.Length == 0 || !File.Exists(Path.Combine(args[0], "Streams.sln")))
{
    Console.Error.WriteLine("usage: test.cs ROOT [PROJECT...]   (ROOT holds Streams.sln)");
    return 2;
}

string root = Path.GetFullPath(args[0]);
string[] wanted = args[1..];
string results = Path.Combine(root, "artifacts", "test-results");
Directory.CreateDirectory(results);

string[] projects =
[
    .. Directory.GetDirectories(Path.Combine(root, "tests"), "*.Tests")
        .Select(folder => Path.GetFileName(folder)!)
        .Where(name => wanted.Length == 0 || wanted.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase)))
        .Order(StringComparer.Ordinal),
];
if (projects.Length == 0)
{
    Console.Error.WriteLine($"No test project under {Path.Combine(root, "tests")} has {string.Join(" or ", wanted)} in its name.");
    return 2;
}

// The whole solution, so that a warning anywhere is found here; a single project when only some are asked for.
string[] builds = wanted.Length == 0 ? ["Streams.sln"] : [.. projects.Select(name => $"tests/{name}/{name}.csproj")];
foreach (string build in builds)
{
    if (Run("dotnet", ["build", Path.Combine(root, build), "-c", "Release", "-v", "q", "--nologo"]) != 0)
    {
        Console.Error.WriteLine($"{build} does not build.");
        Console.WriteLine("0 passed, 1 failed, 0 skipped");
        return 1;
    }
}

var sum = new Tally(0, 0, 0);
var lines = new List<string>();
foreach (string name in projects)
{
    string program = Path.Combine(root, "tests", name, "bin", "Release", "net10.0", name + ".dll");
    string report = Path.Combine(results, name + ".xml");
    File.Delete(report);
    long started = Stopwatch.GetTimestamp();
    int status = Run("dotnet", ["exec", program, "-noLogo", "-noColor", "-xml", report]);
    TimeSpan took = Stopwatch.GetElapsedTime(started);
    Tally tally = Tally.Read(report);
    string note = "";
    if (status != 0 && tally.Failed == 0)
    {
        // A crash or a process that was killed leaves no failed test behind; it is a failure all the same.
        tally = tally with { Failed = 1 };
        note = $"  ended with status {status}";
    }

    sum += tally;
    lines.Add(string.Create(CultureInfo.InvariantCulture, $"{name,-26} {tally}  ({took.TotalSeconds:0.0} s){note}"));
}

Console.WriteLine();
lines.ForEach(Console.WriteLine);
Console.WriteLine(sum);
if (sum is { Passed: 0, Failed: 0, Skipped: 0 })
{
    Console.Error.WriteLine("No test ran.");
}

return sum.Failed > 0 || sum.Passed + sum.Skipped == 0 ? 1 : 0;

static int Run(string program, string[] arguments)
{
    using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })!;
    process.WaitForExit();
    return process.ExitCode;
}

/// <summary>How a run of tests ended; errors outside of a test (a fixture, clean-up) count as failed.</summary>
internal sealed record Tally(int Passed, int Failed, int Skipped)
{
    public static Tally operator +(Tally a, Tally b) => new(a.Passed + b.Passed, a.Failed + b.Failed, a.Skipped + b.Skipped);

    /// <summary>Sums xunit's XML report; nothing at all where there is none.</summary>
    public static Tally Read(string report)
    {
        if (!File.Exists(report))
        {
            return new Tally(0, 0, 0);
        }

        XElement[] assemblies = [.. XDocument.Load(report).Descendants("assembly")];
        int Count(string attribute) => assemblies.Sum(assembly => (int?)assembly.Attribute(attribute) ?? 0);
        return new Tally(Count("passed"), Count("failed") + Count("errors"), Count("skipped"));
    }

    public override string ToString() => $"{Passed} passed, {Failed} failed, {Skipped} skipped";
}
