using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>
/// What a rule made of each of an area's last windows. Verdicts are kept, not only their outcome, so that a window revised by a
/// late reading is judged again as if it had come so in the first place.
/// </summary>
internal sealed class WindowTrack
{
    /// <summary>Verdicts that may still be revised: two days of hours. Older ones are folded in for good.</summary>
    private const int MostVerdicts = 48;

    private readonly List<Verdict> _verdicts = [];
    private PeriodFold _settled;

    /// <summary>Puts in a window's verdict, or replaces it. What is older than all that is kept changes nothing any more.</summary>
    public void Set(AlertRule rule, in Verdict verdict)
    {
        int at = _verdicts.Count;
        while (at > 0 && _verdicts[at - 1].StartInMs > verdict.StartInMs)
        {
            at--;
        }

        if (at > 0 && _verdicts[at - 1].StartInMs == verdict.StartInMs)
        {
            _verdicts[at - 1] = verdict;
            return;
        }

        if (at == 0 && verdict.StartInMs < _settled.LastEndInMs)
        {
            return;
        }

        _verdicts.Insert(at, verdict);
        if (_verdicts.Count > MostVerdicts)
        {
            Verdict oldest = _verdicts[0];
            _settled.Step(rule, in oldest, []);
            _verdicts.RemoveAt(0);
        }
    }

    /// <summary>Takes back a verdict: the window, as revised, no longer says anything.</summary>
    public void Remove(long startInMs) => _verdicts.RemoveAll(verdict => verdict.StartInMs == startInMs);

    /// <summary>Starts of the windows whose verdicts may still be taken back.</summary>
    public IReadOnlyList<long> Starts() => [.. _verdicts.Select(verdict => verdict.StartInMs)];

    public void Periods(AlertRule rule, List<Period> into)
    {
        PeriodFold fold = _settled.Copy();
        foreach (Verdict verdict in _verdicts)
        {
            fold.Step(rule, in verdict, into);
        }

        if (fold.Open is { } open)
        {
            into.Add(open);
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_verdicts.Count);
        foreach (Verdict verdict in _verdicts)
        {
            AlertSnapshot.Write(writer, in verdict);
        }

        AlertSnapshot.Write(writer, in _settled);
    }

    public void Restore(ref SnapshotReader reader)
    {
        int count = reader.Count(MostVerdicts);
        for (int i = 0; i < count; i++)
        {
            _verdicts.Add(AlertSnapshot.ReadVerdict(ref reader));
        }

        _settled = AlertSnapshot.ReadFold(ref reader);
    }
}
