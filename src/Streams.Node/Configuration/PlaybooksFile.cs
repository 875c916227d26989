using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Node.Configuration;

/// <summary><c>playbooks.yaml</c>: what is done about what, as the file's own head describes it.</summary>
public sealed class PlaybooksFile
{
    private const int MostSteps = 64;

    private static readonly Form<AlertSeverity> Severity = Form.Choice(Enum.GetValues<AlertSeverity>()
        .Where(each => each != AlertSeverity.Unknown).Select(each => (each.ToString(), each)));

    private static readonly Form<TimeSpan> Span = Form.Duration(TimeSpan.Zero, TimeSpan.FromDays(7));

    private static readonly Form<string> Anything = Form.Text(1000);

    private readonly IReadOnlyList<SystemKind>? _systems;
    private readonly Form<string> _system;
    private readonly Form<string> _rule;
    private readonly Form<string> _role;

    private PlaybooksFile(IReadOnlyList<SystemKind>? systems, IReadOnlyList<AlertRule>? rules, IReadOnlyList<Role>? roles)
    {
        _systems = systems;
        _system = systems is null ? SystemsFile.Name : Form.Choice(systems.Select(each => (each.Name, each.Name)));
        _rule = rules is null ? SystemsFile.Name : Form.Choice(rules.Select(each => (each.Id, each.Id)));
        _role = roles is null ? Form.SnakeCase : Form.Choice(roles.Select(each => (each.Name, each.Name)));
    }

    /// <summary>In the order of the file: of two playbooks that name a rule, which is a fault, the first.</summary>
    /// <param name="systems">Null where their own file has faults: then playbooks are not blamed for what they name; likewise <paramref name="rules"/> and <paramref name="roles"/>.</param>
    public static ImmutableArray<Playbook> Read(YamlFile file, IReadOnlyList<SystemKind>? systems, IReadOnlyList<AlertRule>? rules, IReadOnlyList<Role>? roles)
    {
        PlaybooksFile reader = new(systems, rules, roles);
        ImmutableArray<Playbook>.Builder playbooks = ImmutableArray.CreateBuilder<Playbook>();
        Dictionary<string, string> taken = [];
        foreach ((string name, YamlSection section) in file.Root.Section("playbooks", required: true).Entries(SystemsFile.Name))
        {
            Playbook playbook = reader.ReadPlaybook(name, section);
            foreach ((int index, string rule) in playbook.Rules.Index())
            {
                if (rules?.FirstOrDefault(each => each.Id == rule) is { } known && known.IsEveryday != playbook.IsEveryday)
                {
                    section.FaultOfItem(
                        "rules", index, known.IsEveryday ? $"is {rule}, a rule of every day" : $"is {rule}, which alerts people", $"in a playbook that is {(playbook.IsEveryday ? "" : "not ")}everyday, rules that are {(playbook.IsEveryday ? "" : "not ")}everyday");
                }

                if (!taken.TryAdd(rule, name))
                {
                    section.FaultOfItem("rules", index, $"is {rule}, of which {taken[rule]} takes care", "each rule in one playbook");
                }
            }

            playbooks.Add(playbook);
        }

        file.Finish();
        return playbooks.ToImmutable();
    }

