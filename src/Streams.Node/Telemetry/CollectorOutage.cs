using System.Diagnostics;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;

namespace Streams.Node.Telemetry;

/// <summary>Says once that the collector is away, and once that it is back. Thread-safe.</summary>
internal sealed partial class CollectorOutage(Uri endpoint, ILogger logger)
{
    private readonly Lock _gate = new();
    private long? _since;

    public ExportResult Note(ExportResult result)
    {
        lock (_gate)
        {
            if (result == ExportResult.Failure && _since is null)
            {
                _since = Stopwatch.GetTimestamp();
                LogAway(logger, endpoint);
            }
            else if (result == ExportResult.Success && _since is { } since)
            {
                _since = null;
                LogBack(logger, endpoint, Stopwatch.GetElapsedTime(since).TotalSeconds);
            }
        }

        return result;
    }

    [LoggerMessage(2201, LogLevel.Warning, "The collector {Endpoint} does not take figures or traces. They are sent on when it does; spans that find no room meanwhile are dropped. Nothing else is held back: /metrics answers as ever.")]
    private static partial void LogAway(ILogger logger, Uri endpoint);

    [LoggerMessage(2202, LogLevel.Information, "The collector {Endpoint} takes figures and traces again, after {Seconds:0.0} s.")]
    private static partial void LogBack(ILogger logger, Uri endpoint, double seconds);
}

internal sealed class WatchedTraces(OtlpExporterOptions options, CollectorOutage outage) : OtlpTraceExporter(options)
{
    public override ExportResult Export(in Batch<Activity> activityBatch) => outage.Note(base.Export(activityBatch));
}

internal sealed class WatchedFigures(OtlpExporterOptions options, CollectorOutage outage) : OtlpMetricExporter(options)
{
    public override ExportResult Export(in Batch<Metric> metrics) => outage.Note(base.Export(metrics));
}
