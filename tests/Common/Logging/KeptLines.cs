using Microsoft.Extensions.Logging;

namespace Streams.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class KeptLines : ILogger, ILoggerFactory
{
    private readonly List<(int Id, string Text)> _lines = [];

    public IReadOnlyList<string> Of(int id)
    {
        lock (_lines)
        {
            return [.. _lines.Where(line => line.Id == id).Select(line => line.Text)];
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_lines)
        {
            _lines.Add((eventId.Id, formatter(state, exception)));
        }
    }

    public ILogger CreateLogger(string categoryName) => this;

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }
}
