using System.Buffers;
using System.Runtime.InteropServices;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>A time during which one device had an anomaly, or one child area a condition.</summary>
internal sealed record Span
{
    public required string Id { get; init; }

    public required string Subject { get; init; }

    public required long FromInMs { get; init; }

    /// <summary><see cref="long.MaxValue"/> while it lasts.</summary>
    public required long UntilInMs { get; init; }

    /// <summary>Of a child's condition; unknown for anomalies.</summary>
    public AlertSeverity Severity { get; init; }

    public string Metric { get; init; } = "";

    public string Kind { get; init; } = "";

    public double Value { get; init; }

    /// <summary>Of an anomaly, 0 to 1; of a child's condition its measure.</summary>
    public double Score { get; init; }

    /// <summary>What its subject counts while it has it.</summary>
    public double Weight { get; init; } = 1;

    public string Explanation { get; init; } = "";

    public bool IsOpen => UntilInMs == long.MaxValue;
}

/// <summary>
/// Who had something when, in event time. Answers from when to when so many had it at once; the answer depends on the spans
/// alone, not on the order in which they became known, since devices of a recording played fast are far apart in time.
/// </summary>
/// <remarks>Made for a power cut that ten thousands of lamps tell of: what is kept of each is small, and no answer costs more than a sort.</remarks>
internal sealed class SpanTrack
{
    /// <summary>Closed spans kept for one device or child: more than that within a month is noise, not evidence.</summary>
    private const int MostOfOne = 8;

    /// <summary>Closed spans kept of all. Open ones there are no more of than devices.</summary>
    private const int MostClosed = 4000;

    /// <summary>Open spans that keep their words: far more than any alert shows.</summary>
    private const int MostExplained = 256;

    /// <summary>Closed spans older than the newest by this are forgotten: as far as parts of a recording may drift apart.</summary>
    private const long KeptInMs = 45L * 86_400_000;

    private readonly Dictionary<string, List<Span>> _bySubject = new(StringComparer.Ordinal);
    private int _count;
    private int _open;
    private int _openSilences;
    private long _newestInMs = long.MinValue;

    public bool IsEmpty => _count == 0;

    public bool HasOpen => _open > 0;

    public int Count => _count;

    /// <summary>When the next device will have been silent for so long, after now; null if none that is silent now.</summary>
    public long? NextSilentFor(TimeSpan time, long nowInMs)
    {
        if (_openSilences == 0)
        {
            return null;
        }

        long? next = null;
        foreach (List<Span> spans in _bySubject.Values)
        {
            foreach (Span span in spans)
            {
                long at = span.FromInMs + (long)time.TotalMilliseconds;
                if (span.IsOpen && IsSilence(span) && at > nowInMs)
                {
                    next = Math.Min(next ?? long.MaxValue, at);
                }
            }
        }

        return next;
    }

    public bool Knows(string subject, string id) =>
        _bySubject.TryGetValue(subject, out List<Span>? spans) && spans.Exists(span => span.Id == id);

    /// <summary>Adds a span, or replaces the one with its id (raised before, now cleared or more severe), whose weight stays.</summary>
    public void Set(Span span) =>
        Put(span.IsOpen && span.Explanation.Length > 0 && _open >= MostExplained ? span with { Explanation = "" } : span);

    /// <summary>Spans that lie in a period at least in part, open ones and the latest first, at most <paramref name="most"/>, and how many subjects they are of.</summary>
    public List<Span> During(Period period, long withinInMs, int most, out int subjects)
    {
        var found = new List<Span>();
        subjects = 0;
        foreach (List<Span> spans in _bySubject.Values)
        {
            bool isIn = false;
            foreach (Span span in spans)
            {
                if (span.FromInMs <= period.EndInMs && EndOf(span, withinInMs) >= period.StartInMs)
                {
                    isIn = true;
                    Insert(found, span, most);
                }
            }

            subjects += isIn ? 1 : 0;
        }

        return found;
    }

