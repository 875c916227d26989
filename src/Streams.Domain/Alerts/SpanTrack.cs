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

    public string Explanation { get; init; } = "";

    public bool IsOpen => UntilInMs == long.MaxValue;
}

/// <summary>
/// Who had something when, in event time. Answers from when to when so many had it at once; the answer depends on the spans
/// alone, not on the order in which they became known, since devices of a recording played fast are far apart in time.
/// </summary>
internal sealed class SpanTrack
{
    /// <summary>Closed spans kept for one device or child: more than that within a month is noise, not evidence.</summary>
    private const int MostOfOne = 8;

    private const int Most = 4000;

    /// <summary>Closed spans older than the newest by this are forgotten: as far as parts of a recording may drift apart.</summary>
    private const long KeptInMs = 45L * 86_400_000;

    private readonly Dictionary<string, List<Span>> _bySubject = new(StringComparer.Ordinal);
    private int _count;
    private long _newestInMs = long.MinValue;

    public bool IsEmpty => _count == 0;

    public bool HasOpen => _bySubject.Values.Any(spans => spans.Exists(span => span.IsOpen));

    private bool HasOpenSilence => _bySubject.Values.Any(spans => spans.Exists(span => span.IsOpen && IsSilence(span)));

    /// <summary>When the next device will have been silent for so long, after now; null if none that is silent now.</summary>
    public long? NextSilentFor(TimeSpan time, long nowInMs)
    {
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

    /// <summary>Adds a span, or replaces the one with its id (raised before, now cleared or more severe).</summary>
    public void Set(Span span)
    {
        ref List<Span>? spans = ref CollectionsMarshal.GetValueRefOrAddDefault(_bySubject, span.Subject, out _);
        spans ??= [];
        _newestInMs = Math.Max(_newestInMs, span.IsOpen ? span.FromInMs : span.UntilInMs);
        int at = spans.FindIndex(other => other.Id == span.Id);
        if (at >= 0)
        {
            // A clearing that overtook its raising stays: the later word is the one with an end.
            spans[at] = span.IsOpen && !spans[at].IsOpen ? spans[at] : span;
            return;
        }

        spans.Add(span);
        _count++;
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

            spans.RemoveAt(oldest);
            _count--;
        }

        if (_count > Most)
        {
            ForgetOld();
        }
    }

    public void Remove(string subject)
    {
        if (_bySubject.Remove(subject, out List<Span>? spans))
        {
            _count -= spans.Count;
        }
    }

    /// <summary>Spans that lie in a period at least in part, open ones and the latest first, at most <paramref name="most"/>, and how many subjects they are of.</summary>
    public List<Span> During(Period period, long withinInMs, int most, out int subjects)
    {
        var found = new List<Span>();
        subjects = 0;
        foreach (List<Span> spans in _bySubject.Values)
        {
            int before = found.Count;
            foreach (Span span in spans)
            {
                if (span.FromInMs <= period.EndInMs && EndOf(span, withinInMs) >= period.StartInMs)
                {
                    found.Add(span);
                }
            }

            subjects += found.Count > before ? 1 : 0;
        }

        found.Sort(static (a, b) =>
        {
            int byOpen = b.IsOpen.CompareTo(a.IsOpen);
            int byTime = byOpen != 0 ? byOpen : b.FromInMs.CompareTo(a.FromInMs);
            return byTime != 0 ? byTime : string.CompareOrdinal(a.Id, b.Id);
        });
        if (found.Count > most)
        {
            found.RemoveRange(most, found.Count - most);
        }

        return found;
    }

