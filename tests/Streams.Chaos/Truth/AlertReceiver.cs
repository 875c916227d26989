using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streams.Chaos.Truth;

/// <summary>
/// A webhook's endpoint outside of the cluster. It checks each signature as Standard Webhooks has it, with code of its own, and is no better than others: it fails at times, asks to be
/// called later, does not answer, or takes an alert and dies before it says so.
/// </summary>
internal sealed class AlertReceiver : IAsyncDisposable
{
    /// <summary>As libraries of Standard Webhooks tolerate it.</summary>
    private const long MostSecondsOff = 300;

    private readonly Random _random;
    private readonly WebApplication _http;
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(32);
    private readonly Lock _gate = new();
    private readonly Dictionary<string, UInt128> _ids = new(StringComparer.Ordinal);
    private readonly HashSet<string> _spoilt = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private bool _isSpoilt = true;

    /// <param name="name">Of its webhook.</param>
    public AlertReceiver(string name, Random random)
    {
        Name = name;
        _random = random;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _http = builder.Build();
        _http.MapPost("/alerts", TakeAsync);
    }

    public string Name { get; }

    /// <summary>What it took.</summary>
    public AlertEars Ears { get; } = new();

    /// <summary>Requests that it did not take, or took without saying so.</summary>
    public int Spoilt { get; private set; }

    /// <summary>Nothing of this alert was spoilt: how long it took is the cluster's doing alone.</summary>
    public bool WasGoodTo(string alert)
    {
        lock (_gate)
        {
            return !_spoilt.Contains(alert);
        }
    }

    public string Secret => "whsec_" + Convert.ToBase64String(_key);

    public async Task<Uri> StartAsync()
    {
        await _http.StartAsync();
        return new Uri(_http.Urls.First() + "/alerts");
    }

    /// <summary>From now on everything is taken, and said to be.</summary>
    public void BeGood()
    {
        lock (_gate)
        {
            _isSpoilt = false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _http.DisposeAsync();
        _stop.Dispose();
    }

    private async Task TakeAsync(HttpContext context)
    {
        using MemoryStream read = new();
        try
        {
            await context.Request.Body.CopyToAsync(read, context.RequestAborted);
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException)
        {
            // The sender died in the midst of it.
            return;
        }

        int lot;
        lock (_gate)
        {
            lot = _isSpoilt ? _random.Next(100) : 100;
            if (lot < 25)
            {
                Spoilt++;
                _spoilt.Add(AlertOf(read.ToArray()).GetProperty("id").GetString()!);
            }
        }

        switch (lot)
        {
            case < 12:
                context.Response.StatusCode = StatusCodes.Status500InternalServerError;
                break;
            case < 16:
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = "2";
                break;
            case < 20:
                using (CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stop.Token))
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
                }

                break;
            case < 25:
                Take(context.Request.Headers, read.ToArray());
                context.Abort();
                break;
            default:
                Take(context.Request.Headers, read.ToArray());
                context.Response.StatusCode = StatusCodes.Status204NoContent;
                break;
        }
    }

    private void Take(IHeaderDictionary headers, byte[] body)
    {
        string id = headers["webhook-id"].ToString(), timestamp = headers["webhook-timestamp"].ToString();
        string signature = "v1," + Convert.ToBase64String(HMACSHA256.HashData(_key, (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body]));
        if (headers["webhook-signature"].ToString() != signature)
        {
            Ears.Wrong.Enqueue($"{id} is not signed by the webhook's secret");
            return;
        }

        if (!long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out long sent) || Math.Abs(DateTimeOffset.UtcNow.ToUnixTimeSeconds() - sent) > MostSecondsOff)
        {
            Ears.Wrong.Enqueue($"{id} is dated {timestamp}");
            return;
        }

        byte[] alert = Encoding.UTF8.GetBytes(AlertOf(body).GetRawText());
        UInt128 print = Checks.Publications.Print([], alert);
        lock (_gate)
        {
            if (!_ids.TryAdd(id, print) && _ids[id] != print)
            {
                Ears.Wrong.Enqueue($"{id} was brought twice and is not the same");
            }
        }

        Ears.Hear(alert);
    }

    private static JsonElement AlertOf(byte[] body) => JsonElement.Parse(body).GetProperty("data");
}
