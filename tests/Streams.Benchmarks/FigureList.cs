using System.Text.Json;

namespace Streams.Benchmarks;

/// <summary>Figures of a command, printed as they come, and as JSON in the end.</summary>
internal sealed class FigureList
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase };
    private readonly string _title;
    private readonly List<Figure> _figures = [];

    public FigureList(string title)
    {
        _title = title;
        Console.WriteLine(title);
    }

    private sealed record Figure(string Name, double Value, string Unit);

    public void Add(string name, double value, string unit)
    {
        _figures.Add(new Figure(name, value, unit));
        Console.WriteLine(FormattableString.Invariant($"  {name,-72}{value,14:#,0.##} {unit}"));
    }

    /// <summary>Answers the exit status.</summary>
    public int Finish(string? json)
    {
        if (json is not null)
        {
            File.WriteAllText(json, JsonSerializer.Serialize(
                new { title = _title, at = DateTimeOffset.UtcNow, cores = Environment.ProcessorCount, figures = _figures }, Indented));
        }

        return 0;
    }
}
