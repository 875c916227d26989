using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Domain.Alerts;

namespace Streams.Cli.Commands;

/// <summary><c>streams alert issue</c>, <c>update</c>, <c>ack</c> and <c>cancel</c>: what people say about alerts.</summary>
internal sealed class AlertOrderCommands
{
    private readonly SharedOptions _shared;
    private readonly Screen _screen;
    private readonly Offers _offers;
    private readonly Option<string?> _file = Lists.Text("--file", "FILE", "What it says as JSON, - for standard input: all languages and members of POST /api/v1/alerts. Takes the place of the options below.");
    private readonly Option<string?> _event = Lists.Text("--event", "TEXT", "The kind of event, in words.");
    private readonly Option<string?> _headline = Lists.Text("--headline", "TEXT", "In one line.");
    private readonly Option<string?> _description = Lists.Text("--description", "TEXT", "What happens, where.");
    private readonly Option<string?> _instruction = Lists.Text("--instruction", "TEXT", "What people are to do.");
    private readonly Option<string?> _language = Lists.Text("--language", "TAG", "Of these words, such as fr-FR. Default: en.");
    private readonly Option<string[]> _category = Several<AlertCategory>("--category", "May be given several times.");
    private readonly Option<string[]> _response = Several<AlertResponse>("--response", "What is asked of people; may be given several times.");
    private readonly Option<string?> _severity = Lists.Choice("--severity", "SEVERITY", "How bad", Enum.GetNames<AlertSeverity>());
    private readonly Option<string?> _urgency = Lists.Choice("--urgency", "URGENCY", "How soon to act; default Immediate", Enum.GetNames<AlertUrgency>());
    private readonly Option<string?> _certainty = Lists.Choice("--certainty", "CERTAINTY", "How sure; default Observed", Enum.GetNames<AlertCertainty>());
    private readonly Option<string?> _status = Lists.Choice("--status", "STATUS", "Default: the installation's", "Actual", "Exercise", "System", "Test");
    private readonly Option<string?> _scope = Lists.Choice("--scope", "SCOPE", "Default Public; Private needs --address", "Public", "Restricted", "Private");
    private readonly Option<string[]> _address = new("--address") { HelpName = "ADDRESS", Description = "To whom a private one goes; may be given several times." };
    private readonly Option<TimeSpan?> _expires = Lists.Duration("--expires", "Stands so long, such as 2h. Default: 1h; 30d at most.");
    private readonly Option<string?> _place = Lists.Text("--place", "TEXT", "The place in words. Default: the area's name.");
    private readonly Option<string?> _playbook = Lists.Text("--playbook", "PLAYBOOK", "What is to be done about it, such as flood or exercise. Default: nothing.");
    private readonly Option<string?> _polygon = Lists.Text("--polygon", "PAIRS", "Its outline, \"47.32,5.03 47.33,5.03 47.33,5.05 47.32,5.03\". Default: the area's.");

    private readonly Option<string?> _circle = Lists.Text("--circle", "CIRCLE", "Its centre and radius in km, \"47.32,5.03 1.5\". Beside an outline the place is both.");

    private AlertOrderCommands(SharedOptions shared, Screen screen, Offers offers) => (_shared, _screen, _offers) = (shared, screen, offers);

    public static Command[] Build(SharedOptions shared, Screen screen, Offers offers) =>
    [
        new AlertOrderCommands(shared, screen, offers).Issue(),
        new AlertOrderCommands(shared, screen, offers).Update(),
        new AlertOrderCommands(shared, screen, offers).Say(
            "ack", "acknowledge", "Says that you take care of an alert. It stays acknowledged until it is over or becomes more severe.", "note", isNeeded: false,
            "streams alert ack dijon.centre.gas-leak.gas_detector.20261122T101500Z --note \"fire brigade is on its way\""),
        new AlertOrderCommands(shared, screen, offers).Say(
            "cancel", "cancel", "Ends an alert. One that a rule raised is not raised again while its condition goes on, unless it becomes more severe.", "reason", isNeeded: true,
            "streams alert cancel dijon.centre.issued.20261122T101500Z --reason \"fire is out\""),
    ];

    private Symbol[] Words => [_file, _event, _headline, _description, _instruction, _language, _category, _response, _severity, _urgency, _certainty, _status, _scope, _address, _expires, _place, _playbook, _polygon, _circle];

    private ExampleCommand Issue()
    {
        Option<string?> area = Lists.Text("--area", "AREA", "Where; needed, unless the file says it.").From(_offers.Areas);
        ExampleCommand issue = new ExampleCommand(
            "issue",
            "Issues an alert. It stands until it expires, or somebody updates or cancels it.",
            "streams alert issue --area dijon/dijon --event Fire --severity Severe --category Fire --headline \"Fire in Rue Haute\" --description \"A store burns.\" --instruction \"Close your windows.\"",
            "streams alert issue --area dijon --file alert.json --output json").Taking([area, .. Words]);
        issue.SetAction((parsed, stop) =>
        {
            JsonObject body = Content(parsed);
            if (parsed.GetValue(area) is { } where)
            {
                body["area"] = where;
            }

            return SendAsync(parsed, HttpMethod.Post, "api/v1/alerts", $"area {body["area"]}", body, stop);
        });
        return issue;
    }

