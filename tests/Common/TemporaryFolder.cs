namespace Streams.Tests;

/// <summary>
/// Folders for tests that write a store: in memory where the system has such a place, because a store waits for the disk at every
/// commit, and a test should not wait for whatever else the disk is doing.
/// </summary>
internal static class TemporaryFolder
{
    private const string InMemory = "/dev/shm";

    public static string Create(string prefix)
    {
        string parent = Directory.Exists(InMemory) ? InMemory : Path.GetTempPath();
        return Directory.CreateDirectory(Path.Combine(parent, prefix + Guid.NewGuid().ToString("N"))).FullName;
    }
}
