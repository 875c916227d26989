using System.Text.Json;
using Spectre.Console;

namespace Streams.Cli.Output;

/// <summary>One column of a listing.</summary>
/// <param name="Least">Cells it may be shortened to; 0 for never, as for ids, which are there to be copied.</param>
/// <param name="Drop">When the rest does not fit, the column with the highest number goes first; 0 stays.</param>
/// <param name="Below">Goes to a line of its own below the row before anything is dropped: for long ids.</param>
/// <param name="Style">Colour by the item, such as red for a severe alert; null for none.</param>
internal sealed record Column(
    string Header, Func<JsonElement, string> Text, int Least = 0, int Drop = 0, bool Right = false, bool Below = false, Func<JsonElement, string?>? Style = null)
{
    public Column(string header, string path, int least = 0, int drop = 0, bool right = false, bool below = false)
        : this(header, item => item.Text(path), least, drop, right, below)
    {
    }

    /// <summary>A word such as a severity or a state, in its colour.</summary>
    public static Column Word(string header, string path, int drop = 0) =>
        new(header, item => item.Text(path), Drop: drop, Style: item => Colours.Of(item.Text(path)));
}

/// <summary>
/// A list as a table, a row a line. On a narrow terminal texts are shortened, then long ids go to a line of their own, then the less
/// important columns are left out; on a pipe nothing is.
/// </summary>
internal sealed class Listing(params Column[] columns)
{
    private const int Gap = 2;

    /// <returns>The headers of the columns that did not fit.</returns>
    public IReadOnlyList<string> Write(Screen screen, IReadOnlyList<JsonElement> items, string whenEmpty)
    {
        if (items.Count == 0)
        {
            screen.Line(whenEmpty);
            return [];
        }

        string[][] cells = [.. items.Select(item => columns.Select(column => Cells.Clean(column.Text(item))).ToArray())];
        int[] widths = [.. columns.Select((column, at) => Math.Max(Cells.Width(column.Header), cells.Max(row => Cells.Width(row[at]))))];
        (List<int> shown, List<int> below, List<int> left) = Choose(widths, screen.RowWidth);
        Shorten(shown, widths, screen.RowWidth);

        WriteRow(screen, shown, widths, at => columns[at].Header, _ => "bold");
        for (int row = 0; row < items.Count; row++)
        {
            WriteRow(screen, shown, widths, at => cells[row][at], at => columns[at].Style?.Invoke(items[row]));
            foreach (int at in below.Where(at => cells[row][at].Length > 0))
            {
                screen.Write(new string(' ', Gap) + cells[row][at], "grey");
            }
        }

        return [.. left.Select(at => columns[at].Header)];
    }

    /// <summary>Rows, if any, and under them what of them did not fit.</summary>
    /// <param name="whenEmpty">Null to write nothing then.</param>
    public void WriteSaying(Screen screen, IReadOnlyList<JsonElement> items, string? whenEmpty = null)
    {
        if ((items.Count > 0 || whenEmpty is not null) && Write(screen, items, whenEmpty ?? "") is { Count: > 0 } left)
        {
            screen.Line($"Not shown for want of width: {string.Join(", ", left)} (--output json has all).");
        }
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

    /// <summary>Which columns stand in the row, which below it, and which are left out.</summary>
    private (List<int> Shown, List<int> Below, List<int> Left) Choose(int[] widths, int width)
    {
        List<int> shown = [.. Enumerable.Range(0, columns.Length)], below = [], left = [];
        while (shown.Sum(at => columns[at].Least == 0 ? widths[at] : Math.Min(widths[at], columns[at].Least)) + (Gap * (shown.Count - 1)) > width)
        {
            int victim = shown.FindIndex(at => columns[at].Below);
            List<int> to = below;
            if (victim < 0)
            {
                victim = shown.FindIndex(at => columns[at].Drop > 0 && columns[at].Drop == shown.Max(each => columns[each].Drop));
                to = left;
            }

            if (victim < 0)
            {
                break;
            }

            to.Add(shown[victim]);
            shown.RemoveAt(victim);
        }

        return (shown, below, left);
    }

    /// <summary>Takes from the widest text, cell by cell, until the row fits.</summary>
    private void Shorten(List<int> shown, int[] widths, int width)
    {
        for (int over = shown.Sum(at => widths[at]) + (Gap * (shown.Count - 1)) - width; over > 0; over--)
        {
            int[] able = [.. shown.Where(at => columns[at].Least > 0 && widths[at] > columns[at].Least)];
            if (able.Length == 0)
            {
                return;
            }

            widths[able.MaxBy(at => widths[at])]--;
        }
    }

    private void WriteRow(Screen screen, List<int> shown, int[] widths, Func<int, string> text, Func<int, string?> style)
    {
        var line = new List<(string, string?)>();
        int end = shown.FindLastIndex(at => text(at).Length > 0);
        foreach (int at in shown.Take(end + 1))
        {
            string cell = columns[at].Least > 0 ? Cells.Shorten(text(at), widths[at]) : text(at);
            bool last = at == shown[end];
            line.Add((last && !columns[at].Right ? cell : Cells.Pad(cell, widths[at], columns[at].Right), style(at)));
            line.Add((last ? "" : new string(' ', Gap), null));
        }

        screen.Write([.. line]);
    }
}
