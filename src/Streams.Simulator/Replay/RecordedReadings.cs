namespace Streams.Simulator.Replay;

/// <summary>A stream of readings in (nearly) the order of their times: a file, several files merged, or the demo city.</summary>
public abstract class RecordedReadings : IDisposable
{
    /// <summary>The reading that <see cref="Next"/> found; valid until it is called again.</summary>
    public abstract RecordedReading Current { get; }

    /// <summary>Goes on to the next reading; false at the end.</summary>
    /// <exception cref="IOException">The file can not be read on.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, such as a gzip file that is cut off.</exception>
    public abstract bool Next();

    /// <summary>How much of the source was read, 0 to 1.</summary>
    public abstract double Fraction { get; }

    public abstract UnusableRows Unusable { get; }

    protected abstract void Dispose(bool disposing);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }
}