    private Playbook ReadPlaybook(string name, YamlSection section)
    {
        Playbook defaults = new() { Name = name, Title = "", Rules = [], Steps = [] };
        (string Id, YamlSection Section)[] steps = [.. section.Section("steps", required: true).Entries(SystemsFile.Name)];
        string[] ids = [.. steps.Select(step => step.Id)];
        Playbook playbook = defaults with
        {
            Title = section.Required("title", Form.Text(100)),
            Rules = section.List("rules", _rule),
            IsEveryday = section.Optional("everyday", Form.Flag, false),
            Opens = section.Optional("opens", Severity, defaults.Opens),
            NearInMetres = section.Optional("near", Form.Number(0, 50_000), defaults.NearInMetres),
            Settles = section.Optional("settles", Span, defaults.Settles),
            Steps = [.. steps.Select(step => ReadStep(step.Id, step.Section, ids))],
        };
        if (section.IsSound("steps") && playbook.Steps.Length is 0 or > MostSteps)
        {
            section.Fault("steps", $"are {playbook.Steps.Length}", $"1 to {MostSteps} steps");
        }

        foreach ((string id, YamlSection step) in steps)
        {
            if (step.IsSound("after", "fallback") && CycleFrom(playbook, id) is { } cycle)
            {
                step.Fault("after", $"makes {id} wait for itself: {cycle}", "steps that do not wait for each other");
                break;
            }
        }

        return playbook;
    }

