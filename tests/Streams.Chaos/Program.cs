using System.Globalization;
using Streams.Chaos;
using Streams.Chaos.Faults;

string usage = $"""
    usage: ./build.sh chaos [OPTIONS]

    Runs a cluster of real processes on a real PostgreSQL under load and faults, heals it, and compares all it stored and published with what one
    thread makes of the same input. Exit status 1 when anything differs.

      --seed N           of load and faults (1)
      --minutes M        how long faults go on (5)
      --fault NAME,...   only these (all):
    {string.Join(Environment.NewLine, FaultList.All.Select(fault => $"                           {fault.Name,-14} {fault.What}"))}
      --crash POINT,...  only these crash points ({string.Join(", ", Streams.Runtime.CrashPoint.All)})
      --once             every fault and crash point once, then the end
      --nodes N          2 to 8 (3)
      --sensors N        each speaks once a second, 20 to 9000 (1500)
      --folder DIR       for the logs of all processes
      --keep             keep them though nothing was found
      --output json      the report for programs
    """;

ChaosOptions options = new();
bool json = false;
try
{
    for (int i = 0; i < args.Length; i++)
    {
        string Value() => i + 1 < args.Length ? args[++i] : throw new ArgumentException($"{args[i]} needs a value.");
        double Number(double least, double most) =>
            double.TryParse(Value(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
                ? number
                : throw new ArgumentException($"{args[i - 1]} is {args[i]}; allowed is a number from {least} to {most}.");
        switch (args[i])
        {
            case "--seed":
                options = options with { Seed = (int)Number(0, int.MaxValue) };
                break;
            case "--minutes":
                options = options with { Length = TimeSpan.FromMinutes(Number(0.1, 1440)) };
                break;
            case "--fault":
                options = options with { Faults = Value().Split(',') };
                break;
            case "--crash":
                options = options with { CrashPoints = Value().Split(',') };
                break;
            case "--once":
                options = options with { Once = true };
                break;
            case "--nodes":
                options = options with { Nodes = (int)Number(2, 8) };
                break;
            case "--sensors":
                options = options with { Sensors = (int)Number(20, 9000) };
                break;
            case "--folder":
                options = options with { Folder = Value() };
                break;
            case "--keep":
                options = options with { Keep = true };
                break;
            case "--output":
                json = Value() == "json";
                break;
            case "-h" or "--help":
                Console.WriteLine(usage);
                return 0;
            default:
                throw new ArgumentException($"{args[i]} is no option here.");
        }
    }

    if (options.CrashPoints.FirstOrDefault(point => !Streams.Runtime.CrashPoint.All.Contains(point)) is { } unknown)
    {
        throw new ArgumentException($"There is no crash point {unknown}; there are {string.Join(", ", Streams.Runtime.CrashPoint.All)}.");
    }

    if (!ChaosRun.CanRun)
    {
        Console.Error.WriteLine("PostgreSQL is not installed here (looked for initdb on the PATH and in /usr/lib/postgresql/*/bin). On Debian: apt-get install postgresql");
        return 1;
    }

    ChaosReport report = await ChaosRun.RunAsync(options, json ? Console.Error.WriteLine : Console.WriteLine);
    Console.WriteLine(json ? report.ToJson() : report.ToString());
    return report.ViolationCount > 0 ? 1 : 0;
}
catch (ArgumentException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(usage);
    return 2;
}
