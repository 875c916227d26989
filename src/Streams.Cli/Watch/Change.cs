using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Watch;

/// <summary>One thing that happened, as a watch prints it.</summary>
/// <param name="At">When, in the words of the document, shortened for people.</param>
/// <param name="Word">What kind of change, in its colour: a severity, a state, "reading".</param>
/// <param name="Text">The rest of the line.</param>
/// <param name="Json">The line under <c>--output json</c>.</param>
internal sealed record Change(string At, string Word, string Text, JsonElement Json)
{
    /// <summary>A severity or a state before the text, as wide as the longest of them.</summary>
    private const int WordWidth = 9;

    private const int TimeWidth = 20;

    /// <summary>From this width on, a text that goes on below has the room to begin where it began; an alert's id takes some 60 characters.</summary>
    private const int Roomy = 100;

    private const int NarrowIndent = 4;

    /// <summary>One line; on a terminal too narrow for it, the text goes on below its beginning.</summary>
    public void Write(Screen screen, bool json)
    {
        if (json)
        {
            screen.JsonLine(Json);
            return;
        }

        const int Before = TimeWidth + WordWidth + 4;
        int indent = screen.RowWidth >= Roomy ? Before : NarrowIndent;
        string[] lines = [.. Wrap(Cells.Clean(Text), screen.RowWidth - Before, screen.RowWidth - indent)];
        screen.Write((Cells.Pad(At, TimeWidth) + "  ", "grey"), (Cells.Pad(Word, WordWidth), Colours.Of(Word)), ("  " + lines[0], null));
        foreach (string line in lines.Skip(1))
        {
            screen.Line(new string(' ', indent) + line);
        }

        screen.Out.Flush();
    }

    private static IEnumerable<string> Wrap(string text, int first, int others)
    {
        int width = first;
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && Cells.Width(line) + 1 + Cells.Width(word) > width)
            {
                yield return line.TrimEnd();
                (line, width) = (word, others);
            }
            else
            {
                line = line.Length > 0 ? line + " " + word : word;
            }
        }

        yield return line.TrimEnd();
    }
}
