using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;

namespace Streams.Cli.Server;

/// <summary>Asks a node's HTTP API. Whatever goes wrong becomes a <see cref="CommandFailedException"/> with the right exit status and what to do.</summary>
internal sealed class NodeClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly Uri _server;

    public NodeClient(Uri server, string? token)
    {
        _server = server;
        _http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromSeconds(30) };
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (!string.IsNullOrEmpty(token))
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>The answer to <c>GET</c>.</summary>
    /// <param name="what">Names what is asked for in the message when it is not there, such as "device dijon-air-017".</param>
    public Task<JsonElement> GetAsync(string path, string what, CancellationToken stop) => SendAsync(HttpMethod.Get, path, what, stop);

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, string what, CancellationToken stop)
    {
        try
        {
            using var request = new HttpRequestMessage(method, path);
            using HttpResponseMessage response = await _http.SendAsync(request, stop).ConfigureAwait(false);
            byte[] body = await response.Content.ReadAsByteArrayAsync(stop).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
            {
                return body.Length == 0 && method != HttpMethod.Get ? default : Parse(body);
            }

            throw Refused(response.StatusCode, what, body);
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
            throw new CommandFailedException(ExitStatus.NoServer, $"What answers at {_server} is not a Streams node: its answer is not JSON. Name another with --server.");
        }
    }

    private CommandFailedException Refused(HttpStatusCode status, string what, byte[] body)
    {
        string? detail = Detail(body);
        return status switch
        {
            HttpStatusCode.NotFound => new(ExitStatus.NotFound, $"Not found: {what}." + (detail is null ? "" : $" {detail}")),
            HttpStatusCode.Unauthorized => new(ExitStatus.Denied, $"Denied: {_server} asks for a token. Give one with --token or STREAMS_TOKEN."),
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

    public override string ToString() => _parts.Count == 0 ? path : $"{path}?{string.Join('&', _parts)}";
}
