using Microsoft.Extensions.Logging;

namespace Streams.Cli.Up;

/// <summary>
/// A node's log lines: written on as they come, or, while a picture is drawn over the terminal, only kept, so that the display can show
/// the last few.
/// </summary>
/// <param name="to">Null keeps the lines only.</param>
/// <param name="least">Lines below this level are left out.</param>
internal sealed class RecentLines(TextWriter? to, LogLevel least, TimeProvider time) : ILoggerProvider
{
    private const int Kept = 3;
    private readonly Lock _gate = new();
    private readonly Queue<string> _last = new();
    private readonly LogLevel _least = least;

    public IReadOnlyList<string> Last
    {
        get
        {
            lock (_gate)
            {
                return [.. _last];
            }
        }
    }

    public ILogger CreateLogger(string categoryName) => new Category(this);

    public void Dispose()
    {
    }

    private void Add(LogLevel level, string message, Exception? exception)
    {
        string line = $"{time.GetUtcNow():HH:mm:ss} {level.ToString().ToLowerInvariant()}: {message}{(exception is null ? "" : $" ({exception.GetType().Name}: {exception.Message})")}";
        lock (_gate)
        {
            _last.Enqueue(line);
            if (_last.Count > Kept)
            {
                _last.Dequeue();
            }

            to?.WriteLine(line);
        }
    }

    private sealed class Category(RecentLines lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= lines._least && logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                lines.Add(logLevel, formatter(state, exception), exception);
            }
        }
    }
}
