using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams incident</c>: alerts that belong together, what is done about them, and what people say of that.</summary>
internal static class IncidentCommands
{
    private static readonly Listing Incidents = new(
        Column.Word("severity", "severity"),
        Column.Word("state", "state"),
        new Column("opened", "opened", drop: 2),
        new Column("what", item => item.Text("status") == "Exercise" ? "EXERCISE: " + item.Text("title") : item.Text("title"), Least: 16),
        new Column("where", "area", least: 12, drop: 1),
        new Column("awaits", AwaitedBy, Least: 10),
        new Column("id", "id", below: true));

    private static readonly Dictionary<string, Listing> s_parts = new()
    {
        ["steps"] = new Listing(
            new Column("step", "id"),
            Column.Word("state", "state"),
            new Column("system", "system", drop: 2),
            new Column("action", "action", drop: 1),
            new Column("who", item => Few([.. item.List("assets").Select(Fields.Text)]), Least: 10),
            new Column("reason", "reason", least: 16)),
        ["timeline"] = new Listing(
            new Column("time", "time"),
            new Column("what", "what", least: 12),
            new Column("subject", "subject", least: 10),
            new Column("who", "who"),
            new Column("detail", "detail", least: 16)),
    };

    /// <summary>An incident may have hundreds of devices; <c>--json</c> has them all.</summary>
    private static string Few(string[] names)
    {
        const int most = 5;
        return names.Length <= most ? string.Join(", ", names) : $"{string.Join(", ", names.Take(most - 1))} and {names.Length - most + 1} more";
    }

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> state = Lists.Choice("--state", "STATE", "Only in this state", "open", "ending", "closed");
        Option<string?> area = Lists.Text("--area", "AREA", "Only of this area and those inside it.").From(offers.Areas);
        Option<string?> hazard = Lists.Text("--hazard", "PLAYBOOK", "Only of this playbook.");
        Option<DateTimeOffset?> since = Lists.Moment(shared.Time, "--since", "Opened at or after.");
        var everyday = new Option<bool>("--everyday") { Description = "What controls the city on an ordinary day, in place of incidents." };
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Incidents, newest first.", "streams incident list", "streams incident list --state open --area dijon/dijon")
            .Taking(state, area, hazard, since, everyday, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/incidents").With("state", parsed.GetValue(state)).With("area", parsed.GetValue(area)).With("hazard", parsed.GetValue(hazard))
                    .With("of", parsed.GetValue(everyday) ? "everyday" : null).With("since", Lists.Rfc3339(parsed.GetValue(since))).With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "incidents"),
                page => Incidents.WritePage(screen, page, "No incident matches."));

        Argument<string> id = Lists.Id("Incident id.").From(offers.Incidents);
        Command show = new ExampleCommand("show", "An incident: its alerts, its steps, whom it waits for, and its timeline.", "streams incident show dijon.flood.20261122T101500Z")
            .Taking(id)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/incidents/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", $"incident {parsed.GetRequiredValue(id)}"),
                incident => DocumentView.Write(screen, incident, s_parts));

        return Show.Group(
            "incident",
            "Incidents: alerts that belong together, and what is done about them.",
            list,
            show,
            Say("approve", "Agrees to a step that awaits approval.", "note", isNeeded: false, takesStep: true),
            Say("refuse", "Refuses a step that awaits approval: it is not done.", "reason", isNeeded: false, takesStep: true),
            Say("try-again", "Has a step that awaits a person tried once more.", "note", isNeeded: false, takesStep: true),
            Say("let-be", "Leaves a step that awaits a person as it is.", "reason", isNeeded: false, takesStep: true),
            Say("note", "Adds a note to the timeline.", "text", isNeeded: true, takesStep: false),
            Say("abort", "Ends an incident now: what is under way is withdrawn, what was done is taken back.", "reason", isNeeded: true, takesStep: false),
            Say("close", "Ends an incident of which no alert stands.", "reason", isNeeded: true, takesStep: false),
            Merge(shared, screen, offers),
            Split(shared, screen, offers));

        ExampleCommand Say(string verb, string says, string text, bool isNeeded, bool takesStep)
        {
            Argument<string> whose = Lists.Id("Incident id.").From(offers.Incidents);
            var step = new Option<string?>("--step") { HelpName = "STEP", Description = "Which, where several await it." };
            var words = new Option<string?>("--" + text) { HelpName = "TEXT", Description = isNeeded ? "Needed." : "For the timeline and the audit.", Required = isNeeded };
            string example = $"streams incident {verb} dijon.flood.20261122T101500Z{(takesStep ? " --step evacuate" : "")}{(isNeeded ? $" --{text} \"agreed with the prefecture\"" : "")}";
            ExampleCommand command = takesStep ? new ExampleCommand(verb, says, example).Taking(whose, step, words) : new ExampleCommand(verb, says, example).Taking(whose, words);
            command.SetAction((parsed, stop) =>
            {
                Dictionary<string, object?> body = new() { [text] = parsed.GetValue(words) };
                if (takesStep)
                {
                    body["step"] = parsed.GetValue(step);
                }

                return SendAsync(shared, screen, parsed, parsed.GetRequiredValue(whose), verb == "note" ? "notes" : verb, body, stop);
            });
            return command;
        }
    }

    private static ExampleCommand Merge(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> id = Lists.Id("The incident that ends.").From(offers.Incidents);
        Option<string> into = new Option<string>("--into") { HelpName = "ID", Description = "The incident that goes on with its alerts.", Required = true }.From(offers.Incidents);
        Option<string?> reason = Lists.Text("--reason", "TEXT", "For the timeline and the audit.");
        ExampleCommand merge = new ExampleCommand("merge", "Makes an incident part of another.", "streams incident merge dijon.flood.20261122T101500Z --into dijon.flood.20261122T100000Z").Taking(id, into, reason);
        merge.SetAction((parsed, stop) => SendAsync(
            shared, screen, parsed, parsed.GetRequiredValue(id), "merge", new() { ["into"] = parsed.GetRequiredValue(into), ["reason"] = parsed.GetValue(reason) }, stop));
        return merge;
    }

    private static ExampleCommand Split(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> id = Lists.Id("Incident id.").From(offers.Incidents);
        Option<string[]> alerts = new Option<string[]>("--alert") { HelpName = "ALERT", Description = "An alert that is to go; may be given several times.", Required = true }.From(offers.Alerts);
        Option<string?> reason = Lists.Text("--reason", "TEXT", "For the timeline and the audit.");
        ExampleCommand split = new ExampleCommand("split", "Makes some alerts of an incident one of their own.", "streams incident split dijon.flood.20261122T101500Z --alert dijon/dijon/port-du-canal.river-flood.20261122T101500Z")
            .Taking(id, alerts, reason);
        split.SetAction((parsed, stop) => SendAsync(
            shared, screen, parsed, parsed.GetRequiredValue(id), "split", new() { ["alerts"] = parsed.GetRequiredValue(alerts), ["reason"] = parsed.GetValue(reason) }, stop));
        return split;
    }

    private static async Task<int> SendAsync(SharedOptions shared, Screen screen, ParseResult parsed, string id, string path, Dictionary<string, object?> body, CancellationToken stop)
    {
        using NodeClient node = shared.Connect(parsed);
        JsonElement answer = await node.SendAsync(
            HttpMethod.Post, $"api/v1/incidents/{Uri.EscapeDataString(id)}/{path}", $"incident {id}", stop, JsonSerializer.SerializeToElement(body)).ConfigureAwait(false);
        if (shared.WantsJson(parsed))
        {
            screen.Json(answer);
        }
        else if (answer.Text("detail") is { Length: > 0 } queued)
        {
            screen.Line(queued);
        }
        else
        {
            screen.Line($"{answer.Text("id")} is {answer.Text("state")}{(AwaitedBy(answer) is { Length: > 0 } awaited ? ", awaits " + awaited : "")}.");
        }

        return ExitStatus.Done;
    }

    private static string AwaitedBy(JsonElement incident)
    {
        string[] parts =
        [
            .. Awaits("awaitsApproval", "approval of "),
            .. Awaits("awaitsPerson", "a person for "),
        ];
        return string.Join("; ", parts);

        IEnumerable<string> Awaits(string member, string words) =>
            incident.List(member) is { Count: > 0 } steps ? [words + string.Join(", ", steps.Select(Fields.Text))] : [];
    }
}
