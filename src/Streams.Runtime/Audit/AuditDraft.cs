using System.Collections.Immutable;

namespace Streams.Runtime.Audit;

/// <summary>What became of what somebody asked for.</summary>
public enum AuditOutcome
{
    /// <summary>It was let happen. Noted before the effect, so after a crash it may tell of one more than happened, never of one less.</summary>
    Done,

    /// <summary>It was not allowed; nothing happened.</summary>
    Refused,

    /// <summary>What an earlier entry let happen (<c>details.of</c>) did not work out, or is not known to have.</summary>
    Failed,
}

/// <summary>Who acted.</summary>
/// <param name="Name">Of a token, or <c>local</c>, <c>anonymous</c>, <c>unknown</c>, or <c>streams</c> for the cluster itself; an area or another actor by its kind and id, <c>area:dijon/nord</c>.</param>
/// <param name="Source">What vouches for the name: <c>token</c>, <c>machine</c>, <c>nobody</c>, <c>cluster</c>; <c>actor</c> for what an actor decided by itself.</param>
/// <param name="Address">Where the request came from; empty where there was none.</param>
public sealed record AuditActor(string Name, ImmutableArray<string> Roles, string Source, string Address)
{
    /// <summary>The cluster itself, such as its housekeeping.</summary>
    public static readonly AuditActor Cluster = new("streams", [], "cluster", "");

    /// <summary>An actor that decides by itself.</summary>
    /// <param name="kind">Such as <c>area</c>.</param>
    public static AuditActor Actor(string kind, string id) => new($"{kind}:{id}", [], "actor", "");
}

/// <summary>What is to be noted, before the store gives it its place in the chain.</summary>
/// <param name="Id">Unique; the same for the same deed, however often it is given to the store. Of a deed that an actor decided: made of its shard and number; empty until <c>CommitDraft.Audit</c> makes it.</param>
/// <param name="Action">Such as <c>device.put</c>.</param>
/// <param name="Subject">What was acted on, such as <c>device:dijon-air-017</c>.</param>
/// <param name="Reason">Why it was refused or failed, or what the person gave as a reason; may be empty.</param>
public sealed record AuditDraft(string Id, DateTimeOffset At, AuditActor Actor, string Action, string Subject, AuditOutcome Outcome = AuditOutcome.Done, string Reason = "")
{
    /// <summary>Longest text that is kept of any member, in characters: an entry stays a few kilobytes whatever a client sends.</summary>
    public const int LongestText = 500;

    /// <summary>Details kept at most.</summary>
    public const int MostDetails = 32;

    public ImmutableSortedDictionary<string, string> Details { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>One with an id of its own.</summary>
    public static AuditDraft Now(TimeProvider time, AuditActor actor, string action, string subject, AuditOutcome outcome = AuditOutcome.Done, string reason = "")
    {
        DateTimeOffset now = time.GetUtcNow();
        return new AuditDraft(Guid.CreateVersion7(now).ToString(), now, actor, action, subject, outcome, reason);
    }

    /// <summary>With one more detail; null is left out.</summary>
    public AuditDraft With(string name, string? value) => value is null ? this : this with { Details = Details.SetItem(name, value) };
}
