using System.Collections.Immutable;

namespace Streams.Domain.Dispatch;

/// <summary>What became of one unit, of the devices, or of the place of a request.</summary>
internal readonly record struct RequestPart(string Asset, CommandStatus Status, string Reason);

/// <summary>A request, as far as it has come.</summary>
internal sealed class RequestRun(CommandRequest request, long number)
{
    private const int LongestReason = 500;

    public CommandRequest Request { get; } = request;

    /// <summary>In the order of asking.</summary>
    public long Number { get; } = number;

    public string Id => Request.CommandId;

    public bool IsUndo => Request.Compensates is not null;

    /// <summary>Units that are still to be chosen; 1 for devices or a place.</summary>
    public int Left { get; set; }

    /// <summary>Commands that were given numbers.</summary>
    public int Commands { get; set; }

    public int Rejections { get; set; }

    public bool IsWithdrawn { get; set; }

    /// <summary>The incident has heard the end of it; it is kept for as long as something of it stands.</summary>
    public bool IsOver { get; set; }

    public List<RequestPart> Parts { get; } = [];

    /// <summary>Why it got less than it wanted; empty where it did not.</summary>
    public string Shortage { get; set; } = "";

    /// <summary>Of a request that takes back: units and devices of which it did.</summary>
    public ImmutableArray<string> Undone { get; set; } = [];

    /// <summary>What the incident was told last; null before.</summary>
    public CommandProgress? Last { get; set; }

    /// <summary>Devices that fit, nearest first; found out when first needed.</summary>
    public ImmutableArray<string> Candidates { get; set; }

    /// <summary>The end, once no part is outstanding.</summary>
    public (CommandStatus Status, string Reason) Outcome()
    {
        bool isDone = Parts.Exists(part => part.Status == CommandStatus.Done);
        List<RequestPart> others = Parts.FindAll(part => part.Status != CommandStatus.Done);
        string reason = isDone || others.Count > 1
            ? string.Join("; ", others.Select(part => $"{(part.Asset.Length > 0 ? part.Asset + ": " : "")}{Word(part)}"))
            : others.Count == 1 ? others[0].Reason : "";
        if (isDone && Shortage.Length > 0)
        {
            reason = reason.Length > 0 ? $"{Shortage}; {reason}" : Shortage;
        }

        return (isDone ? CommandStatus.Done : WorstOf(others), reason.Length > LongestReason ? reason[..LongestReason] : reason);
    }

    private static string Word(RequestPart part) => part.Reason.Length > 0 ? part.Reason : part.Status.ToString().ToLowerInvariant();

    /// <summary>What can be tried anew goes before what can not.</summary>
    private static CommandStatus WorstOf(List<RequestPart> parts) =>
        parts.Exists(part => part.Status == CommandStatus.Unanswered) ? CommandStatus.Unanswered
        : parts.Exists(part => part.Status == CommandStatus.Preempted) ? CommandStatus.Preempted
        : parts.Exists(part => part.Status == CommandStatus.Failed) ? CommandStatus.Failed
        : parts.Exists(part => part.Status == CommandStatus.Rejected) ? CommandStatus.Rejected
        : CommandStatus.Withdrawn;
}
