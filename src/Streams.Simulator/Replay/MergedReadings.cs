namespace Streams.Simulator.Replay;

/// <summary>Several recordings as one, always the earliest reading next; the earlier source first where times are equal.</summary>
public sealed class MergedReadings : RecordedReadings
{
    private readonly IReadOnlyList<RecordedReadings> _sources;
    private readonly PriorityQueue<int, (long TimeInMs, int Source)> _heads = new();
    private int _current = -1;

    public MergedReadings(IReadOnlyList<RecordedReadings> sources, UnusableRows unusable)
    {
        _sources = sources;
        Unusable = unusable;
        for (int i = 0; i < sources.Count; i++)
        {
            Advance(i);
        }
    }

    public override RecordedReading Current => _sources[_current].Current;

    public override UnusableRows Unusable { get; }

    public override double Fraction => _sources.Sum(source => source.Fraction) / _sources.Count;

    public override bool Next()
    {
        if (_current >= 0)
        {
            Advance(_current);
        }

        return _heads.TryDequeue(out _current, out _) || (_current = -1) >= 0;
    }

    private void Advance(int source)
    {
        if (_sources[source].Next())
        {
            _heads.Enqueue(source, (_sources[source].Current.TimeInMs, source));
        }
    }

    protected override void Dispose(bool disposing)
    {
        foreach (RecordedReadings source in _sources)
        {
            source.Dispose();
        }
    }
}
