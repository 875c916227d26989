using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Node.Telemetry;
using Streams.Runtime.Telemetry;
using Streams.Tests;

namespace Streams.Node.Tests.Telemetry;

/// <summary>Figures and traces reach a collector, in both of OTLP's forms; one that is away is told of once.</summary>
public sealed class CollectorTests : IAsyncDisposable
{
    private readonly ConcurrentQueue<(string Path, string Header, string Body)> _taken = new();
    private readonly KeptLines _lines = new();
    private volatile bool _isAway;
    private WebApplication? _collector;

    [Theory]
    [InlineData(OtlpProtocol.Grpc, "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export", "/opentelemetry.proto.collector.trace.v1.TraceService/Export")]
    [InlineData(OtlpProtocol.Http, "/v1/metrics", "/v1/traces")]
    public async Task Figures_and_traces_arrive(OtlpProtocol protocol, string figures, string traces)
    {
        using Meter meter = new(EngineMeter.Name);
        Counter<long> counter = meter.CreateCounter<long>("streams.test.things");
        string span = $"test {Guid.NewGuid()}";
        using (NodeTelemetry telemetry = await BeginAsync(protocol, TimeSpan.FromMinutes(10), meter))
        {
            counter.Add(7, new KeyValuePair<string, object?>("kind", "device"));
            using ActivitySource source = new(Tracing.Name);
            source.StartActivity(span)!.Dispose();
        }

        Assert.Contains(_taken, taken => taken.Path == figures && taken.Header == "secret" && Holds(taken.Body, "streams.test.things", "device", "node-7", "dijon"));
        Assert.Contains(_taken, taken => taken.Path == traces && taken.Header == "secret" && Holds(taken.Body, span, "node-7", "dijon"));
        Assert.Empty(_lines.Of(2201));
    }

    [Fact]
    public async Task A_collector_that_is_away_is_told_of_once_and_once_when_it_is_back()
    {
        _isAway = true;
        using Meter meter = new(EngineMeter.Name);
        meter.CreateCounter<long>("streams.test.others").Add(1);
        using (await BeginAsync(OtlpProtocol.Grpc, TimeSpan.FromMilliseconds(50), meter))
        {
            await Records.CityRun.Until(() => _taken.Count > 3);
            _isAway = false;
            await Records.CityRun.Until(() => _lines.Of(2202).Count > 0);
        }

        Assert.Contains("does not take figures or traces", Assert.Single(_lines.Of(2201)), StringComparison.Ordinal);
        Assert.Single(_lines.Of(2202));
    }

    public async ValueTask DisposeAsync()
    {
        if (_collector is not null)
        {
            await _collector.DisposeAsync();
        }
    }

    private static bool Holds(string body, params IEnumerable<string> texts) => texts.All(text => body.Contains(text, StringComparison.Ordinal));

    /// <summary>Telemetry of a node, and a collector for it.</summary>
    private async Task<NodeTelemetry> BeginAsync(OtlpProtocol protocol, TimeSpan every, Meter meter)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = protocol == OtlpProtocol.Grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        _collector = builder.Build();
        _collector.MapPost("{**path}", TakeAsync);
        await _collector.StartAsync(TestContext.Current.CancellationToken);
        TelemetrySettings settings = new() { OtlpEndpoint = new Uri(_collector.Urls.Single()), Protocol = protocol, Headers = "authorization=secret", FiguresEvery = every };
        return new NodeTelemetry(settings, new NodeIdentity("dijon", "node-7", "1.2.3", DateTimeOffset.UnixEpoch), _lines, meter);
    }

    private async Task TakeAsync(HttpContext context)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        _taken.Enqueue((context.Request.Path.Value!, context.Request.Headers.Authorization.ToString(), Encoding.UTF8.GetString(body.ToArray())));
        if (context.Request.ContentType == "application/grpc")
        {
            context.Response.ContentType = "application/grpc";
            context.Response.DeclareTrailer("grpc-status");
            if (!_isAway)
            {
                // An empty answer: not compressed, of length 0.
                await context.Response.Body.WriteAsync(new byte[5], context.RequestAborted);
            }

            context.Response.AppendTrailer("grpc-status", _isAway ? "14" : "0");
        }
        else
        {
            context.Response.ContentType = "application/x-protobuf";
        }
    }
}
