using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Advanced;
using Spectre.Console.Rendering;

namespace Streams.Cli.Output;

/// <summary>Where a command writes: tables as wide as the terminal, plain text without colours when it is none.</summary>
internal sealed class Screen
{
    /// <summary>Width of drawings where there is no terminal to ask, as in a pipe; the environment variable COLUMNS says otherwise.</summary>
    private const int WidthOfNoTerminal = 120;

    /// <summary>Wider than any row: on a pipe whoever reads on must lose no column and no end of a text.</summary>
    private const int Unbounded = 10_000;

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonSerializerOptions Indented = new(Plain) { WriteIndented = true };

    public Screen(TextWriter output, TextWriter error, int? width = null)
    {
        Out = output;
        Error = error;
        IsTerminal = ReferenceEquals(output, System.Console.Out) && !System.Console.IsOutputRedirected;
        bool colours = IsTerminal && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = colours ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        int? bound = width ?? (IsTerminal ? Math.Max(20, System.Console.WindowWidth) : FromEnvironment());
        Width = bound ?? WidthOfNoTerminal;
        RowWidth = bound ?? Unbounded;
        Console.Profile.Width = RowWidth;
        Console.Profile.Capabilities.Unicode = true;
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>Whether a person looks on, so that a display may be drawn over and over.</summary>
    public bool IsTerminal { get; }

    public IAnsiConsole Console { get; }

    /// <summary>Cells that a drawing may take.</summary>
    public int Width { get; }

    /// <summary>Cells that a row of a table may take.</summary>
    public int RowWidth { get; }

    /// <summary>The terminal's size at the moment; of a pipe, a page's.</summary>
    public (int Width, int Height) Size => IsTerminal ? (Math.Max(20, System.Console.WindowWidth), Math.Max(5, System.Console.WindowHeight)) : (Width, 24);

    public void Write(IRenderable what) => Console.Write(what);

    /// <summary>A line made of parts, each in its style, such as "red"; null for none.</summary>
    public void Write(params ReadOnlySpan<(string Text, string? Style)> parts)
    {
        Console.Write(Styled(parts));
        Out.WriteLine();
    }

    /// <summary>A line with its colours, as the terminal wants it.</summary>
    public string Ansi(params ReadOnlySpan<(string Text, string? Style)> parts) => Console.ToAnsi(Styled(parts));

    private static Paragraph Styled(ReadOnlySpan<(string Text, string? Style)> parts)
    {
        var line = new Paragraph();
        foreach ((string text, string? style) in parts)
        {
            line.Append(text, style is null ? null : Style.Parse(style));
        }

        return line;
    }

    public void Write(string text, string? style) => Write((text, style));

    /// <summary>A line of plain text, however long.</summary>
    public void Line(string text) => Out.WriteLine(text);

    public void Json(JsonElement value) => Out.WriteLine(JsonSerializer.Serialize(value, Indented));

    /// <summary>One document on one line, for whoever reads line by line.</summary>
    public void JsonLine(JsonElement value)
    {
        Out.WriteLine(JsonSerializer.Serialize(value, Plain));
        Out.Flush();
    }

    private static int? FromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out int columns) && columns is >= 20 and <= 1000 ? columns : null;
}
