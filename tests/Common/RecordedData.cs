namespace Streams.Tests;

/// <summary>
/// Finds recorded data and conformance documents, which are not part of this repository: the folder named by the environment
/// variable STREAMS_SHARED, else a folder <c>shared</c> beside the repository. Tests that need them skip, and say so, without.
/// </summary>
internal static class RecordedData
{
    public static string RepositoryRoot { get; } = FindRoot();

    /// <summary>The path, or skips the running test with the reason.</summary>
    public static string Require(params string[] path)
    {
        string full = Path.Combine([SharedFolder(), .. path]);
        Assert.SkipUnless(Path.Exists(full), $"Recorded data is not here: {Path.Combine(path)} (set STREAMS_SHARED to the folder that holds it).");
        return full;
    }

    private static string SharedFolder() =>
        Environment.GetEnvironmentVariable("STREAMS_SHARED") is { Length: > 0 } folder
            ? folder
            : Path.Combine(Path.GetDirectoryName(RepositoryRoot)!, "shared");

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Streams.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException("The tests run outside the repository: no Streams.sln above " + AppContext.BaseDirectory);
    }
}
