using Streams.Domain.Dispatch;

namespace Streams.Simulator.Obeying;

/// <summary>An answer to be sent under the command's key. Its time is the city's.</summary>
public readonly record struct SystemAnswer(string Key, CommandResult Result);

/// <summary>A command that a city system is at, and what will become of it. Times are the city's, Unix milliseconds.</summary>
/// <param name="Key">Of the command's record, echoed in each answer.</param>
/// <param name="Status">What was answered last; null before the first answer is due.</param>
/// <param name="AcceptAtInMs">When it is accepted or rejected; then it begins, and ends.</param>
/// <param name="Ends">Done, failed or rejected; with the reason in <paramref name="Reason"/>.</param>
public sealed record ObeyedCommand(
    Command Command, string Key, CommandStatus? Status, long AcceptAtInMs, long BeginAtInMs, long EndAtInMs, CommandStatus Ends, string Reason)
{
    /// <summary>What is due next: the acceptance, the beginning, the end.</summary>
    internal long NextInMs => Status switch
    {
        null => AcceptAtInMs,
        CommandStatus.Accepted => BeginAtInMs,
        _ => EndAtInMs,
    };
}

/// <summary>How a command ended, for whoever asks again.</summary>
public sealed record EndedCommand(string CommandId, CommandStatus Status, string Reason);

/// <summary>What the city's systems remember over a stop.</summary>
/// <param name="UnderWay">In no order.</param>
/// <param name="Ended">The latest, the oldest first.</param>
public sealed record ObeyingState(IReadOnlyList<ObeyedCommand> UnderWay, IReadOnlyList<EndedCommand> Ended);
