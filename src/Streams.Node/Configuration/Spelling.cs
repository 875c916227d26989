using System.Text;

namespace Streams.Node.Configuration;

/// <summary>What a mistyped name was probably meant to be.</summary>
internal static class Spelling
{
    /// <summary>Longer words are no misspelt names, and comparing them would take long.</summary>
    private const int LongestName = 100;

    /// <summary><c>" (did you mean X?)"</c>, or empty where nothing known is near.</summary>
    public static string DidYouMean(string written, IEnumerable<string> known) =>
        Nearest(written, known) is { } nearest ? $" (did you mean {nearest}?)" : "";

    /// <summary>Null where nothing known is near.</summary>
    public static string? Nearest(string written, IEnumerable<string> known) =>
        written.Length > LongestName ? null : known
            .Select(name => (Name: name, Distance: Distance(Letters(written), Letters(name))))
            .Where(each => each.Distance < each.Name.Length && each.Distance <= Math.Max(1, each.Name.Length / 3))
            .OrderBy(each => each.Distance).ThenBy(each => each.Name, StringComparer.Ordinal)
            .Select(each => each.Name)
            .FirstOrDefault();

    public static string SnakeCase(string name)
    {
        StringBuilder snake = new();
        foreach (char letter in name)
        {
            if (char.IsUpper(letter) && snake.Length > 0)
            {
                snake.Append('_');
            }

            snake.Append(char.ToLowerInvariant(letter));
        }

        return snake.ToString();
    }

    /// <summary>Case and word separators are what people mix up most, so they count for nothing.</summary>
    private static string Letters(string name) =>
        string.Concat(name.Where(letter => letter is not ('_' or '-' or ' ')).Select(char.ToLowerInvariant));

    /// <summary>Edits (insert, delete, change, swap of neighbours) from one to the other.</summary>
    private static int Distance(string from, string to)
    {
        int[,] edits = new int[from.Length + 1, to.Length + 1];
        for (int i = 0; i <= from.Length; i++)
        {
            for (int j = 0; j <= to.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    edits[i, j] = i + j;
                    continue;
                }

                int change = from[i - 1] == to[j - 1] ? 0 : 1;
                edits[i, j] = Math.Min(Math.Min(edits[i - 1, j], edits[i, j - 1]) + 1, edits[i - 1, j - 1] + change);
                if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
                {
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
                }
            }
        }

        return edits[from.Length, to.Length];
    }
}
