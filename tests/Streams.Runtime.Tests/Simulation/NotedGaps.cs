using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>What shards said was missing from the log.</summary>
internal sealed class NotedGaps : ILogger
{
    private const int GapInLog = 1201;

    public HashSet<(InboxPartition Partition, long Offset)> Offsets { get; } = [];

    public int Count { get; private set; }

    /// <summary>Offsets over all gaps; one that was met twice counts twice.</summary>
    public long Missing { get; private set; }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (eventId.Id == GapInLog && state is IReadOnlyList<KeyValuePair<string, object?>> values)
        {
            Count++;
            Dictionary<string, object?> named = values.ToDictionary(value => value.Key, value => value.Value);
            for (long offset = (long)named["From"]!; offset < (long)named["To"]!; offset++)
            {
                Offsets.Add(((InboxPartition)named["Partition"]!, offset));
                Missing++;
            }
        }
    }
}