    /// <summary>
    /// Walks through event time, and folds the number of subjects that have a span at each moment: those that certainly have one
    /// raise, those that may have one uphold. They differ where a span is open and its subject is not known that far yet.
    /// </summary>
    /// <param name="withinInMs">A span counts at least this long from its beginning.</param>
    /// <param name="measureOf">The measure for a number of subjects and what they weigh together.</param>
    /// <param name="membership">How far each subject is known, and so how far its open span has certainly lasted.</param>
    /// <param name="nowInMs">Silence is found by the clock and goes on by the clock: where all are silent, event time stands still.</param>
    public void Periods(
        AlertRule rule, long withinInMs, int members, Func<int, double, double> measureOf, MemberSet membership, long nowInMs, List<Period> into)
    {
        long lastEventInMs = membership.LastEventInMs;
        long knownThroughInMs = _openSilences > 0 ? Math.Max(lastEventInMs, nowInMs) : lastEventInMs;
        using var edges = new Edges(4 * _count);
        Collect(edges, withinInMs, membership);
        edges.Sort();
        var fold = new PeriodFold { LastEndInMs = long.MinValue };
        Tally certain = default;
        Tally possible = default;
        for (int i = 0; i < edges.Count;)
        {
            long at = edges.TimeInMs(i);
            for (; i < edges.Count && edges.TimeInMs(i) == at; i++)
            {
                edges.Apply(i, ref certain, ref possible);
            }

            long end = i < edges.Count ? edges.TimeInMs(i) : Math.Max(knownThroughInMs, at);
            var verdict = new Verdict(at, end, measureOf(certain.Count, certain.Total))
            {
                Upholding = measureOf(possible.Count, possible.Total), Count = possible.Count, Value = possible.Count, Members = members,
            };
            fold.Step(rule, in verdict, into);
        }

        if (fold.Open is { } open)
        {
            into.Add(open);
        }
    }

