using System.Text.Json;
using Spectre.Console;

namespace Streams.Cli.Output;

/// <summary>
/// Any document of the API for people: its plain fields as name and value, objects inside it under dotted names, and each list of
/// objects as a table of its own, so that what the API learns to say is shown without a change here. Columns of a table that do not fit
/// are left out from the right, and said to be.
/// </summary>
internal static class DocumentView
{
    /// <summary>Characters a text needs to be worth reading.</summary>
    private const int Readable = 12;

    public static void Write(Screen screen, JsonElement document, params string[] leaveOut) => Write(screen, document, null, leaveOut);

    /// <param name="known">Lists whose most important columns are known, by their names; the others are shown as they come.</param>
    public static void Write(Screen screen, JsonElement document, IReadOnlyDictionary<string, Listing>? known, params string[] leaveOut)
    {
        var fields = new Grid().AddColumn(new GridColumn().NoWrap().PadRight(2)).AddColumn();
        var tables = new List<(string Name, IReadOnlyList<JsonElement> Rows)>();
        Collect(document, "", fields, tables, leaveOut);
        if (fields.Rows.Count > 0)
        {
            screen.Write(fields);
        }

        foreach ((string name, IReadOnlyList<JsonElement> rows) in tables)
        {
            screen.Line("");
            screen.Line($"{name} ({rows.Count})");
            (known?.GetValueOrDefault(name) ?? AsItComes(rows)).WriteSaying(screen, rows);
        }
    }

    private static Listing AsItComes(IReadOnlyList<JsonElement> rows) =>
        new([.. rows.SelectMany(row => NamesIn(row, "")).Distinct().Select((column, at) => new Column(column, column, Fields.AreTexts(rows, column) ? Readable : 0, at, Fields.AreNumbers(rows, column)))]);

    private static void Collect(JsonElement element, string prefix, Grid fields, List<(string, IReadOnlyList<JsonElement>)> tables, string[] leaveOut)
    {
        foreach (JsonProperty member in element.EnumerateObject())
        {
            string name = prefix + member.Name;
            if (leaveOut.Contains(name, StringComparer.Ordinal))
            {
                continue;
            }

            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Object when IsTable(member.Value):
                    tables.Add((name, [.. member.Value.EnumerateObject().Select(Named)]));
                    break;
                case JsonValueKind.Object:
                    Collect(member.Value, name + ".", fields, tables, leaveOut);
                    break;
                case JsonValueKind.Array when member.Value.GetArrayLength() > 0 && member.Value.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Object):
                    tables.Add((name, [.. member.Value.EnumerateArray()]));
                    break;
                case JsonValueKind.Null or JsonValueKind.Undefined:
                    break;
                case JsonValueKind.Array when member.Value.GetArrayLength() == 0:
                    fields.AddRow(new Text(name), new Text("none"));
                    break;
                default:
                    fields.AddRow(new Text(name), new Text(Cells.Clean(Fields.Text(member.Value))));
                    break;
            }
        }
    }

    /// <summary>The plain fields of a row, those of objects inside it under dotted names.</summary>
    private static IEnumerable<string> NamesIn(JsonElement row, string prefix) => row.EnumerateObject().SelectMany(member =>
        member.Value.ValueKind == JsonValueKind.Object ? NamesIn(member.Value, prefix + member.Name + ".") : [prefix + member.Name]);

    /// <summary>An object whose members are all objects is a table keyed by name, such as the metrics of a device.</summary>
    private static bool IsTable(JsonElement value) =>
        value.EnumerateObject().Any() && value.EnumerateObject().All(member => member.Value.ValueKind == JsonValueKind.Object);

    private static JsonElement Named(JsonProperty member)
    {
        var row = new Dictionary<string, JsonElement> { ["name"] = JsonSerializer.SerializeToElement(member.Name) };
        foreach (JsonProperty each in member.Value.EnumerateObject())
        {
            row[each.Name] = each.Value;
        }

        return JsonSerializer.SerializeToElement(row);
    }
}
