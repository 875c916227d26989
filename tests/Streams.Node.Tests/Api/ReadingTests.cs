using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Streams.Domain.Readings;
using Streams.Node.Api;
using Streams.Runtime.Log;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

public sealed class ReadingTests : IAsyncDisposable
{
    private const string Good = """{"deviceId":"d1","time":"2026-11-22T10:15:30.250Z","type":"noise_meter","area":"dijon","metrics":{"laeq_1h":61.5}}""";

    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task One_reading_is_put_into_the_log_as_it_came()
    {
        JsonElement answer = await PostAsync("  " + Good + "\n", status: HttpStatusCode.Accepted);
        Assert.Equal(1, answer.GetProperty("accepted").GetInt32());
        PublishedRecord record = Assert.Single(_api.Node.Published);
        Assert.Equal("city.readings", record.Topic);
        Assert.Equal("d1", Encoding.UTF8.GetString(record.Key.Span));
        Assert.Equal(Good, Encoding.UTF8.GetString(record.Value.Span));
        Assert.Equal([KeyValuePair.Create("content-type", "application/json")], record.Headers);
    }

    [Fact]
    public async Task Of_an_array_the_good_ones_are_taken_and_each_refused_one_has_its_reason()
    {
        string[] readings =
        [
            Good,
            """{"deviceId":"d1","time":"2026-11-22T10:15:30Z"}""",
            """{"deviceId":"d2","time":"yesterday","metrics":{"x":1}}""",
            """{"deviceId":"d3","time":"2026-11-22T10:15:30Z","type":"noise_metre","area":"dijon","metrics":{"laeq_1h":1}}""",
            """{"deviceId":"d4","time":"2026-11-22T10:15:30Z","type":"noise_meter","area":"dijon","metrics":{"laeq":1}}""",
            """{"deviceId":"d5","time":"2026-11-22T10:15:30Z","type":"noise_meter","area":"dijon","metrics":{"laeq_1h":1},"units":{"laeq_1h":"kg"}}""",
            "17",
            """{"deviceId":"d6","time":"2026-11-22T11:15:30Z","metrics":{"laeq_1h":1}}""",
            """{"deviceId":"d7","time":"2026-11-22T10:00:00Z","metrics":{"laeq_1h":1}}""",
        ];
        JsonElement answer = await PostAsync($"[{string.Join(",\n", readings)}]", status: HttpStatusCode.MultiStatus);
        Assert.Equal(2, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(["d1", "d7"], _api.Node.Published.Select(record => Encoding.UTF8.GetString(record.Key.Span)));
        JsonElement[] refused = [.. answer.GetProperty("refused").EnumerateArray()];
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], refused.Select(each => each.GetProperty("index").GetInt32()));
        Assert.Equal(
            [
                RefusalReasons.Missing, RefusalReasons.BadTime, RefusalReasons.UnknownType, RefusalReasons.UnknownMetric, RefusalReasons.UnknownUnit,
                RefusalReasons.WrongType, RefusalReasons.TimeInFuture,
            ],
            refused.Select(each => each.GetProperty("reason").GetString()));
        Assert.Equal("metrics.laeq", refused[3].GetProperty("field").GetString());
        Assert.All(refused, each => Assert.NotEmpty(each.GetProperty("detail").GetString()!));
    }

    [Fact]
    public async Task An_empty_array_is_accepted_and_does_nothing()
    {
        Assert.Equal(0, (await PostAsync("[]", status: HttpStatusCode.Accepted)).GetProperty("accepted").GetInt32());
        Assert.Empty(_api.Node.Published);
    }

    [Fact]
    public async Task Cloud_events_are_taken_one_by_one_and_as_a_batch()
    {
        string cloudEvent = $$"""{"specversion":"1.0","id":"1","source":"/gateway","type":"reading","data":{{Good}}}""";
        await PostAsync(cloudEvent, "application/cloudevents+json", HttpStatusCode.Accepted);
        await PostAsync($"[{cloudEvent},{cloudEvent}]", "application/cloudevents-batch+json; charset=utf-8", HttpStatusCode.Accepted);
        Assert.Equal(3, _api.Node.Published.Count);
        Assert.All(_api.Node.Published, record => Assert.Equal("application/cloudevents+json", record.Headers[0].Value));
        Assert.Equal(cloudEvent, Encoding.UTF8.GetString(_api.Node.Published[2].Value.Span));
    }

    [Fact]
    public async Task A_senml_pack_of_several_devices_becomes_a_reading_for_each()
    {
        const string pack = """[{"bn":"urn:dev:a/","bt":1795342530,"n":"air_temperature","u":"Cel","v":8.5},{"bn":"urn:dev:b/","n":"air_temperature","u":"Cel","v":9}]""";
        JsonElement answer = await PostAsync(pack, "application/senml+json", HttpStatusCode.Accepted);
        Assert.Equal(2, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(["urn:dev:a", "urn:dev:b"], _api.Node.Published.Select(record => Encoding.UTF8.GetString(record.Key.Span)));
        Reading reading = new();
        Assert.All(_api.Node.Published, record => Assert.True(ReadingParser.TryParse(record.Value.Span, Now.ToUnixTimeMilliseconds(), reading, out _)));
        JsonElement refused = await PostAsync("""[{"n":"x","v":"y"}]""", "application/senml+json", HttpStatusCode.MultiStatus);
        Assert.Equal(1, refused.GetProperty("refused").GetArrayLength());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[1,")]
    [InlineData("""{"a":1} x""")]
    [InlineData("not json")]
    public async Task What_is_not_json_is_refused_as_a_whole(string body)
    {
        foreach (string type in new[] { "application/json", "application/senml+json" })
        {
            JsonElement problem = await PostAsync(body, type, HttpStatusCode.BadRequest);
            Assert.Equal("urn:streams:problem:malformed-json", problem.GetProperty("type").GetString());
        }

        Assert.Empty(_api.Node.Published);
    }

    [Theory]
    [InlineData("")]
    [InlineData("text/plain")]
    [InlineData("application/xml")]
    [InlineData("application/json; charset=utf-16")]
    public async Task Another_content_type_is_415_with_those_that_are_taken(string contentType)
    {
        JsonElement problem = await PostAsync(Good, contentType, HttpStatusCode.UnsupportedMediaType);
        Assert.Contains("application/senml+json", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_much_is_413_whether_or_not_the_length_is_said_before()
    {
        await using ApiServer small = new(http => http with { MaxBodyInBytes = 1024 });
        string big = $"[{string.Join(',', Enumerable.Repeat(Good, 20))}]";
        await small.PostAsync("/api/v1/readings", big, "application/json", HttpStatusCode.RequestEntityTooLarge);
        using StreamContent chunked = new(new UnseekableStream(Encoding.UTF8.GetBytes(big)));
        chunked.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using HttpResponseMessage response = await small.Client.PostAsync("/api/v1/readings", chunked, TestContext.Current.CancellationToken);
        await ReadAsync(response, HttpStatusCode.RequestEntityTooLarge);
        await PostAsync($"[{string.Join(',', Enumerable.Repeat("1", 10_001))}]", status: HttpStatusCode.RequestEntityTooLarge);
        Assert.Empty(small.Node.Published);
    }

    [Fact]
    public async Task When_kafka_does_not_have_them_it_is_503_and_to_be_sent_again()
    {
        _api.Node.PublishFails = new LogFailedException("no broker answers");
        JsonElement problem = await PostAsync(Good, status: HttpStatusCode.ServiceUnavailable);
        Assert.Contains("no broker answers", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_takes_too_long_ends_with_503()
    {
        await using ApiServer quick = new(http => http with { RequestTimeout = TimeSpan.FromMilliseconds(250) });
        quick.Node.PublishHangs = true;
        JsonElement problem = await quick.PostAsync("/api/v1/readings", Good, "application/json", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("urn:streams:problem:unavailable", problem.GetProperty("type").GetString());
    }

    private Task<JsonElement> PostAsync(string body, string contentType = "application/json", HttpStatusCode status = HttpStatusCode.Accepted) =>
        _api.PostAsync("/api/v1/readings", body, contentType, status);

    /// <summary>A body whose length nobody knows before its end.</summary>
    private sealed class UnseekableStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }
}
