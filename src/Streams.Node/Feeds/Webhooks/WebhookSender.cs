using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Node.Feeds.Live;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>What came of bringing an alert somewhere.</summary>
/// <param name="Failure">Null where it was taken.</param>
/// <param name="IsFinal">The endpoint is gone for good, by its own word.</param>
/// <param name="After">It asks not to be called again before.</param>
internal readonly record struct WebhookAnswer(string? Failure, bool IsFinal = false, TimeSpan? After = null)
{
    public bool IsTaken => Failure is null;
}

/// <summary>
/// Sends an alert as Standard Webhooks has it: <c>webhook-id</c> the same for each attempt and from each node, <c>webhook-timestamp</c>, and <c>webhook-signature</c>, HMAC-SHA256 over
/// both and the body. Redirects are not followed and proxies not asked.
/// </summary>
internal sealed class WebhookSender : IDisposable
{
    private readonly HttpClient _client;
    private readonly WebhookSettings _settings;
    private readonly IStore _store;
    private readonly TimeProvider _time;

    /// <param name="handler">Null for the network.</param>
    public WebhookSender(WebhookSettings settings, IStore store, TimeProvider time, HttpMessageHandler? handler = null)
    {
        _settings = settings;
        _store = store;
        _time = time;
        _client = new HttpClient(handler ?? Handler(settings)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Without a full stop, which parts what is signed.</summary>
    public static string IdOf(string identifier) => "msg_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identifier)).AsSpan(0, 16));

    public static string Sign(byte[] secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        byte[] head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}."));
        return "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, (byte[])[.. head, .. body]));
    }

    /// <summary>One attempt.</summary>
    /// <exception cref="StoreUnavailableException">The CAP document can not be had at present; nothing was sent.</exception>
    public async Task<WebhookAnswer> SendAsync(Webhook webhook, byte[] secret, AlertEvent alert, CancellationToken stop)
    {
        byte[]? body = webhook.Format == WebhookFormat.Json ? Envelope(alert, webhook.Restricted ? alert.Json : alert.PublicJson) : (await alert.CapAsync(_store))?.Body.ToArray();
        if (body is null)
        {
            return new WebhookAnswer("the alert has no CAP document", IsFinal: true);
        }

        string id = IdOf(alert.Identifier);
        long timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        using HttpRequestMessage request = new(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(webhook.Format == WebhookFormat.Json ? "application/json" : Api.Endpoints.FeedEndpoints.CapContentType);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Streams", RunningNode.ProgramVersion));
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", Sign(secret, id, timestamp, body));
        using CancellationTokenSource limit = new(_settings.Timeout, _time);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        try
        {
            // The body of the answer is nobody's concern, so it is not waited for.
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, end.Token);
            return response.IsSuccessStatusCode ? default
                : new WebhookAnswer($"it answered {(int)response.StatusCode}", response.StatusCode == HttpStatusCode.Gone, After(response.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return new WebhookAnswer(string.Create(CultureInfo.InvariantCulture, $"it did not answer within {_settings.Timeout.TotalSeconds} s"));
        }
        catch (HttpRequestException failure)
        {
            return new WebhookAnswer(failure.InnerException is { } inner ? $"{failure.Message} {inner.Message}" : failure.Message);
        }
    }

    private static SocketsHttpHandler Handler(WebhookSettings settings)
    {
        SocketsHttpHandler handler = new()
        {
            AllowAutoRedirect = false,
            UseProxy = false,
            UseCookies = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            MaxResponseHeadersLength = 16,
            MaxConnectionsPerServer = 32,
        };
        if (!settings.AllowPrivate)
        {
            handler.ConnectCallback = PublicAddresses.ConnectAsync;
        }

        return handler;
    }

    private static byte[] Envelope(AlertEvent alert, ReadOnlyMemory<byte> data)
    {
        ArrayBufferWriter<byte> body = new(data.Length + 128);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            json.WriteStartObject();
            json.WriteString("type", "streams.alert");
            json.WriteString("timestamp", Answer.Time(alert.SentInMs));
            json.WritePropertyName("data");
            json.WriteRawValue(data.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }

    private TimeSpan? After(RetryConditionHeaderValue? after) => after switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date - _time.GetUtcNow(),
        _ => null,
    };
}
