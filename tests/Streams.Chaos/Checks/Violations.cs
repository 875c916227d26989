namespace Streams.Chaos.Checks;

/// <summary>Something that must never be, and was.</summary>
/// <param name="Invariant">I1 to I13, as docs/faults.md names them; <c>run</c> where the run itself could not see or do what it had to.</param>
/// <param name="Subject">Whose: a device, a shard, a record.</param>
/// <param name="Evidence">Where to look: offsets, numbers, times.</param>
public sealed record Violation(string Invariant, string Subject, string Was, string ShouldBe, string Evidence = "")
{
    public override string ToString() => $"{Invariant} {Subject}: {Was}; should be: {ShouldBe}{(Evidence.Length > 0 ? $" ({Evidence})" : "")}";
}

/// <summary>All that were found, the first of each invariant in full. Thread-safe.</summary>
public sealed class Violations
{
    /// <summary>A broken guard breaks thousands of things; the first few of a kind say all there is to say.</summary>
    private const int MostOfOneKind = 20;

    private readonly Lock _gate = new();
    private readonly List<Violation> _kept = [];
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    /// <summary>How long after the start of the run the first one was found; null for none.</summary>
    public TimeSpan? FirstAfter { get; private set; }

    private readonly long _started = System.Diagnostics.Stopwatch.GetTimestamp();

    public IReadOnlyList<Violation> Kept
    {
        get
        {
            lock (_gate)
            {
                return [.. _kept];
            }
        }
    }

    /// <summary>By invariant.</summary>
    public IReadOnlyDictionary<string, int> Counts
    {
        get
        {
            lock (_gate)
            {
                return new SortedDictionary<string, int>(_counts, StringComparer.Ordinal);
            }
        }
    }

    public int Count => Counts.Values.Sum();

    public void Add(string invariant, string subject, string was, string shouldBe, string evidence = "")
    {
        lock (_gate)
        {
            FirstAfter ??= System.Diagnostics.Stopwatch.GetElapsedTime(_started);
            int count = _counts[invariant] = _counts.GetValueOrDefault(invariant) + 1;
            if (count <= MostOfOneKind)
            {
                _kept.Add(new Violation(invariant, subject, was, shouldBe, evidence));
            }
        }
    }
}
