namespace Streams.Tests;

internal sealed partial class PostgresServer
{
    /// <summary>The one server of this test process; skips the running test where PostgreSQL is not installed.</summary>
    public static PostgresServer Require()
    {
        Assert.SkipWhen(Installed is null, "PostgreSQL is not installed here (looked for initdb on the PATH and in /usr/lib/postgresql/*/bin).");
        return Installed!;
    }
}
