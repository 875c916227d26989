using System.Diagnostics;

namespace Streams.Chaos.Faults;

/// <summary>
/// Which fault when, out of the seed. Every round has each fault once, crashes as often as there are nodes to die at a time, in an order of
/// its own; one in three meets another beside it. After each the cluster must recover.
/// </summary>
internal sealed class Schedule(FaultScene scene, ChaosOptions options)
{
    private static readonly TimeSpan s_recoversWithin = TimeSpan.FromSeconds(60);

    /// <summary>Crash points make most of what there is to meet.</summary>
    private const int CrashesInARound = 3;

    private readonly Random _random = new(options.Seed);
    private readonly LinkedList<Fault> _turn = new();

    /// <summary>Faults by name; an empty list is all.</summary>
    /// <exception cref="ArgumentException">There is no such fault; the message says which there are.</exception>
    public static IReadOnlyList<Fault> Chosen(IReadOnlyList<string> names)
    {
        foreach (string name in names.Where(name => FaultList.All.All(fault => fault.Name != name)))
        {
            throw new ArgumentException($"There is no fault {name}; there are {string.Join(", ", FaultList.All.Select(fault => fault.Name))}.");
        }

        return [.. FaultList.All.Where(fault => names.Count == 0 || names.Contains(fault.Name))];
    }

    public async Task RunAsync()
    {
        long started = Stopwatch.GetTimestamp();
        Fill();
        while (Stopwatch.GetElapsedTime(started) < options.Length)
        {
            if (_turn.Count == 0)
            {
                if (options.Once)
                {
                    return;
                }

                Fill();
            }

            await StepAsync();
        }
    }

    private void Fill()
    {
        List<Fault> round = [];
        foreach (Fault fault in Chosen(options.Faults))
        {
            int points = options.CrashPoints.Count > 0 ? options.CrashPoints.Count : Runtime.CrashPoint.All.Count;
            round.AddRange(Enumerable.Repeat(fault, fault.Name != "crash" ? 1 : options.Once ? points : CrashesInARound));
        }

        Fault[] order = [.. round];
        _random.Shuffle(order);
        Array.ForEach(order, fault => _turn.AddLast(fault));
    }

    private async Task StepAsync()
    {
        Fault first = _turn.First!.Value;
        _turn.RemoveFirst();
        List<Fault> together = [first];
        if (first.Target != FaultTarget.All)
        {
            // Nodes may die by twos; of what there is only one, two faults at a time would only be one.
            bool beside = options.Once || _random.Next(3) == 0;
            for (LinkedListNode<Fault>? next = _turn.First; beside && next is not null && together.Count < 2; next = next.Next)
            {
                if (next.Value.Target != FaultTarget.All && (next.Value.Target != first.Target || first.Target == FaultTarget.Nodes))
                {
                    together.Add(next.Value);
                    _turn.Remove(next);
                    break;
                }
            }
        }

        long[] over = await Task.WhenAll(together.Select(fault => fault.Run(scene, new Random(_random.Next()))));
        await scene.RecoverAsync(string.Join(" + ", together.Select(fault => fault.Name).Order(StringComparer.Ordinal)), over.Max(), s_recoversWithin);
        await Task.Delay(TimeSpan.FromSeconds(_random.NextDouble() * 1.5));
    }
}