    /// <summary>
    /// Walks through event time, and folds the number of subjects that have a span at each moment: those that certainly have one
    /// raise, those that may have one uphold. They differ where a span is open and its subject is not known that far yet.
    /// </summary>
    /// <param name="withinInMs">A span counts at least this long from its beginning.</param>
    /// <param name="measureOf">The measure for a number of subjects.</param>
    /// <param name="membership">How far each subject is known, and so how far its open span has certainly lasted.</param>
    /// <param name="nowInMs">Silence is found by the clock and goes on by the clock: where all are silent, event time stands still.</param>
    public void Periods(
        AlertRule rule, long withinInMs, int members, Func<int, double> measureOf, Membership membership, long nowInMs, List<Period> into)
    {
        long knownThroughInMs = HasOpenSilence ? Math.Max(membership.LastEventInMs, nowInMs) : membership.LastEventInMs;
        List<(long AtInMs, int Certain, int Possible)> edges = Edges(withinInMs, membership);
        var fold = new PeriodFold { LastEndInMs = long.MinValue };
        int certain = 0;
        int possible = 0;
        for (int i = 0; i < edges.Count;)
        {
            long at = edges[i].AtInMs;
            for (; i < edges.Count && edges[i].AtInMs == at; i++)
            {
                certain += edges[i].Certain;
                possible += edges[i].Possible;
            }

            long end = i < edges.Count ? edges[i].AtInMs : Math.Max(knownThroughInMs, at);
            var verdict = new Verdict(at, end, measureOf(certain))
            {
                Upholding = measureOf(possible), Count = possible, Value = possible, Members = members,
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
        foreach (List<Span> spans in _bySubject.Values)
        {
            foreach (Span span in spans)
            {
                writer.Text(span.Id);
                writer.Text(span.Subject);
                writer.Signed(span.FromInMs);
                writer.Signed(span.UntilInMs);
                writer.Byte((byte)span.Severity);
                writer.Text(span.Metric);
                writer.Text(span.Kind);
                writer.Double(span.Value);
                writer.Double(span.Score);
                writer.Text(span.Explanation);
            }
        }
    }

    public void Restore(ref SnapshotReader reader)
    {
        int count = reader.Count(int.MaxValue);
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            Set(new Span
            {
                Id = reader.Text(),
                Subject = reader.Text(),
                FromInMs = reader.Signed(),
                UntilInMs = reader.Signed(),
                Severity = (AlertSeverity)reader.Byte(),
                Metric = reader.Text(),
                Kind = reader.Text(),
                Value = reader.Double(),
                Score = reader.Double(),
                Explanation = reader.Text(),
            });
        }
    }

    private static bool IsSilence(Span span) => span.Kind == "silence";

    private static long EndOf(Span span, long withinInMs) =>
        span.IsOpen ? long.MaxValue : Math.Max(span.UntilInMs, span.FromInMs + withinInMs);

    /// <summary>+1 where a subject's first span of a run begins, -1 where its last ends; a subject with two anomalies counts once.</summary>
    private List<(long AtInMs, int Certain, int Possible)> Edges(long withinInMs, Membership membership)
    {
        var edges = new List<(long AtInMs, int Certain, int Possible)>(4 * _count);
        var certain = new List<(long From, long Until)>();
        var possible = new List<(long From, long Until)>();
        foreach ((string subject, List<Span> spans) in _bySubject)
        {
            certain.Clear();
            possible.Clear();
            foreach (Span span in spans)
            {
                long until = EndOf(span, withinInMs);
                possible.Add((span.FromInMs, until));

                // A silent device is known by saying nothing.
                if (span.IsOpen && !IsSilence(span))
                {
                    until = Math.Max(span.FromInMs + Math.Max(1, withinInMs), membership.KnownThrough(subject));
                }

                certain.Add((span.FromInMs, until));
            }

            foreach ((long from, long until) in Runs(certain))
            {
                edges.Add((from, 1, 0));
                edges.Add((until, -1, 0));
            }

            foreach ((long from, long until) in Runs(possible))
            {
                edges.Add((from, 0, 1));
                edges.Add((until, 0, -1));
            }
        }

        edges.RemoveAll(edge => edge.AtInMs == long.MaxValue);
        edges.Sort();
        return edges;
    }

    private static IEnumerable<(long From, long Until)> Runs(List<(long From, long Until)> spans)
    {
        spans.Sort();
        for (int i = 0; i < spans.Count;)
        {
            (long from, long until) = spans[i];
            for (i++; i < spans.Count && spans[i].From <= until; i++)
            {
                until = Math.Max(until, spans[i].Until);
            }

            yield return (from, until);
        }
    }

    private void ForgetOld()
    {
        long before = _newestInMs - KeptInMs;
        foreach (List<Span> spans in _bySubject.Values)
        {
            _count -= spans.RemoveAll(span => span.UntilInMs < before);
        }

        // Still too many at once: the oldest half of the closed ones goes.
        if (_count > Most)
        {
            long[] ends = [.. _bySubject.Values.SelectMany(spans => spans).Select(span => span.UntilInMs).Order()];
            long median = Math.Min(ends[ends.Length / 2], long.MaxValue - 1);
            foreach (List<Span> spans in _bySubject.Values)
            {
                _count -= spans.RemoveAll(span => span.UntilInMs <= median);
            }
        }

        foreach (string empty in _bySubject.Where(pair => pair.Value.Count == 0).Select(pair => pair.Key).ToList())
        {
            _bySubject.Remove(empty);
        }
    }
}
