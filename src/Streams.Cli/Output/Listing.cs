using System.Text.Json;
using Spectre.Console;

namespace Streams.Cli.Output;

/// <summary>One column of a listing.</summary>
/// <param name="FromWidth">Shown on terminals at least this wide; 0 for always.</param>
/// <param name="Style">Colour by the item, such as red for a severe alert; null for none.</param>
internal sealed record Column(string Header, Func<JsonElement, string> Text, int FromWidth = 0, bool Right = false, Func<JsonElement, string?>? Style = null)
{
    public Column(string header, string path, int fromWidth = 0, bool right = false)
        : this(header, item => item.Text(path), fromWidth, right)
    {
    }
}

/// <summary>A list answered by the API, as a table that fits the terminal: on a narrow one the less important columns are left out.</summary>
internal sealed class Listing(params Column[] columns)
{
    public void Write(Screen screen, IReadOnlyList<JsonElement> items, string whenEmpty)
    {
        if (items.Count == 0)
        {
            screen.Line(whenEmpty);
            return;
        }

        Column[] shown = [.. columns.Where(column => screen.Width >= column.FromWidth)];
        Table table = new Table().Border(screen.IsTerminal ? TableBorder.Rounded : TableBorder.Simple);
        foreach (Column column in shown)
        {
            var head = new TableColumn(new Text(column.Header));
            table.AddColumn(column.Right ? head.RightAligned() : head);
        }

        foreach (JsonElement item in items)
        {
            table.AddRow(shown.Select(column => new Text(column.Text(item), column.Style?.Invoke(item) is { } style ? Style.Parse(style) : null)));
        }

        screen.Write(table);
    }

    /// <summary>One page of <c>{"items": [...], "next": ...}</c>, and how to get the one after it.</summary>
    public void WritePage(Screen screen, JsonElement page, string whenEmpty)
    {
        Write(screen, page.List("items"), whenEmpty);
        if (page.Text("next") is { Length: > 0 })
        {
            screen.Line($"More: --after {page.At("next").GetString()}");
        }
    }
}
