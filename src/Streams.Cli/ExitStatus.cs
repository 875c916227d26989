namespace Streams.Cli;

/// <summary>What the process says to the shell when it ends.</summary>
public static class ExitStatus
{
    public const int Done = 0;

    /// <summary>Asked for rightly, and did not work out.</summary>
    public const int Failed = 1;

    /// <summary>Asked for wrongly: unknown command, missing or bad argument.</summary>
    public const int Usage = 2;

    public const int NoServer = 3;

    public const int NotFound = 4;

    /// <summary>Not signed in, or not allowed.</summary>
    public const int Denied = 5;
}

/// <summary>Ends a command with a status and one message for people, without a stack trace.</summary>
public sealed class CommandFailedException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;
}
