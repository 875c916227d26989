using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using Streams.Node.Telemetry;
using Streams.Node.Tests.Records;
using Streams.Runtime.Telemetry;

namespace Streams.Node.Tests.Telemetry;

/// <summary>One reading followed through a whole node: HTTP, Kafka, device, store, Kafka, area, store, Kafka.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly CityRun _city;
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public TraceTests(CityRun city)
    {
        _city = city;
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Tracing.Name or IngestTrace.Name,
            Sample = static (ref ActivityCreationOptions<ActivityContext> options) =>
                options.Parent == default || options.Parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_reading_is_one_trace_from_the_request_to_the_alert()
    {
        await _city.Lived;
        await PostAsync("fire/1", "normal", 0, traceParent: null);
        ActivityTraceId trace = ActivityTraceId.CreateRandom();

        await PostAsync("fire/1", "alarm", 1, $"00-{trace}-00f067aa0ba902b7-01");
        await CityRun.Until(() => Task.FromResult(Of(trace).Any(span => span.DisplayName == "publish city.alerts")));

        Activity ingest = One(trace, "POST /api/v1/readings");
        Activity device = One(trace, "apply city.readings");
        Activity area = One(trace, "apply city.observations", span => (string?)span.GetTagItem("streams.actor.key") == "demo-traced/centre" && (string?)span.GetTagItem("streams.outcome") == "Decided");
        Assert.Equal("00f067aa0ba902b7", ingest.ParentSpanId.ToString());
        Assert.Equal(ingest.SpanId, device.ParentSpanId);
        Assert.Equal(device.SpanId, area.ParentSpanId);
        Assert.Equal(device.SpanId, One(trace, "publish city.anomalies").ParentSpanId);
        Assert.Equal(area.SpanId, One(trace, "publish city.alerts").ParentSpanId);
        Assert.Contains(Of(trace), span => span.DisplayName == "commit" && span.ParentSpanId == device.SpanId);
        Assert.Contains(Of(trace), span => span.DisplayName == "commit" && span.ParentSpanId == area.SpanId);
        Assert.Equal("fire/1", device.GetTagItem("streams.actor.key"));
        Assert.Equal("Decided", device.GetTagItem("streams.outcome"));
        Assert.NotNull(device.GetTagItem("messaging.kafka.offset"));
        Assert.All(Of(trace), span => Assert.True(span.Duration >= TimeSpan.Zero && span.Duration < TimeSpan.FromMinutes(1), $"{span.DisplayName}: {span.Duration}"));
    }

    [Fact]
    public async Task What_the_caller_does_not_want_traced_leaves_no_span_and_no_alert_is_missing()
    {
        await _city.Lived;
        ActivityTraceId trace = ActivityTraceId.CreateRandom();

        await PostAsync("fire/2", "alarm", 0, $"00-{trace}-00f067aa0ba902b7-00");
        await CityRun.Until(async () => (await _city.Client.GetStringAsync("/api/v1/alerts?area=demo-traced/sud&state=active")).Contains("building-fire", StringComparison.Ordinal));

        Assert.Empty(Of(trace));
    }

    private IReadOnlyList<Activity> Of(ActivityTraceId trace) => [.. _spans.Where(span => span.TraceId == trace)];

    private Activity One(ActivityTraceId trace, string name, Func<Activity, bool>? which = null) =>
        Assert.Single(Of(trace), span => span.DisplayName == name && which?.Invoke(span) is not false);

    private async Task PostAsync(string device, string alarm, int second, string? traceParent)
    {
        string time = TimeProvider.System.GetUtcNow().AddSeconds(second - 5).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string area = device == "fire/1" ? "demo-traced/centre" : "demo-traced/sud";
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/readings")
        {
            Content = new StringContent(
                $$$"""{"deviceId":"{{{device}}}","time":"{{{time}}}","type":"building","area":"{{{area}}}","metrics":{"fire_alarm":"{{{alarm}}}"}}""", Encoding.UTF8, "application/json"),
        };
        if (traceParent is not null)
        {
            request.Headers.Add("traceparent", traceParent);
        }

        using HttpResponseMessage response = await _city.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }
}
