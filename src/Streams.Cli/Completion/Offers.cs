using System.CommandLine;
using System.CommandLine.Completions;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Completion;

/// <summary>Values that the shell offers while a command line is typed, asked from the node. Where none answers soon, nothing is offered.</summary>
internal sealed class Offers(SharedOptions shared)
{
    /// <summary>Longer than this nobody waits for a key.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(800);

    public IEnumerable<string> Areas(CompletionContext context) => Ask(context, "api/v1/areas?limit=1000", area => [area.Text("id")]);

    /// <summary>The types of the devices that there are, and so not of all that could be.</summary>
    public IEnumerable<string> DeviceTypes(CompletionContext context) => Ask(context, "api/v1/areas?limit=1000", area => area.List("types").Select(type => type.Text("type"))).Distinct();

    /// <summary>Of the devices heard of last; a city has too many to offer all.</summary>
    public IEnumerable<string> Devices(CompletionContext context) => Ask(context, "api/v1/devices?limit=200", device => [device.Text("id")]);

    public IEnumerable<string> Alerts(CompletionContext context) => Ask(context, "api/v1/alerts?limit=50", alert => [alert.Text("id")]);

    public IEnumerable<string> Incidents(CompletionContext context) => Ask(context, "api/v1/incidents?limit=50", incident => [incident.Text("id")]);

    public IEnumerable<string> DeadLetters(CompletionContext context) => Ask(context, "api/v1/dead-letters?limit=50", letter => [letter.Text("id")]);

    public IEnumerable<string> Scenarios(CompletionContext context) => Ask(context, "api/v1/scenarios", scenario => [scenario.Text("name")]);

    public IEnumerable<string> ScenarioRuns(CompletionContext context) => Ask(context, "api/v1/scenario-runs", run => [run.Text("id")]);

    public IEnumerable<string> Tokens(CompletionContext context) => Ask(context, "api/v1/tokens", token => [token.Text("name")]);

    public IEnumerable<string> Webhooks(CompletionContext context) => Ask(context, "api/v1/webhooks", webhook => [webhook.Text("name")]);

    public IEnumerable<string> Nodes(CompletionContext context) => Ask(context, "api/v1/cluster", node => [node.Text("name")], "nodes");

    /// <param name="list">The member that is asked for.</param>
    private IEnumerable<string> Ask(CompletionContext context, string path, Func<JsonElement, IEnumerable<string>> pick, string list = "items")
    {
        try
        {
            using NodeClient node = shared.Connect(context.ParseResult, Patience);
            JsonElement page = Task.Run(() => node.GetAsync(path, "", CancellationToken.None)).GetAwaiter().GetResult();
            return [.. page.List(list).SelectMany(pick)];
        }
        catch (Exception silent) when (silent is CommandFailedException or InvalidOperationException)
        {
            // No node, or options before the cursor that are not whole yet: a shell must not print errors while somebody types.
            return [];
        }
    }
}

/// <summary>Says where an option's or argument's values come from.</summary>
internal static class CompletionSources
{
    public static Option<T> From<T>(this Option<T> option, Func<CompletionContext, IEnumerable<string>> values)
    {
        option.CompletionSources.Add(values);
        return option;
    }

    public static Argument<T> From<T>(this Argument<T> argument, Func<CompletionContext, IEnumerable<string>> values)
    {
        argument.CompletionSources.Add(values);
        return argument;
    }
}
