using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Domain.Cities;
using Streams.Node.Configuration;

namespace Streams.Cli.Commands;

/// <summary><c>streams config</c>: whether a node would start with these files.</summary>
internal static class ConfigCommands
{
    public static Command Build(SharedOptions shared, Screen screen)
    {
        var directory = new Argument<string?>("DIR")
        {
            HelpName = "DIR",
            Description = "Configuration folder. Default: cluster-config in this folder, or in one above it or above the executable.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        directory.NoOption();
        var check = new ExampleCommand(
            "check",
            "Reads the configuration and names every fault with file, line, what is wrong and what is allowed. Exit status 1 if there is one.",
            "streams config check",
            "streams config check /etc/streams --output json").Taking(directory);
        check.SetAction(parsed =>
        {
            string folder = ConfigurationFolder.Find(parsed.GetValue(directory));
            (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder);
            if (shared.WantsJson(parsed))
            {
                screen.Json(JsonSerializer.SerializeToElement(new
                {
                    directory = folder,
                    ok = faults.Count == 0,
                    faults = faults.Select(fault => new { file = fault.Source, line = fault.Line, column = fault.Column, what = fault.What, allowed = fault.Allowed }),
                }));
            }
            else if (configuration is not null)
            {
                screen.Line($"{folder}: no faults; {configuration.DeviceTypes.Length} device types, {configuration.AlertRules.Rules.Length} alert rules, {configuration.Topics.All.Count} topics.");
                foreach (CityPlan city in configuration.Cities)
                {
                    screen.Line(InOneLine(city));
                }
            }
            else
            {
                foreach (ConfigurationFault fault in faults)
                {
                    screen.Line(fault.ToString());
                }

                screen.Line(faults.Count == 1 ? "1 fault." : $"{faults.Count} faults.");
            }

            return faults.Count == 0 ? ExitStatus.Done : ExitStatus.Failed;
        });
        return Show.Group("config", "The files under cluster-config.", check);
    }

    private static string InOneLine(CityPlan city)
    {
        const int named = 3;
        (string Type, int Count)[] types = [.. city.Groups
            .GroupBy(group => group.Group.Type, (type, groups) => (type, groups.Sum(group => group.Group.Count)))
            .OrderByDescending(each => each.Item2).ThenBy(each => each.type, StringComparer.Ordinal)];
        string most = string.Join(", ", types.Take(named).Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Count:N0} {each.Type}")));
        string others = types.Length > named ? $", {types.Length - named} more types" : "";
        string languages = city.Languages.IsEmpty ? "" : $"alerts in {string.Join(", ", city.Languages)}; ";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"  {city.Name}: {city.Title}; {languages}{city.Areas.Length} areas, {city.DeviceCount:N0} devices ({most}{others}), {city.Scenarios.Length} {(city.Scenarios.Length == 1 ? "scenario" : "scenarios")}.");
    }
}
