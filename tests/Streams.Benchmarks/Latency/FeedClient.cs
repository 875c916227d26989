using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Xml.Linq;

namespace Streams.Benchmarks.Latency;

/// <summary>
/// Emergency management's own client: listens to the event stream for signed CAP, and fetches each document from the feed when it hears of it. Notes when it had the signed
/// document by either way.
/// </summary>
internal sealed class FeedClient : IDisposable
{
    private static readonly XNamespace Cap = "urn:oasis:names:tc:emergency:cap:1.2";
    private static readonly XNamespace Signature = "http://www.w3.org/2000/09/xmldsig#";

    private readonly ConcurrentDictionary<string, long> _streamed = new();
    private readonly ConcurrentDictionary<string, long> _fetched = new();
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _listening;
    private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Returns when the stream is open.</summary>
    public FeedClient(Uri node)
    {
        _client = new HttpClient { BaseAddress = node, Timeout = Timeout.InfiniteTimeSpan };
        _listening = Task.Run(ListenAsync);
        if (!_open.Task.Wait(TimeSpan.FromSeconds(30)))
        {
            throw new InvalidOperationException("The event stream did not open within 30 s.");
        }
    }

    /// <summary>Documents that were not what they should be.</summary>
    public int Bad { get; private set; }

    public long? StreamedOf(Crossing crossing) => _streamed.TryGetValue(crossing.Area, out long at) ? at : null;

    public long? FetchedOf(Crossing crossing) => _fetched.TryGetValue(crossing.Area, out long at) ? at : null;

    public void Dispose()
    {
        _stop.Cancel();
        try
        {
            _listening.Wait();
        }
        catch (AggregateException e) when (e.InnerException is OperationCanceledException)
        {
            // That was the end.
        }

        _client.Dispose();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        using HttpResponseMessage response = await _client.GetAsync("/feeds/stream?format=cap", HttpCompletionOption.ResponseHeadersRead, _stop.Token);
        response.EnsureSuccessStatusCode();
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(_stop.Token), Encoding.UTF8);
        _open.SetResult();
        StringBuilder data = new();
        while (await lines.ReadLineAsync(_stop.Token) is { } line)
        {
            if (line.StartsWith("data:", StringComparison.Ordinal))
            {
                data.Append(line.AsSpan(line.StartsWith("data: ", StringComparison.Ordinal) ? 6 : 5)).Append('\n');
            }
            else if (line.Length == 0 && data.Length > 0)
            {
                long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                Note(data.ToString(), now);
                data.Clear();
            }
        }
    }

    private void Note(string document, long now)
    {
        XElement alert = XDocument.Parse(document).Root!;
        string? area = alert.Descendants(Cap + "geocode").FirstOrDefault(code => (string?)code.Element(Cap + "valueName") == "streams-area")?.Element(Cap + "value")?.Value;
        if (area is null || alert.Element(Signature + "Signature") is null)
        {
            Bad++;
            return;
        }

        if (_streamed.TryAdd(area, now))
        {
            string identifier = alert.Element(Cap + "identifier")!.Value;
            _ = Task.Run(() => FetchAsync(area, identifier));
        }
    }

    private async Task FetchAsync(string area, string identifier)
    {
        using HttpResponseMessage response = await _client.GetAsync($"/feeds/cap/{Uri.EscapeDataString(identifier)}.xml", _stop.Token);
        byte[] body = await response.Content.ReadAsByteArrayAsync(_stop.Token);
        if (response.StatusCode == HttpStatusCode.OK && body.Length > 0)
        {
            _fetched.TryAdd(area, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
        }
    }
}
