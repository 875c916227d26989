using System.Diagnostics;

namespace Streams.Chaos.Faults;

/// <summary>
/// Which fault when, out of the seed. Every round has each fault once, crashes some times more, in an order of its own; one in three meets another
/// beside it. After each the cluster must recover. A round that is to be the only one takes less time: what can go together does, but what
/// a death alone and a rolling restart alone cost is seen first.
/// </summary>
internal sealed class Schedule(FaultScene scene, ChaosOptions options)
{
    private static readonly TimeSpan s_recoversWithin = TimeSpan.FromSeconds(90);

    /// <summary>Crash points make most of what there is to meet.</summary>
    private const int CrashesInARound = 3;

    private static readonly string[] s_aloneFirst = ["kill", "rolling"];

    private readonly Random _random = new(options.Seed);
    private readonly List<Fault> _turn = [];

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

            await StepAsync(Next());
        }
    }

    private void Fill()
    {
        List<Fault> round = [];
        foreach (Fault fault in Chosen(options.Faults).Where(fault => !options.Once || !fault.TakesMinutes))
        {
            int points = options.CrashPoints.Count > 0 ? options.CrashPoints.Count : Runtime.CrashPoint.All.Count;
            round.AddRange(Enumerable.Repeat(fault, fault.Name != "crash" ? 1 : options.Once ? points : CrashesInARound));
        }

        Fault[] order = [.. round];
        _random.Shuffle(order);
        _turn.AddRange(options.Once ? order.OrderBy(fault => s_aloneFirst.Contains(fault.Name) ? 0 : 1) : order);
    }

    /// <summary>Those that are to go together.</summary>
    private List<Fault> Next()
    {
        List<Fault> together = [_turn[0]];
        _turn.RemoveAt(0);
        bool isAlone = together[0].Target == FaultTarget.All || (options.Once && s_aloneFirst.Contains(together[0].Name));
        int most = isAlone ? 1 : options.Once ? 4 : _random.Next(3) == 0 ? 2 : 1;
        for (int i = 0; i < _turn.Count && together.Count < most;)
        {
            Fault next = _turn[i];

            // Two nodes may be without at a time; two faults of one database would only be one.
            if (next.Target != FaultTarget.All && together.Count(fault => fault.Target == next.Target) < (next.Target == FaultTarget.Nodes ? 2 : 1))
            {
                together.Add(next);
                _turn.RemoveAt(i);
            }
            else
            {
                i++;
            }
        }

        return together;
    }

    private async Task StepAsync(List<Fault> together)
    {
        long[] over = await Task.WhenAll(together.Select(fault => fault.Run(scene, new Random(_random.Next()))));
        await scene.RecoverAsync(string.Join(" + ", together.Select(fault => fault.Name).Order(StringComparer.Ordinal)), over.Max(), s_recoversWithin);
        await Task.Delay(TimeSpan.FromSeconds(_random.NextDouble() * 1.5));
    }
}
