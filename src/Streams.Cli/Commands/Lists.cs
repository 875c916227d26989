using System.CommandLine;
using System.Globalization;

namespace Streams.Cli.Commands;

/// <summary>Options that several listings share.</summary>
internal static class Lists
{
    public static Option<int> Limit(int most = 1000, int usual = 100) => Whole("--limit", $"At most so many, 1 to {most}. Default {usual}.", 1, most, usual);

    public static Option<int> Whole(string name, string description, int least, int most, int usual)
    {
        Option<int> option = Read<int>(
            name,
            "N",
            description,
            text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most ? (true, number) : default,
            $"not a number from {least} to {most}");
        option.DefaultValueFactory = _ => usual;
        return option;
    }

    public static Option<string?> After() => new("--after") { Description = "Go on after the page before (the text after \"More:\").", HelpName = "NEXT" };

    public static Option<string?> Text(string name, string help, string description) => new(name) { Description = description, HelpName = help };

    /// <summary>One of a few words; anything else is refused before anybody is asked.</summary>
    public static Option<string?> Choice(string name, string help, string description, params string[] words)
    {
        Option<string?> option = Read<string?>(
            name, help, $"{description}: {string.Join(", ", words)}.", text => words.Contains(text) ? (true, text) : default, $"none of {string.Join(", ", words)}");
        option.CompletionSources.Add(words);
        return option;
    }

    /// <summary>An argument under the name that help and messages call it.</summary>
    public static Argument<string> Id(string description, string name = "ID") => new Argument<string>(name) { Description = description, HelpName = name }.NoOption();

    /// <summary>Without this, an option that is misspelt would be taken for the argument.</summary>
    public static Argument<T> NoOption<T>(this Argument<T> argument)
    {
        argument.Validators.Add(result =>
        {
            foreach (string text in result.Tokens.Select(token => token.Value).Where(text => text.StartsWith('-')))
            {
                result.AddError($"{text} is no option here.");
            }
        });
        return argument;
    }

    /// <summary>A moment: RFC 3339, now, or so long ago, such as 2h, 3d or -3d.</summary>
    public static Option<DateTimeOffset?> Moment(TimeProvider time, string name, string description) => Read<DateTimeOffset?>(
        name,
        "TIME",
        description + " RFC 3339 with an offset, or so long ago: 30m, 2h, -3d.",
        text => TryMoment(text, time.GetUtcNow(), out DateTimeOffset moment) ? (true, moment) : default,
        "neither a time such as 2026-11-22T10:00:00Z, nor now, nor a span such as 2h");

    public static bool TryMoment(string text, DateTimeOffset now, out DateTimeOffset moment)
    {
        moment = now;
        if (text == "now")
        {
            return true;
        }

        if (Node.Configuration.Durations.TryParse(text.StartsWith('-') ? text[1..] : text, out TimeSpan ago))
        {
            // Longer ago than the calendar begins is as long ago as it goes.
            moment = ago < now - DateTimeOffset.UnixEpoch ? now - ago : DateTimeOffset.UnixEpoch;
            return true;
        }

        bool hasOffset = text.EndsWith('Z') || (text.Length > 6 && text[^6] is '+' or '-' && text[^3] == ':');
        return hasOffset && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out moment);
    }

    public static Option<TimeSpan?> Duration(string name, string description) => Read<TimeSpan?>(
        name,
        "DURATION",
        description,
        text => Node.Configuration.Durations.TryParse(text, out TimeSpan duration) && duration > TimeSpan.Zero ? (true, duration) : default,
        "not a duration such as 90s, 5m or PT1H");

    /// <summary>A TCP port; 0 takes a free one.</summary>
    public static Option<int?> Port(string name, string description) => Read<int?>(
        name,
        "PORT",
        description,
        text => ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) ? (true, port) : default,
        "not a port from 0 to 65535");

    public static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>An option that is read by <paramref name="read"/>; where that fails, the message names option and text, and says <paramref name="wrong"/>.</summary>
    public static Option<T> Read<T>(string name, string help, string description, Func<string, (bool Right, T Value)> read, string wrong) => new(name)
    {
        Description = description,
        HelpName = help,
        CustomParser = result =>
        {
            string text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
            (bool right, T value) = read(text);
            if (!right)
            {
                result.AddError($"{name}: \"{text}\" is {wrong}");
            }

            return value;
        },
    };

    public static string? Rfc3339(DateTimeOffset? moment) => moment?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
