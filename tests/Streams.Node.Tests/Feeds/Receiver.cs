using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Node.Feeds.Webhooks;

namespace Streams.Node.Tests.Feeds;

/// <summary>What a webhook brought.</summary>
internal sealed record Brought(string Id, string Body, string ContentType, bool IsGenuine, bool IsTaken)
{
    public string Identifier => JsonDocument.Parse(Body).RootElement.GetProperty("data").GetProperty("identifier").GetString()!;
}

/// <summary>A webhook's endpoint, as the test plays it.</summary>
internal sealed class Receiver : HttpMessageHandler
{
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private readonly Lock _gate = new();
    private readonly List<Brought> _all = [];

    /// <summary>What it answers; by default it takes everything.</summary>
    public Func<string, HttpStatusCode> Answers { get; set; } = static _ => HttpStatusCode.NoContent;

    public IReadOnlyList<Brought> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _all];
            }
        }
    }

    /// <summary>Identifiers of what it took, in order.</summary>
    public string[] Taken => [.. All.Where(each => each.IsTaken).Select(each => each.Identifier)];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        byte[] body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        string id = request.Headers.GetValues("webhook-id").Single();
        long timestamp = long.Parse(request.Headers.GetValues("webhook-timestamp").Single(), System.Globalization.CultureInfo.InvariantCulture);
        string expected = WebhookSender.Sign(WebhookSecrets.BytesOf(Secret)!, id, timestamp, body);
        HttpStatusCode answer = Answers(Encoding.UTF8.GetString(body));
        lock (_gate)
        {
            _all.Add(new Brought(
                id, Encoding.UTF8.GetString(body), request.Content.Headers.ContentType!.ToString(), request.Headers.GetValues("webhook-signature").Single() == expected, (int)answer < 300));
        }

        return new HttpResponseMessage(answer);
    }
}
