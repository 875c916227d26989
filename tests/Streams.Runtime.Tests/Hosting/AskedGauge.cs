using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>A gauge that answers when a test says, and what it says: one partition, one question at a time.</summary>
internal sealed class AskedGauge : IGroupGauge
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _asked = new(0);
    private readonly SemaphoreSlim _answered = new(0);
    private bool _isAsked;
    private volatile bool _isOver;
    private GroupPosition? _answer;

    /// <summary>Answers the next question; null for brokers that do not answer. What comes of it is known when the question after it is asked (<see cref="IsAsked"/>).</summary>
    public void Answer(GroupPosition? answer)
    {
        IsAsked();
        _isAsked = false;
        _answer = answer;
        _answered.Release();
    }

    /// <summary>Waits until the next question is asked.</summary>
    public void IsAsked() => Assert.True(_isAsked = _isAsked || _asked.Wait(s_patience), "nothing was asked for 30 s");

    public IReadOnlyList<GroupPosition> Measure(IReadOnlyList<InboxPartition> partitions)
    {
        _asked.Release();
        _answered.Wait();
        return _isOver || _answer is not { } answer ? throw new LogFailedException("no answer") : [.. partitions.Select(_ => answer)];
    }

    public IReadOnlyList<long> EndsOf(IReadOnlyList<InboxPartition> partitions) => throw new LogFailedException("not asked in these tests");

    /// <summary>No question is kept waiting any more.</summary>
    public void End()
    {
        _isOver = true;
        _answered.Release(1000);
    }

    public void Dispose() => End();
}
