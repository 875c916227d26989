using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;
using Streams.Node.Tests.Api.Description;
using Streams.Node.Tests.Configuration;
using Streams.Node.Tests.Records;
using Streams.Runtime.Log;
using Streams.Tests;

namespace Streams.Node.Tests.Orders;

/// <summary>A whole node with broker and store, in a city where nothing happens but what a test does.</summary>
public class QuietNode : IAsyncLifetime
{
    private readonly string _folder = TemporaryFolder.Create("streams-quiet-node-");
    private NodeHost? _node;

    internal NodeHost Node => _node!;

    /// <summary>Holds every answer against the API's description.</summary>
    internal HttpClient Client { get; private set; } = null!;

    internal ClusterConfiguration Configuration { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        ClusterConfiguration shipped = ConfigurationFolder.AsShipped;

        // What may wait half a minute in a city that speaks all the time would be waited for here.
        PaceSettings pace = shipped.Node.Pace with { MaxDirtyAge = TimeSpan.FromSeconds(1) };
        Configuration = Configure(shipped with { Node = shipped.Node with { Http = shipped.Node.Http with { Port = 0 }, Pace = pace } });
        _node = await NodeHost.StartAsync(new NodeStart(Configuration, _folder, Embedded: true), NullLoggerFactory.Instance);
        using HttpClient plain = new() { BaseAddress = _node.Address };
        DescribedApi described = new(await plain.GetByteArrayAsync("/openapi/v1.json"));
        Client = new HttpClient(new DescribedAnswers(() => described, new SocketsHttpHandler())) { BaseAddress = _node.Address };
        await CityRun.Until(() => Task.FromResult(_node.View.Shards().Count > 0 && _node.View.Shards().All(shard => shard.Lag == 0)));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _node!.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>What is to be another way than in the shipped configuration.</summary>
    internal virtual ClusterConfiguration Configure(ClusterConfiguration shipped) => shipped;

    /// <summary>Tells an actor what only actors tell each other.</summary>
    internal void Tell(string topicId, string actor, IncidentMessage message)
    {
        string topic = Configuration.Topics[topicId].Name;
        using ILogWriter writer = Node.Log.CreateWriter("told-by-test", lingerInMs: 0);
        Tell(writer, topic, actor, message);
        Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
    }

    internal void Tell(ILogWriter writer, string topic, string actor, IncidentMessage message)
    {
        ArrayBufferWriter<byte> value = new();
        message.Write(value);
        byte[] key = Encoding.UTF8.GetBytes(actor);
        ArrayBufferWriter<byte> headers = new();
        HeaderBlock.Begin(headers, 1);
        HeaderBlock.Add(headers, "content-type"u8, "application/x-streams-incident"u8);
        writer.Send(
            new OutgoingRecord { Topic = topic, Partition = Partitioner.PartitionOf(key, Node.Log.PartitionsOf(topic)), Key = key, Value = value.WrittenSpan, Headers = headers.WrittenSpan },
            new Delivery());
    }

    /// <param name="headers">Name, value, name, value.</param>
    internal async Task<(int Status, JsonElement Body, Uri? Location)> SendAsync(HttpMethod method, string path, string? body = null, string media = "application/json", params string[] headers)
    {
        using HttpRequestMessage request = new(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new(media);
        }

        for (int i = 0; i < headers.Length; i += 2)
        {
            request.Headers.TryAddWithoutValidation(headers[i], headers[i + 1]);
        }

        using HttpResponseMessage response = await Client.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        bool isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return ((int)response.StatusCode, isJson ? JsonDocument.Parse(text).RootElement : default, response.Headers.Location);
    }

    internal async Task<JsonElement> GetAsync(string path)
    {
        (int status, JsonElement body, _) = await SendAsync(HttpMethod.Get, path);
        Assert.True(status == 200, $"{path}: {status} {body}");
        return body;
    }

    private sealed class Delivery : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
