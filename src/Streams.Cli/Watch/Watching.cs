using System.CommandLine;
using Streams.Cli.Commands;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Watch;

/// <summary>Asks again and again, and prints what changed, until Ctrl-C, the end of <c>--for</c>, or until it is over.</summary>
internal sealed class Watching(SharedOptions shared, Screen screen)
{
    /// <summary>A node that is being restarted is back by then; one that is gone for longer is somebody's to look at.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Option<TimeSpan?> _during = Lists.Duration("--for", "Stop by itself after so long, such as 90s, 5m or PT1H. Default: until Ctrl-C.");

    private readonly Option<TimeSpan?> _every = Lists.Read<TimeSpan?>(
        "--every",
        "DURATION",
        "How often the node is asked, 500ms to 1h. Default 2s.",
        text => Node.Configuration.Durations.TryParse(text, out TimeSpan every) && every >= TimeSpan.FromMilliseconds(500) && every <= TimeSpan.FromHours(1) ? (true, every) : default,
        "not a duration from 500ms to 1h");

    /// <summary>Gives the command <c>--for</c> and <c>--every</c>, and lets it follow what <paramref name="look"/> finds.</summary>
    /// <param name="look">What changed since the look before, in order; at first, what there is.</param>
    public ExampleCommand On(ExampleCommand command, Func<ParseResult, NodeClient, Func<CancellationToken, Task<IReadOnlyList<Change>>>> look)
    {
        command.Taking(_during, _every).SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            await RunAsync(parsed, look(parsed, node), () => false, stop).ConfigureAwait(false);
            return ExitStatus.Done;
        });
        return command;
    }

    /// <summary>As <see cref="On"/>, for a command that does more than watch.</summary>
    public IEnumerable<Option> Options => [_during, _every];

    /// <param name="isOver">Asked after each look.</param>
    /// <exception cref="CommandFailedException">The first look failed, or none was answered for a minute.</exception>
    public async Task RunAsync(ParseResult parsed, Func<CancellationToken, Task<IReadOnlyList<Change>>> look, Func<bool> isOver, CancellationToken stop)
    {
        TimeSpan every = parsed.GetValue(_every) ?? TimeSpan.FromSeconds(2);
        TimeSpan during = parsed.GetValue(_during) ?? TimeSpan.MaxValue;
        bool json = shared.WantsJson(parsed);
        TimeProvider time = shared.Time;
        long began = time.GetTimestamp(), answered = began;
        bool isFirst = true, isLost = false;
        try
        {
            while (true)
            {
                try
                {
                    foreach (Change change in await look(stop).ConfigureAwait(false))
                    {
                        change.Write(screen, json);
                    }

                    answered = time.GetTimestamp();
                    isFirst = isLost = false;
                }
                catch (CommandFailedException failure) when (!isFirst && failure.Status is ExitStatus.NoServer or ExitStatus.Failed && time.GetElapsedTime(answered) < Patience)
                {
                    if (!isLost)
                    {
                        screen.Error.WriteLine($"{failure.Message} Asking again.");
                    }

                    isLost = true;
                }

                TimeSpan left = during - time.GetElapsedTime(began);
                if (left <= TimeSpan.Zero || isOver())
                {
                    return;
                }

                await Task.Delay(left < every ? left : every, time, stop).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
        }
    }
}