    private ExampleCommand Update()
    {
        Argument<string> id = Lists.Id("Alert id.").From(_offers.Alerts);
        ExampleCommand update = new ExampleCommand(
            "update",
            "Says an issued alert anew: all of it, for what is not said again is gone.",
            "streams alert update dijon.issued.20261122T101500Z --event Fire --severity Minor --category Fire --headline \"Fire is small\" --description \"Smoke is left.\" --expires 2h")
            .Taking([id, .. Words]);
        update.SetAction((parsed, stop) =>
            SendAsync(parsed, HttpMethod.Put, $"api/v1/alerts/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", $"alert {parsed.GetRequiredValue(id)}", Content(parsed), stop));
        return update;
    }

    private ExampleCommand Say(string name, string path, string says, string text, bool isNeeded, string example)
    {
        Argument<string> id = Lists.Id("Alert id.").From(_offers.Alerts);
        var words = new Option<string?>("--" + text) { HelpName = "TEXT", Description = isNeeded ? "Needed; for colleagues and the audit." : "For colleagues and the audit.", Required = isNeeded };
        ExampleCommand command = new ExampleCommand(name, says, example).Taking(id, words);
        command.SetAction((parsed, stop) => SendAsync(
            parsed, HttpMethod.Post, $"api/v1/alerts/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}/{path}", $"alert {parsed.GetRequiredValue(id)}",
            new JsonObject { [text] = parsed.GetValue(words) }, stop));
        return command;
    }

    private JsonObject Content(ParseResult parsed)
    {
        if (parsed.GetValue(_file) is { } file)
        {
            return ReadFile(file);
        }

        JsonObject body = new()
        {
            ["category"] = new JsonArray([.. (parsed.GetValue(_category) ?? []).Select(each => JsonValue.Create(each))]),
            ["responseType"] = new JsonArray([.. (parsed.GetValue(_response) ?? []).Select(each => JsonValue.Create(each))]),
            ["urgency"] = parsed.GetValue(_urgency) ?? nameof(AlertUrgency.Immediate),
            ["severity"] = parsed.GetValue(_severity),
            ["certainty"] = parsed.GetValue(_certainty) ?? nameof(AlertCertainty.Observed),
            ["info"] = new JsonArray(new JsonObject
            {
                ["language"] = parsed.GetValue(_language) ?? "en",
                ["event"] = parsed.GetValue(_event),
                ["headline"] = parsed.GetValue(_headline),
                ["description"] = parsed.GetValue(_description),
                ["instruction"] = parsed.GetValue(_instruction),
            }),
        };
        Put("status", parsed.GetValue(_status));
        Put("scope", parsed.GetValue(_scope));
        Put("expires", parsed.GetValue(_expires) is { } span ? Lists.Rfc3339(_shared.Time.GetUtcNow() + span) : null);
        Put("areaDesc", parsed.GetValue(_place));
        Put("playbook", parsed.GetValue(_playbook));
        Put("polygon", parsed.GetValue(_polygon));
        Put("circle", parsed.GetValue(_circle));
        if (parsed.GetValue(_address) is { Length: > 0 } addresses)
        {
            body["addresses"] = new JsonArray([.. addresses.Select(each => JsonValue.Create(each))]);
        }

        return body;

        void Put(string member, string? value)
        {
            if (value is not null)
            {
                body[member] = value;
            }
        }
    }

    private static JsonObject ReadFile(string file)
    {
        try
        {
            using Stream stream = file == "-" ? Console.OpenStandardInput() : File.OpenRead(file);
            return JsonNode.Parse(stream) as JsonObject ?? throw new JsonException("it holds no object");
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"There is no file {file}.");
        }
        catch (JsonException fault)
        {
            throw new CommandFailedException(ExitStatus.Usage, $"{file} is not JSON as docs/api.md has it: {fault.Message}");
        }
    }

    private async Task<int> SendAsync(ParseResult parsed, HttpMethod method, string path, string what, JsonObject body, CancellationToken stop)
    {
        using NodeClient node = _shared.Connect(parsed);
        JsonElement answer = await node.SendAsync(method, path, what, stop, JsonSerializer.SerializeToElement(body)).ConfigureAwait(false);
        if (_shared.WantsJson(parsed))
        {
            _screen.Json(answer);
        }
        else if (answer.Text("detail") is { Length: > 0 } queued)
        {
            _screen.Line(queued);
        }
        else
        {
            _screen.Line($"{answer.Text("id")} is {answer.Text("state")}{(answer.Text("state") is "active" or "acknowledged" ? $" until {answer.Text("info.0.expires")}" : "")}.");
        }

        return ExitStatus.Done;
    }

    private static Option<string[]> Several<T>(string name, string description)
        where T : struct, Enum
    {
        string[] words = Enum.GetNames<T>();
        var option = new Option<string[]>(name) { HelpName = name[2..].ToUpperInvariant(), Description = $"{description} One of {string.Join(", ", words)}." };
        option.AcceptOnlyFromAmong(words);
        return option;
    }
}