    private PlaybookStep ReadStep(string id, YamlSection section, string[] ids)
    {
        Form<string> other = new("another step of this playbook", (YamlScalar scalar, out string value) => ids.Contains(value = scalar.Text) && value != id, ids);
        string system = section.Required("system", _system);
        string action = section.Required("action", SystemsFile.Name);
        SystemAction? known = section.IsSound("system", "action") ? ActionOf(section, system, action) : null;
        string? undo = known?.Undo;
        if (section.Has("undo"))
        {
            // The only other word: what was done stands.
            section.Required("undo", Form.Choice([("never", 0)]));
            undo = null;
        }

        PlaybookStep defaults = new() { Id = id, System = system, Action = action, Within = TimeSpan.FromMinutes(15) };
        return defaults with
        {
            Undo = undo,
            UndoWithin = undo is not null && _systems?.FirstOrDefault(each => each.Name == system)?.Actions.GetValueOrDefault(undo) is { } back ? back.Within : defaults.UndoWithin,
            Place = section.Optional("place", Form.Choice<StepPlace>(), defaults.Place),
            Parameters = ReadParameters(section, known),
            Count = (int)section.Optional("count", Form.Whole(0, 1000), known?.Target == ActionTarget.Unit ? 1 : 0),
            After = section.List("after", other),
            When = ReadCondition(section.Section("when"), other),
            Approval = section.MaybeSection("approval") is { } approval ? ReadApproval(approval) : null,
            Within = section.Optional("within", Form.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(7)), known?.Within ?? defaults.Within),
            Attempts = (int)section.Optional("attempts", Form.Whole(1, 10), defaults.Attempts),
            BackOff = section.Optional("backOff", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)), defaults.BackOff),
            Fallback = section.MaybeText("fallback", other),
            OnFailure = section.Optional("onFailure", Form.Choice<StepFailure>(), defaults.OnFailure),
            IsVital = section.Optional("vital", Form.Flag, defaults.IsVital),
        };
    }

    private SystemAction? ActionOf(YamlSection section, string system, string action)
    {
        SystemKind? kind = _systems?.FirstOrDefault(each => each.Name == system);
        if (kind is null || kind.Actions.TryGetValue(action, out SystemAction? known))
        {
            return kind?.Actions.GetValueOrDefault(action);
        }

        section.Fault("action", $"is {action}, which {system} can not do{Spelling.DidYouMean(action, kind.Actions.Keys)}", string.Join(", ", kind.Actions.Keys.Order(StringComparer.Ordinal)));
        return null;
    }

    private static ImmutableSortedDictionary<string, string> ReadParameters(YamlSection section, SystemAction? action)
    {
        YamlSection given = section.Section("parameters");
        ImmutableSortedDictionary<string, string>.Builder values = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string name in given.Keys.ToArray())
        {
            if (action is null)
            {
                values[name] = given.Required(name, Anything);
            }
            else if (action.Parameters.TryGetValue(name, out ActionParameter? parameter))
            {
                values[name] = ReadParameter(given, parameter);
            }
            else
            {
                given.Fault(name, $"is no parameter of {action.Name}{Spelling.DidYouMean(name, action.Parameters.Keys)}", action.Parameters.IsEmpty ? "none" : string.Join(", ", action.Parameters.Keys));
            }
        }

        foreach (ActionParameter missing in action?.Parameters.Values.Where(each => each.IsRequired && !given.Has(each.Name)) ?? [])
        {
            section.Fault("parameters", $"lack {missing.Name}, which {action!.Name} needs", missing.Kind == ParameterKind.Number ? $"a number in {missing.Unit}" : "a " + missing.Kind.ToString().ToLowerInvariant());
        }

        return values.ToImmutable();
    }

    private static string ReadParameter(YamlSection given, ActionParameter parameter) => parameter.Kind switch
    {
        ParameterKind.Number => given.Required(parameter.Name, Form.Number(parameter.Least, parameter.Most)).ToString("R", CultureInfo.InvariantCulture),
        ParameterKind.Flag => given.Required(parameter.Name, Form.Flag) ? "true" : "false",
        _ when parameter.Choices.Length > 0 => given.Required(parameter.Name, Form.Choice(parameter.Choices.Select(each => (each, each)))),
        _ => given.Required(parameter.Name, Anything),
    };

    private StepCondition ReadCondition(YamlSection section, Form<string> other)
    {
        StepCondition always = StepCondition.Always;
        return new StepCondition(
            section.Optional("from", Severity, always.From),
            section.Optional("lasts", Span, always.Lasts),
            (int)section.Optional("alerts", Form.Whole(1, Incident.MaxAlerts), always.Alerts),
            (int)section.Optional("areas", Form.Whole(1, Incident.MaxAlerts), always.Areas),
            section.List("rules", _rule),
            section.MaybeText("failed", other));
    }

    private ApprovalRule ReadApproval(YamlSection section)
    {
        string? to = section.MaybeText("escalatesTo", _role);
        TimeSpan after = section.Optional("escalatesAfter", Form.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(7)), TimeSpan.FromMinutes(5));
        TimeSpan? lapses = section.Maybe("lapsesAfter", Form.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(7)));
        SilenceMeans silence = section.Optional("onSilence", Form.Choice<SilenceMeans>(), SilenceMeans.No);
        if (section.Has("onSilence") && lapses is null && section.IsSound("lapsesAfter"))
        {
            section.Fault("onSilence", "never comes to matter", "beside lapsesAfter");
        }

        if (to is not null && lapses <= after && section.IsSound("lapsesAfter", "escalatesAfter"))
        {
            section.Fault("lapsesAfter", "is over before the next role is asked", $"longer than escalatesAfter, {Durations.Short(after)}");
        }

        return new ApprovalRule(
            section.Required("role", _role), (int)section.Optional("people", Form.Whole(1, 2), 1), section.Maybe("preApprovedFrom", Severity), after, to, lapses, silence);
    }

    /// <summary>The way from a step back to itself over what it waits for; null where there is none.</summary>
    private static string? CycleFrom(Playbook playbook, string id)
    {
        // A fall-back's turn comes when the step that names it has failed, so it waits for that one.
        IEnumerable<string> WaitsFor(string step) =>
            [.. playbook.Steps.First(each => each.Id == step).After, .. playbook.Steps.Where(each => each.Fallback == step).Select(each => each.Id), .. playbook.Steps.First(each => each.Id == step).When.Failed is { } failed ? [failed] : Array.Empty<string>()];
        HashSet<string> seen = [];
        Stack<(string Step, string Path)> open = new([(id, id)]);
        while (open.TryPop(out (string Step, string Path) at))
        {
            foreach (string next in WaitsFor(at.Step).Where(next => playbook.IndexOf(next) >= 0))
            {
                if (next == id)
                {
                    return $"{at.Path} after {id}";
                }

                if (seen.Add(next))
                {
                    open.Push((next, $"{at.Path} after {next}"));
                }
            }
        }

        return null;
    }
}
