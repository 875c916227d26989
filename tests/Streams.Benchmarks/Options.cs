using System.Globalization;

namespace Streams.Benchmarks;

/// <summary>What was asked for can not be done; the message says what is allowed.</summary>
internal sealed class UsageException(string message) : Exception(message);

/// <summary>Options of a command, each <c>--name value</c>. Asking for one takes it; <see cref="Finish"/> refuses those nobody asked for.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, string> _given = [];

    public static Options Parse(ReadOnlySpan<string> arguments)
    {
        Options options = new();
        for (int i = 0; i < arguments.Length; i += 2)
        {
            if (!arguments[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == arguments.Length)
            {
                throw new UsageException($"{arguments[i]}: options are given as --name value.");
            }

            options._given[arguments[i][2..]] = arguments[i + 1];
        }

        return options;
    }

    public string Text(string name, string otherwise) => _given.Remove(name, out string? text) ? text : otherwise;

    public string? MaybeText(string name) => _given.Remove(name, out string? text) ? text : null;

    public int Whole(string name, int otherwise, int least, int most) => (int)Number(name, otherwise, least, most);

    public double Number(string name, double otherwise, double least, double most)
    {
        if (!_given.Remove(name, out string? text))
        {
            return otherwise;
        }

        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && number >= least && number <= most
            ? number
            : throw new UsageException($"--{name} is {text}; allowed is a number from {least} to {most}.");
    }

    public string Choice(string name, string otherwise, params ReadOnlySpan<string> allowed)
    {
        string text = Text(name, otherwise);
        return allowed.Contains(text) ? text : throw new UsageException($"--{name} is {text}; allowed is {string.Join(", ", allowed!)}.");
    }

    public void Finish()
    {
        if (_given.Count > 0)
        {
            throw new UsageException($"Not an option here: --{string.Join(", --", _given.Keys)}.");
        }
    }
}
