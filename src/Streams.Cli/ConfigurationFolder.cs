using System.CommandLine;

namespace Streams.Cli;

/// <summary>Where <c>cluster-config/</c> is when nobody says: in the current folder, or in one above it or above the executable.</summary>
internal static class ConfigurationFolder
{
    private const string Name = "cluster-config";

    public static Option<string?> Option() => new("--config")
    {
        Description = $"Configuration folder. Default: {Name} in this folder, or in one above it or above the executable.",
        HelpName = "DIR",
    };

    public static string Find(string? given)
    {
        if (given is not null)
        {
            return Directory.Exists(given) ? given : throw new CommandFailedException(ExitStatus.Failed, $"There is no folder {given}.");
        }

        return new[] { Directory.GetCurrentDirectory(), AppContext.BaseDirectory }
            .SelectMany(Upwards)
            .Select(folder => Path.Combine(folder, Name))
            .FirstOrDefault(Directory.Exists)
            ?? throw new CommandFailedException(ExitStatus.Failed, $"No folder {Name} in this folder or above it; name one.");
    }

    private static IEnumerable<string> Upwards(string folder)
    {
        for (DirectoryInfo? at = new(folder); at is not null; at = at.Parent)
        {
            yield return at.FullName;
        }
    }
}
