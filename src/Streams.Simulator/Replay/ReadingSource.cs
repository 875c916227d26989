namespace Streams.Simulator.Replay;

/// <summary>Readings one after another, ready to be sent: recorded ones, or those of a simulated city.</summary>
public abstract class ReadingSource : IDisposable
{
    /// <summary>Goes on to the next reading; false at the end.</summary>
    /// <exception cref="IOException">The file can not be read on.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, such as a gzip file that is cut off.</exception>
    public abstract bool Next();

    /// <summary>Event time of the reading, Unix milliseconds.</summary>
    public abstract long TimeInMs { get; }

    /// <summary>When it is to be sent, by the clock of event times: later than its time for one that comes late. (Nearly) ascending.</summary>
    public virtual long DueInMs => TimeInMs;

    /// <summary>The device's id, UTF-8; valid until <see cref="Next"/> is called again.</summary>
    public abstract ReadOnlySpan<byte> Key { get; }

    /// <summary>The reading as <c>city.readings</c> takes it, with its time moved by <paramref name="shiftInMs"/>; valid until <see cref="Next"/> is called again.</summary>
    public abstract ReadOnlySpan<byte> Body(long shiftInMs);

    /// <summary>How much of the source was read, 0 to 1; 0 for one without end.</summary>
    public virtual double Fraction => 0;

    public virtual UnusableRows Unusable { get; } = new();

    protected abstract void Dispose(bool disposing);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }
}
