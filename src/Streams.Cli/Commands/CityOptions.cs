using System.CommandLine;
using System.Globalization;
using Streams.Domain.Cities;
using Streams.Node.Configuration;

namespace Streams.Cli.Commands;

/// <summary>What the commands that simulate a city ask in common.</summary>
internal static class CityOptions
{
    private const string Usual = "dijon";
    private const double FastestSpeed = 10_000;

    public static Option<string?> City() => Lists.Text("--city", "NAME", $"City to simulate: a folder in cities/ of the configuration. Default {Usual}.");

    public static Option<double?> Speed() => Lists.Read<double?>(
        "--speed",
        "X",
        "Times faster than real: the city begins in the past (a day ago, or as far as --for takes it) and goes on in real time when it reaches the present. Default 1.",
        text => double.TryParse(text.TrimEnd('x'), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double times) && times is >= 1 and <= FastestSpeed ? (true, times) : default,
        $"not a number from 1 to {FastestSpeed}");

    public static Option<ulong?> Seed() => Lists.Read<ulong?>(
        "--seed",
        "N",
        "The same seed gives the same city and weather. Default: as before in this data folder.",
        text => ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong seed) ? (true, seed) : default,
        "not a whole number");

    public static Option<string[]> Scenario() => new("--scenario")
    {
        Description = "A scenario to begin with; may be given more than once. Others: streams scenario list",
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = true,
    };

    public static Option<bool> NoSystems() => new("--no-systems") { Description = "Without the city's systems: nobody obeys commands, and scenarios run their course." };

    /// <exception cref="CommandFailedException">The configuration has no such city.</exception>
    public static City Find(ClusterConfiguration configuration, string? name)
    {
        name ??= Usual;
        return configuration.Cities.FirstOrDefault(city => city.Name == name)?.City
            ?? throw new CommandFailedException(
                ExitStatus.NotFound,
                $"The configuration has no city {name}. It has: {string.Join(", ", configuration.Cities.Select(city => city.Name).DefaultIfEmpty("none"))}. Without one: --no-simulator");
    }
}
