using System.Diagnostics;
using System.Globalization;
using Streams.Runtime.Actors;

namespace Streams.Runtime;

/// <summary>
/// Named steps of a record's path at which a process can be made to die as if its machine had lost power, so that a fault campaign meets each of
/// them and not only those that take long. <c>STREAMS_CRASH_AT=mid-publish</c> ends the process the first time it comes there,
/// <c>mid-publish:20</c> the twentieth time; without the variable a step costs nothing. <c>STREAMS_POISON=throw:KEY,kill:KEY</c> makes each record
/// of an actor poison: it throws, or it ends the process.
/// </summary>
public static class CrashPoint
{
    public const string Variable = "STREAMS_CRASH_AT";

    public const string PoisonVariable = "STREAMS_POISON";

    /// <summary>A shard is this node's in the store, and its owner does not know it yet.</summary>
    public const string AfterClaim = "after-claim";

    /// <summary>Records were polled and no worker has them.</summary>
    public const string AfterConsume = "after-consume";

    /// <summary>Some of a batch's actors were loaded.</summary>
    public const string MidLoad = "mid-load";

    /// <summary>A batch was applied in memory.</summary>
    public const string AfterApply = "after-apply";

    /// <summary>A timer fired in memory.</summary>
    public const string AfterTimer = "after-timer";

    /// <summary>A commit is about to be given to the store.</summary>
    public const string BeforeCommit = "before-commit";

    /// <summary>The transaction is open and not yet committed.</summary>
    public const string MidCommit = "mid-commit";

    /// <summary>The store has the commit, and its owner does not know it.</summary>
    public const string AfterCommit = "after-commit";

    /// <summary>A committed chunk is about to be published.</summary>
    public const string BeforePublish = "before-publish";

    /// <summary>Some records of a chunk were given to the producer.</summary>
    public const string MidPublish = "mid-publish";

    /// <summary>The log has a chunk, and its shard does not know it.</summary>
    public const string AfterPublish = "after-publish";

    /// <summary>Shards are on their way out, with work left.</summary>
    public const string InRevoke = "in-revoke";

    /// <summary>A shard is written and published, and not given back.</summary>
    public const string BeforeRelease = "before-release";

    /// <summary>All shards are given back, and the node still runs.</summary>
    public const string InClose = "in-close";

    private static readonly string? s_armed = Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } set ? set.Split(':')[0] : null;
    private static int s_left = ParseTimes(Environment.GetEnvironmentVariable(Variable));

    private static readonly string[]? s_poisons = Environment.GetEnvironmentVariable(PoisonVariable)?.Split(',');

    public static IReadOnlyList<string> All { get; } =
    [
        AfterClaim, AfterConsume, MidLoad, AfterApply, AfterTimer, BeforeCommit, MidCommit, AfterCommit, BeforePublish, MidPublish, AfterPublish,
        InRevoke, BeforeRelease, InClose,
    ];

    internal static void Reach(string step)
    {
        if (s_armed is not null && s_armed == step && Interlocked.Decrement(ref s_left) == 0)
        {
            Die();
        }
    }

    /// <summary>An actor is about to take a record.</summary>
    /// <exception cref="InvalidOperationException">Its records are made to be poison.</exception>
    internal static void Taste(Actor actor)
    {
        if (s_poisons is null)
        {
            return;
        }

        string key = actor.Key;
        if (Array.IndexOf(s_poisons, "kill:" + key) >= 0)
        {
            Die();
        }

        if (Array.IndexOf(s_poisons, "throw:" + key) >= 0)
        {
            throw new InvalidOperationException($"Records of {key} are poison: {PoisonVariable} says so.");
        }
    }

    private static void Die()
    {
        using Process self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }

    private static int ParseTimes(string? set) =>
        set?.Split(':') is [_, var times] && int.TryParse(times, NumberStyles.None, CultureInfo.InvariantCulture, out int parsed) ? Math.Max(1, parsed) : 1;
}
