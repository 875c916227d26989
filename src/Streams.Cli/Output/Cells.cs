using System.Text;
using Spectre.Console;

namespace Streams.Cli.Output;

/// <summary>Text measured in terminal cells: a letter of Chinese or an emoji takes two, an accent none of its own.</summary>
internal static class Cells
{
    private const string Ellipsis = "…";

    /// <summary>Text that stays on its line: whatever would move the cursor or colour the terminal is a space. Ids and refused input come from outside.</summary>
    public static string Clean(string text) =>
        text.Any(char.IsControl) ? string.Create(text.Length, text, (to, from) =>
        {
            for (int i = 0; i < from.Length; i++)
            {
                to[i] = char.IsControl(from[i]) ? ' ' : from[i];
            }
        })
        : text;

    public static int Width(string text) => text.GetCellWidth();

    /// <summary>The text in at most so many cells; what is cut off is shown by an ellipsis.</summary>
    public static string Shorten(string text, int width)
    {
        if (Width(text) <= width)
        {
            return text;
        }

        var kept = new StringBuilder();
        int used = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int cells = Width(rune.ToString());
            if (used + cells > width - 1)
            {
                break;
            }

            kept.Append(rune);
            used += cells;
        }

        return kept.ToString().TrimEnd() + (width > 0 ? Ellipsis : "");
    }

    public static string Pad(string text, int width, bool right = false)
    {
        string blank = new(' ', Math.Max(0, width - Width(text)));
        return right ? blank + text : text + blank;
    }
}
