using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Server;

/// <summary>Asks a node's HTTP API. Whatever goes wrong becomes a <see cref="CommandFailedException"/> with the right exit status and what to do.</summary>
internal sealed class NodeClient : IDisposable
{
    /// <summary>Items that a node gives at once.</summary>
    private const int LargestPage = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly Uri _server;
    private readonly bool _hasToken;

    /// <param name="patience">Longest wait for an answer; default 30 s.</param>
    public NodeClient(Uri server, string? token, TimeSpan? patience = null)
    {
        _server = server;
        _http = new HttpClient { BaseAddress = server, Timeout = patience ?? Patience };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (!string.IsNullOrEmpty(token))
        {
            _hasToken = true;
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>The answer to <c>GET</c>.</summary>
    /// <param name="what">Names what is asked for in the message when it is not there, such as "device dijon-air-017".</param>
    public Task<JsonElement> GetAsync(string path, string what, CancellationToken stop) => SendAsync(HttpMethod.Get, path, what, stop);

    /// <summary>A list from its first page on, until it ends or <paramref name="most"/> items are there: <c>{"items": [...], "next": ...}</c> as if it were one page.</summary>
    public async Task<JsonElement> GetAllAsync(Query query, string what, int most, CancellationToken stop, string? after = null)
    {
        var items = new List<JsonElement>();
        string? next = after;
        do
        {
            string limit = Math.Min(LargestPage, most - items.Count).ToString(CultureInfo.InvariantCulture);
            JsonElement page = await GetAsync(query.And("limit", limit).And("after", next).ToString(), what, stop).ConfigureAwait(false);
            items.AddRange(page.List("items"));
            next = page.At("next") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        while (next is not null && items.Count < most);
        return JsonSerializer.SerializeToElement(new { items, next });
    }

    /// <param name="body">Sent as JSON; null for none.</param>
    public Task<JsonElement> SendAsync(HttpMethod method, string path, string what, CancellationToken stop, JsonElement? body = null) =>
        SendAsync(method, path, what, body is { } json ? new StringContent(json.GetRawText(), Encoding.UTF8, "application/json") : null, stop);

    /// <param name="document">Sent as it is.</param>
    public Task<JsonElement> PostAsync(string path, string what, byte[] document, string media, CancellationToken stop)
    {
        var content = new ByteArrayContent(document);
        content.Headers.ContentType = new MediaTypeHeaderValue(media);
        return SendAsync(HttpMethod.Post, path, what, content, stop);
    }

    private async Task<JsonElement> SendAsync(HttpMethod method, string path, string what, HttpContent? content, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path) { Content = content };
            using HttpResponseMessage response = await _http.SendAsync(request, stop).ConfigureAwait(false);
            byte[] answer = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return answer.Length == 0 && method != HttpMethod.Get ? default : Parse(answer);
            }

            throw Refused(response, what, answer);
        }
        catch (HttpRequestException failure)
        {
            string why = failure.InnerException is SocketException socket ? socket.Message : failure.Message;
            throw new CommandFailedException(ExitStatus.NoServer, $"No Streams node answers at {_server} ({why}). Start one with 'streams up', or name another with --server.");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitStatus.NoServer, $"The node at {_server} did not answer within {_http.Timeout.TotalSeconds:0} s.");
        }
    }

    private JsonElement Parse(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw IsNoNode();
        }
    }

    private CommandFailedException IsNoNode() =>
        new(ExitStatus.NoServer, $"What answers at {_server} is not a Streams node: its answer is not JSON. Name another with --server.");

    private CommandFailedException Refused(HttpResponseMessage response, string what, byte[] body)
    {
        HttpStatusCode status = response.StatusCode;
        if (status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed && response.Content.Headers.ContentType?.MediaType?.Contains("json", StringComparison.Ordinal) != true)
        {
            return IsNoNode();
        }

        string? detail = Detail(body);
        return status switch
        {
            HttpStatusCode.NotFound => new(ExitStatus.NotFound, $"Not found: {what}." + (detail is null ? "" : $" {detail}")),
            HttpStatusCode.Unauthorized => new(ExitStatus.Denied, $"Denied: {_server} {(_hasToken ? "does not know the token, or it no longer holds. Give another" : "asks for a token. Give one")} with --token or STREAMS_TOKEN."),
            HttpStatusCode.Forbidden => new(ExitStatus.Denied, $"Denied: {detail ?? "this token's roles do not allow it."}"),
            HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity => new(ExitStatus.Usage, detail ?? $"The node refused the request ({(int)status})."),
            _ => new(ExitStatus.Failed, $"The node could not answer ({(int)status}): {detail ?? status.ToString()}"),
        };
    }

    /// <summary>What a problem document (RFC 9457) says; null when the body is none.</summary>
    private static string? Detail(byte[] body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            string? Text(string name) => document.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
            return Text("detail") ?? Text("title");
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();
}

/// <summary>A path with a query, every part escaped.</summary>
internal sealed class Query(string path)
{
    private readonly List<string> _parts = [];

    private Query(Query from, string path)
        : this(path) => _parts.AddRange(from._parts);

    /// <summary>An id as one path segment; slashes in area ids are kept, as the API's paths have them.</summary>
    public static string Id(string id) => string.Join('/', id.Split('/').Select(Uri.EscapeDataString));

    public Query With(string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            _parts.Add($"{name}={Uri.EscapeDataString(value)}");
        }

        return this;
    }

    /// <summary>Another query with one part more.</summary>
    public Query And(string name, string? value) => new Query(this, path).With(name, value);

    public override string ToString() => _parts.Count == 0 ? path : $"{path}?{string.Join('&', _parts)}";
}
