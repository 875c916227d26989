using System.Collections.Immutable;
using Streams.Domain.Devices;
using Streams.Domain.Dispatch;

namespace Streams.Node.Configuration;

/// <summary><c>systems.yaml</c>: city systems and what each can be told to do, as the file's own head describes it.</summary>
public static class SystemsFile
{
    internal static readonly Form<string> Name = Form.Text("^[a-z][a-z0-9-]{0,62}$", "lower-case words with hyphens, such as street-lighting");

    private static readonly Form<TimeSpan> Within = Form.Duration(TimeSpan.FromSeconds(10), TimeSpan.FromDays(7));

    /// <summary>In the order of the file.</summary>
    /// <param name="types">Known device types; null where their own file has faults.</param>
    public static ImmutableArray<SystemKind> Read(YamlFile file, IReadOnlyList<DeviceType>? types)
    {
        Form<string> type = types is null ? Form.SnakeCase : Form.Choice(types.Select(each => (each.Name, each.Name)));
        ImmutableArray<SystemKind>.Builder systems = ImmutableArray.CreateBuilder<SystemKind>();
        YamlSection all = file.Root.Section("systems", required: true);
        foreach ((string name, YamlSection section) in all.Entries(Name))
        {
            if (name == Actors.ResponseRecords.Desk)
            {
                // Their requests would have one key.
                all.Fault(name, "is the name of a city's desk of incidents", "any other name");
            }

            ImmutableArray<string> devices = section.List("devices", type);
            systems.Add(new SystemKind
            {
                Name = name,
                Title = section.Required("title", Form.Text(100)),
                Devices = devices,
                Answers = section.Optional("answers", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), TimeSpan.FromSeconds(10)),
                Actions = ReadActions(section.Section("actions", required: true), devices),
            });
        }

        file.Finish();
        return systems.ToImmutable();
    }

    private static ImmutableDictionary<string, SystemAction> ReadActions(YamlSection section, ImmutableArray<string> devices)
    {
        ImmutableDictionary<string, SystemAction>.Builder actions = ImmutableDictionary.CreateBuilder<string, SystemAction>(StringComparer.Ordinal);
        ImmutableArray<(string Name, YamlSection Section)> entries = section.Entries(Name);
        foreach ((string name, YamlSection action) in entries)
        {
            ActionTarget target = action.Required("target", Form.Choice<ActionTarget>());
            if (target == ActionTarget.Devices && devices.IsEmpty && action.IsSound("target"))
            {
                action.Fault("target", "is devices, of which the system names no types", "area or unit, or devices: [...] of the system");
            }

            string? undo = action.MaybeText("undo", Name);
            if (undo is not null && action.IsSound("undo") && (undo == name || entries.All(each => each.Name != undo)))
            {
                action.Fault("undo", undo == name ? "is the action itself" : $"is {undo}, which the system can not do{Spelling.DidYouMean(undo, entries.Select(each => each.Name))}", "another action of this system");
            }

            actions.Add(name, new SystemAction
            {
                Name = name,
                Title = action.Required("title", Form.Text(100)),
                Target = target,
                Undo = undo,
                StandsBeside = ReadBeside(action, target),
                Within = action.Optional("within", Within, TimeSpan.FromMinutes(15)),
                Parameters = ReadParameters(action.Section("parameters")),
            });
        }

        return actions.ToImmutable();
    }

    private static bool ReadBeside(YamlSection action, ActionTarget target)
    {
        bool isBeside = action.Optional("beside", Form.Flag, false);
        if (isBeside && (target != ActionTarget.Area || !action.Has("undo")) && action.IsSound("beside", "target", "undo"))
        {
            action.Fault("beside", "is given for what leaves nothing standing in an area", "actions with target area and an undo");
        }

        return isBeside;
    }

    private static ImmutableDictionary<string, ActionParameter> ReadParameters(YamlSection section)
    {
        ImmutableDictionary<string, ActionParameter>.Builder parameters = ImmutableDictionary.CreateBuilder<string, ActionParameter>(StringComparer.Ordinal);
        foreach ((string name, YamlSection parameter) in section.Entries(Form.SnakeCase))
        {
            double least = parameter.Optional("least", Form.Number(), double.NegativeInfinity);
            double most = parameter.Optional("most", Form.Number(), double.PositiveInfinity);
            if (least > most && parameter.IsSound("least", "most"))
            {
                parameter.Fault("most", "is less than least", "least or more");
            }

            parameters.Add(name, new ActionParameter(
                name, parameter.Required("kind", Form.Choice<ParameterKind>()), parameter.MaybeText("unit", Form.Text(20)) ?? "", least, most,
                parameter.List("choices", Form.Text(100)), parameter.Optional("required", Form.Flag, false)));
        }

        return parameters.ToImmutable();
    }
}
