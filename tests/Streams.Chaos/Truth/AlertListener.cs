using System.Text;
using Streams.Chaos.Cluster;

namespace Streams.Chaos.Truth;

/// <summary>
/// A client of the event stream: it stays with a node until that ends the stream, dies or says nothing for so long that it must be dead, and at times it goes away by itself, as phones do; then
/// it goes on at the next one with the last id it was told.
/// </summary>
internal sealed class AlertListener : IAsyncDisposable
{
    /// <summary>A node says every 15 s that it lives.</summary>
    private static readonly TimeSpan s_silence = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_again = TimeSpan.FromMilliseconds(200);

    /// <summary>Alerts that it hears of a node at most before it goes away by itself.</summary>
    private const int MostAtOnce = 200;

    private readonly IReadOnlyList<ClusterNode> _nodes;
    private readonly Random _random;
    private readonly Action<string> _tell;
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _listening;
    private string? _lastId;

    public AlertListener(IReadOnlyList<ClusterNode> nodes, Random random, Action<string> tell)
    {
        _random = random;
        _nodes = nodes;
        _tell = tell;
        _listening = Task.Run(ListenAsync);
    }

    public AlertEars Ears { get; } = new();

    /// <summary>Times that it went on with an id that it had been told before.</summary>
    public int Moves { get; private set; }

    /// <summary>It knows where it begins: from here on it is to miss nothing.</summary>
    public Task BegunAsync(TimeSpan within) => _begun.Task.WaitAsync(within);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _listening;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task ListenAsync()
    {
        for (int turn = 0; !_stop.IsCancellationRequested; turn++)
        {
            ClusterNode node = _nodes[turn % _nodes.Count];
            string? before = _lastId;
            try
            {
                await FollowAsync(node);
            }
            catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException)
            {
                // It is away, or went away; the next one is there.
            }

            if (_lastId != before || before is null)
            {
                _tell($"the stream's client leaves {node.Life} at {_lastId}, {Ears.Count} heard");
            }

            await Task.Delay(s_again, _stop.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private async Task FollowAsync(ClusterNode node)
    {
        using CancellationTokenSource silent = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        silent.CancelAfter(s_silence);
        using HttpRequestMessage request = new(HttpMethod.Get, new Uri(node.Address, "/feeds/stream"));
        if (_lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", _lastId);
        }

        using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, silent.Token);
        if (!response.IsSuccessStatusCode)
        {
            return;
        }

        Moves += _lastId is null ? 0 : 1;
        using StreamReader lines = new(await response.Content.ReadAsStreamAsync(silent.Token), Encoding.UTF8);
        int most = Ears.Count + _random.Next(MostAtOnce);
        string name = "", id = "";
        StringBuilder data = new();
        while (Ears.Count <= most && await lines.ReadLineAsync(silent.Token) is { } line)
        {
            silent.CancelAfter(s_silence);
            if (line.Length > 0)
            {
                int colon = line.IndexOf(": ", StringComparison.Ordinal);
                string value = colon < 0 ? "" : line[(colon + 2)..];
                _ = line[..Math.Max(colon, 0)] switch
                {
                    "event" => name = value,
                    "id" => id = value,
                    "data" => data.Append(data.Length > 0 ? "\n" : "").Append(value).ToString(),
                    _ => "",
                };
                continue;
            }

            // Only what came whole counts, and its id with it.
            _lastId = id.Length > 0 ? id : _lastId;
            if (name == "alert")
            {
                Ears.Hear(Encoding.UTF8.GetBytes(data.ToString()));
            }
            else if (name == "reset")
            {
                Ears.Wrong.Enqueue($"{node.Life} could not go on at {request.Headers.GetValues("Last-Event-ID").First()}: {data}");
            }

            if (_lastId is not null)
            {
                _begun.TrySetResult();
            }

            (name, id) = ("", "");
            data.Clear();
        }
    }
}
