using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Api.Endpoints;
using Streams.Node.Feeds;
using Streams.Node.Tests.Api;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Feeds;

/// <summary>Alerts as an area says them, and their rows in a store.</summary>
internal static class SaidAlerts
{
    public static readonly DateTimeOffset At = ApiServer.Now.AddHours(-1);

    public static Alert Haze(int number = 1, int revision = 1, AlertState state = AlertState.Active) => new()
    {
        Id = $"dijon.centre.haze.{number:000}",
        Area = "dijon/centre",
        AreaName = "Centre",
        Rule = "haze",
        Sender = "streams@dijon.example",
        SentInMs = At.AddSeconds((number * 10) + revision).ToUnixTimeMilliseconds(),
        MessageType = revision == 1 ? AlertMessageType.Alert : state == AlertState.Active ? AlertMessageType.Update : AlertMessageType.Cancel,
        References = revision == 1 ? [] : [$"streams@dijon.example,dijon.centre.haze.{number:000}.{revision - 1},2026-11-22T09:15:30.000Z"],
        Categories = [AlertCategory.Env],
        Responses = [AlertResponse.Shelter],
        Urgency = AlertUrgency.Immediate,
        Severity = AlertSeverity.Severe,
        Certainty = AlertCertainty.Observed,
        OnsetInMs = At.AddMinutes(-15).ToUnixTimeMilliseconds(),
        ExpiresInMs = At.AddHours(24).ToUnixTimeMilliseconds(),
        Texts = [new AlertText("en", "Haze", $"Centre: haze {number} & <more>", "Since 11:00.", "Stay in."), new AlertText("fr", "Brume", $"Centre : brume {number}", "Depuis 11 h.", "")],

        // Clockwise on a map, and not closed.
        Place = new AreaDescription { Id = "dijon/centre", Polygon = [(47.31, 5.02), (47.33, 5.02), (47.33, 5.05), (47.31, 5.05)], Geocodes = ImmutableDictionary<string, string>.Empty.Add("INSEE", "21231") },
        State = state,
        Revision = revision,
    };

    public static byte[] Json(Alert alert)
    {
        ArrayBufferWriter<byte> body = new();
        AlertJson.Write(body, alert);
        return body.WrittenSpan.ToArray();
    }

    public static async Task<System.Text.Json.JsonElement> GetGeoAsync(this ApiServer api, string path)
    {
        using HttpResponseMessage response = await api.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal("application/geo+json", response.Content.Headers.ContentType?.ToString());
        return System.Text.Json.JsonElement.Parse(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>As an area commits it.</summary>
    public static void Say(this ApiServer api, Alert alert, X509Certificate2? certificate = null)
    {
        CapIssuer issuer = new("Ville de Dijon", certificate, NullLogger.Instance);
        api.Put(
            new Document(AlertEndpoints.Collection, alert.Id, alert.Area, alert.Rule, alert.State.ToString().ToLowerInvariant(), alert.OnsetInMs, Json(alert)),
            new Document(CapIssuer.Collection, alert.Identifier, alert.Area, alert.Status.ToString(), alert.Scope.ToString(), alert.SentInMs, issuer.Issue(alert), IsDone: true));
    }
}
