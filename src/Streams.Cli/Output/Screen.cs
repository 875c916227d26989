using System.Text.Json;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Streams.Cli.Output;

/// <summary>Where a command writes: tables as wide as the terminal, plain text without colours when it is none.</summary>
internal sealed class Screen
{
    /// <summary>Width where there is no terminal to ask, as in a pipe; the environment variable COLUMNS says otherwise.</summary>
    private const int WidthOfNoTerminal = 120;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

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
        Console.Profile.Width = width ?? (IsTerminal ? Math.Max(20, System.Console.WindowWidth) : FromEnvironment());
        Console.Profile.Capabilities.Unicode = true;
    }

    public TextWriter Out { get; }

    public TextWriter Error { get; }

    /// <summary>Whether a person looks on, so that a display may be drawn over and over.</summary>
    public bool IsTerminal { get; }

    public IAnsiConsole Console { get; }

    public int Width => Console.Profile.Width;

    public void Write(IRenderable what) => Console.Write(what);

    /// <summary>A line of plain text, however long.</summary>
    public void Line(string text) => Out.WriteLine(text);

    public void Json(JsonElement value) => Out.WriteLine(JsonSerializer.Serialize(value, Indented));

    private static int FromEnvironment() =>
        int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out int columns) && columns is >= 20 and <= 1000 ? columns : WidthOfNoTerminal;
}
