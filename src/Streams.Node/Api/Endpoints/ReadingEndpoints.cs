using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Node.Api.Description;
using Streams.Node.Api.Intake;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.Telemetry;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>POST /api/v1/readings</c>: one reading or an array. 202 when Kafka has all of them; 207 with a reason for each one refused, the others
/// being in Kafka; 400 when the body is no JSON, 413 and 415 for what is too much or of another type: then nothing was taken.
/// </summary>
internal static class ReadingEndpoints
{
    public static IReadOnlyList<Operation> Operations(ReadingIntake intake) =>
    [
        new("postReadings", HttpMethods.Post, "/api/v1/readings", "Takes one reading or many.", (context, _) => PostAsync(context, intake))
        {
            Needs = Permission.SendReadings,
            Details = "Each reading is checked as far as that can be done without its device, which may still refuse it: then it is a dead letter. Sending again does no harm. "
                + "A CloudEvent may also come in binary mode: its attributes as ce- headers, the reading or SenML pack as the body.",
            Takes =
            [
                ("application/json", OneOrMany("reading")),
                ("application/cloudevents+json", Schemas.Ref("cloud-event")),
                ("application/cloudevents-batch+json", Many("cloud-event")),
                ("application/senml+json", Schemas.Ref("senml-pack")),
            ],
            Replies =
            [
                Reply.Json("reading-receipt", "Kafka has all of them.", StatusCodes.Status202Accepted),
                Reply.Json("reading-receipt", "Some were refused, each with its reason; Kafka has the others.", StatusCodes.Status207MultiStatus),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long, or holds too many readings. Nothing was taken."),
                Reply.Problem(StatusCodes.Status415UnsupportedMediaType, "The content is of another type, or encoded. Nothing was taken."),
            ],
        },
    ];

    private static JsonObject Many(string schema) => new() { ["type"] = "array", ["maxItems"] = ReadingIntake.MostReadings, ["items"] = Schemas.Ref(schema) };

    private static JsonObject OneOrMany(string schema) => new() { ["oneOf"] = new JsonArray(Schemas.Ref(schema), Many(schema)) };

    private static async Task PostAsync(HttpContext context, ReadingIntake intake)
    {
        ApiSources sources = ApiSources.Of(context);
        bool isBinaryEvent = CloudEventHeaders.AreIn(context.Request);
        string? media = isBinaryEvent ? "" : MediaOf(context.Request);
        if (media is null || context.Request.Headers.ContentEncoding.Count > 0)
        {
            await Problem.Write(
                context, StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type",
                $"The content is {context.Request.ContentType ?? "of no stated type"}{(context.Request.Headers.ContentEncoding.Count > 0 ? ", encoded" : "")}; allowed: {string.Join(", ", ReadingIntake.Media)}, in UTF-8, not encoded.");
            return;
        }

        long most = sources.Configuration.Node.Http.MaxBodyInBytes;
        if (await BoundedBody.ReadAsync(context.Request, most, context.RequestAborted) is not { } body)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The body is longer than {most} bytes; send several requests.");
            return;
        }

        using Activity? span = IngestTrace.Begin(context.Request, sources.Configuration.Node.Telemetry.TraceShare);
        TakenReadings taken;
        try
        {
            long nowInMs = sources.Time.GetUtcNow().ToUnixTimeMilliseconds();
            taken = isBinaryEvent ? intake.TakeBinary(body, context.Request.Headers, nowInMs) : intake.Take(body, media, nowInMs);
        }
        catch (JsonException error)
        {
            await Problem.Write(context, StatusCodes.Status400BadRequest, "malformed-json", $"The body is not JSON (line {error.LineNumber + 1}, byte {error.BytePositionInLine + 1}): {error.Message.Split(" LineNumber:")[0]}");
            return;
        }
        catch (TooManyReadingsException error)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"Too many readings; {error.Message}.");
            return;
        }

        if (taken.Records.Count > 0)
        {
            await sources.Node.PublishAsync(IngestTrace.Mark(taken.Records, context.Request, span), context.RequestAborted);
        }

        await Answer.Json(
            context,
            json => WriteResult(json, taken),
            taken.Refused.Count == 0 ? StatusCodes.Status202Accepted : StatusCodes.Status207MultiStatus);
    }

    private static void WriteResult(Utf8JsonWriter json, TakenReadings taken)
    {
        json.WriteStartObject();
        json.WriteNumber("accepted", taken.Records.Count);
        json.WriteStartArray("refused");
        foreach (RefusedReading refused in taken.Refused)
        {
            json.WriteStartObject();
            json.WriteNumber("index", refused.Index);
            json.WriteString("reason", refused.Refusal.Reason);
            json.WriteString("field", refused.Refusal.Field);
            json.WriteString("detail", refused.Refusal.Message);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The media type, or null where the body can't be read as it is.</summary>
    private static string? MediaOf(HttpRequest request)
    {
        string[] parts = (request.ContentType ?? "").ToLowerInvariant().Split(';', StringSplitOptions.TrimEntries);
        bool isUtf8 = parts.Skip(1).All(part => !part.StartsWith("charset=", StringComparison.Ordinal) || part["charset=".Length..].Trim('"') == "utf-8");
        return isUtf8 && ReadingIntake.Media.Contains(parts[0]) ? parts[0] : null;
    }
}