    /// <summary>Of those that still go on, where the period does; in the lull after the last of them, of those that made it.</summary>
    public AlertSeverity HighestDuring(Period period)
    {
        AlertSeverity highest = AlertSeverity.Unknown;
        AlertSeverity goingOn = AlertSeverity.Unknown;
        foreach (List<Span> spans in _bySubject.Values)
        {
            foreach (Span span in spans)
            {
                if (span.FromInMs <= period.EndInMs && span.UntilInMs >= period.StartInMs)
                {
                    highest = (AlertSeverity)Math.Max((int)highest, (int)span.Severity);
                    goingOn = span.IsOpen ? (AlertSeverity)Math.Max((int)goingOn, (int)span.Severity) : goingOn;
                }
            }
        }

        return period.IsOpen && goingOn != AlertSeverity.Unknown ? goingOn : highest;
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_count);
        var names = new SnapshotNames();
        long beforeInMs = 0;
        foreach (List<Span> spans in _bySubject.Values)
        {
            foreach (Span span in spans)
            {
                SpanCodec.Write(writer, span, names, ref beforeInMs);
            }
        }
    }

    /// <param name="version">Of the area's snapshot.</param>
    public void Restore(ref SnapshotReader reader, byte version)
    {
        int count = reader.Count(int.MaxValue);
        var names = new SnapshotNames();
        long beforeInMs = 0;
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            Put(version >= 3 ? SpanCodec.Read(ref reader, names, ref beforeInMs) : SpanCodec.ReadVersion2(ref reader));
        }
    }

    private void Put(Span span)
    {
        ref List<Span>? spans = ref CollectionsMarshal.GetValueRefOrAddDefault(_bySubject, span.Subject, out _);
        spans ??= new List<Span>(1);
        _newestInMs = Math.Max(_newestInMs, span.IsOpen ? span.FromInMs : span.UntilInMs);
        int at = spans.FindIndex(other => other.Id == span.Id);
        if (at >= 0)
        {
            // A clearing that overtook its raising stays: the later word is the one with an end.
            if (!span.IsOpen || spans[at].IsOpen)
            {
                Note(spans[at], -1);
                spans[at] = span with { Weight = spans[at].Weight };
                Note(span, 1);
            }

            return;
        }

        spans.Add(span);
        Note(span, 1);
        if (spans.Count > MostOfOne)
        {
            int oldest = 0;
            for (int i = 1; i < spans.Count; i++)
            {
                if (spans[i].UntilInMs < spans[oldest].UntilInMs)
                {
                    oldest = i;
                }
            }

            Note(spans[oldest], -1);
            spans.RemoveAt(oldest);
        }

        if (_count - _open > MostClosed)
        {
            ForgetOld();
        }
    }

    private static bool IsSilence(Span span) => span.Kind == "silence";

    private static long EndOf(Span span, long withinInMs) =>
        span.IsOpen ? long.MaxValue : Math.Max(span.UntilInMs, span.FromInMs + withinInMs);

    private static int Order(Span a, Span b)
    {
        int byOpen = b.IsOpen.CompareTo(a.IsOpen);
        int byTime = byOpen != 0 ? byOpen : b.FromInMs.CompareTo(a.FromInMs);
        return byTime != 0 ? byTime : string.CompareOrdinal(a.Id, b.Id);
    }

    /// <summary>Into its place among the first of a list that never grows beyond the most: nobody sorts ten thousand to show 32.</summary>
    private static void Insert(List<Span> found, Span span, int most)
    {
        if (found.Count >= most && (most == 0 || Order(span, found[^1]) >= 0))
        {
            return;
        }

        int at = found.Count;
        while (at > 0 && Order(span, found[at - 1]) < 0)
        {
            at--;
        }

        found.Insert(at, span);
        if (found.Count > most)
        {
            found.RemoveAt(most);
        }
    }

    private void Note(Span span, int by)
    {
        _count += by;
        _open += span.IsOpen ? by : 0;
        _openSilences += span.IsOpen && IsSilence(span) ? by : 0;
    }

    /// <summary>Where a subject's first span of a run begins and where its last ends; a subject with two anomalies counts once, by the heavier.</summary>
    private void Collect(Edges edges, long withinInMs, MemberSet membership)
    {
        var certain = new List<(long From, long Until)>();
        var possible = new List<(long From, long Until)>();
        foreach ((string subject, List<Span> spans) in _bySubject)
        {
            certain.Clear();
            possible.Clear();
            double weight = 0;
            foreach (Span span in spans)
            {
                long until = EndOf(span, withinInMs);
                possible.Add((span.FromInMs, until));
                weight = Math.Max(weight, span.Weight);

                // A silent device is known by saying nothing.
                if (span.IsOpen && !IsSilence(span))
                {
                    until = Math.Max(span.FromInMs + Math.Max(1, withinInMs), membership.KnownThrough(subject));
                }

                certain.Add((span.FromInMs, until));
            }

            edges.AddRuns(certain, weight, isCertain: true);
            edges.AddRuns(possible, weight, isCertain: false);
        }
    }

    private void ForgetOld()
    {
        long before = _newestInMs - KeptInMs;
        Forget(span => span.UntilInMs < before);
        if (_count - _open > MostClosed)
        {
            // Still too many at once: the older half of the closed ones goes.
            long[] ends = [.. _bySubject.Values.SelectMany(spans => spans).Where(span => !span.IsOpen).Select(span => span.UntilInMs).Order()];
            long median = ends[ends.Length / 2];
            Forget(span => span.UntilInMs <= median);
        }

        foreach (string empty in _bySubject.Where(pair => pair.Value.Count == 0).Select(pair => pair.Key).ToList())
        {
            _bySubject.Remove(empty);
        }
    }

    private void Forget(Predicate<Span> which)
    {
        foreach (List<Span> spans in _bySubject.Values)
        {
            // Only closed spans are ever old, so no other count changes.
            _count -= spans.RemoveAll(span => !span.IsOpen && which(span));
        }
    }

    /// <summary>Subjects that have it, and what they weigh.</summary>
    private struct Tally
    {
        public int Count;
        private double _weight;

        /// <summary>Thirds that were added and taken away again come out as whole as they went in.</summary>
        public readonly double Total => Math.Round(_weight, 6);

        public void Add(int count, double weight)
        {
            Count += count;
            _weight += count * weight;
        }
    }

    /// <summary>Moments at which the number of subjects changes, on rented memory.</summary>
    private sealed class Edges(int most) : IDisposable
    {
        private long[] _times = ArrayPool<long>.Shared.Rent(Math.Max(16, most));
        private (int Step, double Weight, bool IsCertain)[] _steps = ArrayPool<(int, double, bool)>.Shared.Rent(Math.Max(16, most));

        public int Count { get; private set; }

        public long TimeInMs(int index) => _times[index];

        public void Apply(int index, ref Tally certain, ref Tally possible)
        {
            (int step, double weight, bool isCertain) = _steps[index];
            (isCertain ? ref certain : ref possible).Add(step, weight);
        }

        public void AddRuns(List<(long From, long Until)> spans, double weight, bool isCertain)
        {
            if (spans.Count > 1)
            {
                spans.Sort();
            }

            for (int i = 0; i < spans.Count;)
            {
                (long from, long until) = spans[i];
                for (i++; i < spans.Count && spans[i].From <= until; i++)
                {
                    until = Math.Max(until, spans[i].Until);
                }

                Add(from, (1, weight, isCertain));
                if (until != long.MaxValue)
                {
                    Add(until, (-1, weight, isCertain));
                }
            }
        }

        public void Sort() => Array.Sort(_times, _steps, 0, Count);

        public void Dispose()
        {
            ArrayPool<long>.Shared.Return(_times);
            ArrayPool<(int, double, bool)>.Shared.Return(_steps);
        }

        private void Add(long atInMs, (int Step, double Weight, bool IsCertain) step)
        {
            _times[Count] = atInMs;
            _steps[Count++] = step;
        }
    }
}
