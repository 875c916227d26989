namespace Streams.Runtime.Audit;

/// <summary>What is read of the chain: newest first, or from the oldest on.</summary>
/// <param name="Actor">Only by this actor.</param>
/// <param name="Action">Only of this action.</param>
/// <param name="SinceInMs">Only at or after.</param>
/// <param name="After">Go on after this number, as the page before ended.</param>
/// <param name="Limit">1 to 1,001.</param>
public sealed record AuditQuery(string? Actor = null, string? Action = null, long? SinceInMs = null, long? After = null, bool OldestFirst = false, int Limit = 100);

/// <summary>Where the chain begins and ends.</summary>
/// <param name="Head">Its newest entry.</param>
/// <param name="Anchor">The newest entry that retention has deleted: what is stored begins after it.</param>
/// <param name="PublishedThrough">The number through which all have been delivered to the topic.</param>
public sealed record AuditChain(AuditLink Head, AuditLink Anchor, long PublishedThrough);
