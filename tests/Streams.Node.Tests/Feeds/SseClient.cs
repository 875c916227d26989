using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Node.Tests.Api;

namespace Streams.Node.Tests.Feeds;

/// <summary>An event as a browser dispatches it. Empty name and data where only an id came, or a comment.</summary>
internal sealed record SseEvent(string Name, string Data, string? Id, bool IsComment = false)
{
    /// <summary>CAP's identifier, of an alert in JSON.</summary>
    public string Identifier => JsonDocument.Parse(Data).RootElement.GetProperty("identifier").GetString()!;
}

/// <summary>Server-sent events as the standard has them read (WHATWG HTML, 9.2.6).</summary>
internal sealed class SseClient : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _client;
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _lines;

    private SseClient(HttpClient client, HttpResponseMessage response, Stream body)
    {
        _client = client;
        _response = response;
        _lines = new StreamReader(body, Encoding.UTF8);
    }

    /// <summary>To come back with.</summary>
    public string LastId { get; private set; } = "";

    public int? RetryInMs { get; private set; }

    public static Task<SseClient> OpenAsync(ApiServer api, string query = "", string? lastId = null) => OpenAsync(api.Streaming, query, lastId);

    public static async Task<SseClient> OpenAsync(HttpClient client, string query = "", string? lastId = null)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, "/feeds/stream" + query);
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == HttpStatusCode.OK, response.StatusCode == HttpStatusCode.OK ? "" : await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
        SseClient opened = new(client, response, await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        opened.LastId = lastId ?? "";
        return opened;
    }

    /// <summary>The next event that is shown to whoever listens; null at the stream's end.</summary>
    public async Task<SseEvent?> NextAsync()
    {
        SseEvent? next;
        do
        {
            next = await NextBlockAsync();
        }
        while (next is { Name: "", Data: "" });
        return next;
    }

    /// <summary>Reads on until it knows an id, as every stream says one at its beginning.</summary>
    public async Task<SseClient> BegunAsync()
    {
        string before = LastId;
        do
        {
            Assert.NotNull(await NextBlockAsync());
        }
        while (LastId.Length == 0 && before.Length == 0);
        return this;
    }

    public async Task<string[]> IdentifiersAsync(int count)
    {
        string[] found = new string[count];
        for (int i = 0; i < count; i++)
        {
            SseEvent next = (await NextAsync())!;
            Assert.Equal("alert", next.Name);
            found[i] = next.Identifier;
        }

        return found;
    }

    public async Task<SseEvent?> NextBlockAsync()
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(s_patience);
        string name = "";
        StringBuilder? data = null;
        string? id = null;
        bool isComment = false;
        while (await _lines.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.Length == 0)
            {
                if (name.Length > 0 || data is not null || id is not null || isComment)
                {
                    LastId = id ?? LastId;
                    return new SseEvent(name, data?.ToString() ?? "", id, isComment);
                }

                continue;
            }

            string[] parts = line.Split(": ", 2);
            switch (parts[0])
            {
                case "event": name = parts[1]; break;
                case "data": data = data is null ? new StringBuilder(parts[1]) : data.Append('\n').Append(parts[1]); break;
                case "id": id = parts[1]; break;
                case "retry": RetryInMs = int.Parse(parts[1], System.Globalization.CultureInfo.InvariantCulture); break;
                default: isComment = line[0] == ':' ? true : throw new InvalidDataException(line); break;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _response.Dispose();
        _client.Dispose();
    }
}
