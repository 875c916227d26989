using Microsoft.Extensions.Logging;

namespace Streams.Benchmarks;

/// <summary>Warnings and worse on standard error: a measurement beside trouble is worth nothing, so trouble must be seen.</summary>
internal static class Logging
{
    public static ILoggerFactory ToStandardError() => LoggerFactory.Create(builder => builder
        .SetMinimumLevel(LogLevel.Warning)
        // librdkafka warns at every start of what the embedded broker does not know.
        .AddFilter("Streams.Kafka", LogLevel.Error)
        .AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
}
