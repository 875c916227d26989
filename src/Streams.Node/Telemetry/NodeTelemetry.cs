using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Runtime.Telemetry;

namespace Streams.Node.Telemetry;

/// <summary>
/// One instrumentation, two ways out: whoever scrapes gets the figures as Prometheus' text, and where a collector is configured it gets the same figures, and traces, over
/// OTLP. Without a collector nothing of the latter is there, and no trace is recorded.
/// </summary>
public sealed class NodeTelemetry : IDisposable
{
    /// <summary>Spans that wait for a collector; beyond it they are dropped, never what they tell of.</summary>
    private const int MostSpans = 2048;

    /// <summary>How long stopping waits for a collector.</summary>
    private const int FlushInMs = 2000;

    /// <summary>Of the some twenty that .NET has: what tells of memory, processor, and trouble.</summary>
    private static readonly HashSet<string> s_ofProcess =
    [
        "dotnet.exceptions", "dotnet.gc.collections", "dotnet.gc.heap.total_allocated", "dotnet.gc.last_collection.heap.size", "dotnet.gc.last_collection.memory.committed_size",
        "dotnet.gc.pause.time", "dotnet.monitor.lock_contentions", "dotnet.process.cpu.time", "dotnet.process.memory.working_set",
    ];

    private const string Requests = "http.server.request.duration";

    private readonly HashSet<Meter> _meters;
    private readonly MeterProvider _figures;
    private readonly TracerProvider? _traces;
    private RequestDelegate? _scrape;
    private IMeterFactory? _web;

    /// <param name="meters">This node's own; the process may hold those of others by the same names.</param>
    public NodeTelemetry(TelemetrySettings settings, NodeIdentity identity, ILoggerFactory loggers, params IEnumerable<Meter> meters)
    {
        _meters = [.. meters];
        ResourceBuilder resource = ResourceBuilder.CreateEmpty()
            .AddService("streams", serviceVersion: identity.Version, autoGenerateServiceInstanceId: false, serviceInstanceId: identity.Node)
            .AddAttributes([new("streams.cluster", identity.Cluster)]);
        MeterProviderBuilder figures = Sdk.CreateMeterProviderBuilder()
            .SetResourceBuilder(resource)
            .AddMeter(EngineMeter.Name, NodeMeter.Name, "System.Runtime", "Microsoft.AspNetCore.Hosting")
            .AddView(Select)
            .AddPrometheusExporter(options =>
            {
                options.ScopeInfoEnabled = false;
                options.TargetInfoEnabled = false;
            });
        if (settings.OtlpEndpoint is not null)
        {
            CollectorOutage outage = new(settings.OtlpEndpoint, loggers.CreateLogger("Streams.Telemetry"));
            figures.AddReader(new PeriodicExportingMetricReader(
                new WatchedFigures(OptionsOf(settings, "metrics"), outage), (int)settings.FiguresEvery.TotalMilliseconds));
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .SetSampler(new ParentBasedSampler(new AlwaysOnSampler()))
                .AddSource(Tracing.Name, IngestTrace.Name)
                .AddProcessor(new BatchActivityExportProcessor(new WatchedTraces(OptionsOf(settings, "traces"), outage), MostSpans))
                .Build();
        }

        _figures = figures.Build();
    }

    /// <summary>Answers with every figure as Prometheus' text.</summary>
    /// <exception cref="InvalidOperationException">Not yet <see cref="Serve"/>d.</exception>
    public Task ScrapeAsync(HttpContext context) => _scrape?.Invoke(context) ?? throw new InvalidOperationException("The server is not told of its telemetry.");

    /// <summary>Takes up the server's own figures, and answers on it.</summary>
    public void Serve(IApplicationBuilder app)
    {
        _web = app.ApplicationServices.GetService<IMeterFactory>();
        _scrape = app.New().UseOpenTelemetryPrometheusScrapingEndpoint(_figures, _ => true, null, null, null).Build();
    }

    public void Dispose()
    {
        _traces?.Shutdown(FlushInMs);
        _figures.Shutdown(FlushInMs);
        _traces?.Dispose();
        _figures.Dispose();
    }

    /// <summary>Another node's instruments are left out, and the server's are kept to what is bounded and asked for.</summary>
    private MetricStreamConfiguration? Select(Instrument instrument) => instrument.Meter.Name switch
    {
        "System.Runtime" => s_ofProcess.Contains(instrument.Name) ? null : MetricStreamConfiguration.Drop,
        EngineMeter.Name or NodeMeter.Name => _meters.Contains(instrument.Meter) ? null : MetricStreamConfiguration.Drop,
        _ when instrument.Name == Requests && instrument.Meter.Scope is { } scope && ReferenceEquals(scope, _web) =>
            new MetricStreamConfiguration { TagKeys = ["http.request.method", "http.route", "http.response.status_code"] },
        _ => MetricStreamConfiguration.Drop,
    };

    private static OtlpExporterOptions OptionsOf(TelemetrySettings settings, string signal)
    {
        bool isGrpc = settings.Protocol == OtlpProtocol.Grpc;
        return new OtlpExporterOptions
        {
            Endpoint = isGrpc ? settings.OtlpEndpoint! : new Uri(string.Create(CultureInfo.InvariantCulture, $"{settings.OtlpEndpoint!.AbsoluteUri.TrimEnd('/')}/v1/{signal}")),
            Protocol = isGrpc ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf,
            Headers = settings.Headers,
        };
    }
}
