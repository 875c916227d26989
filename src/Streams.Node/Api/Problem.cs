using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Streams.Node.Api;

/// <summary>What one part of a request has wrong.</summary>
/// <param name="At">A query parameter or a member of the body.</param>
internal sealed record Complaint(string At, string Detail);

/// <summary>Errors as RFC 9457 has them: <c>application/problem+json</c> with type, title, status, detail, and what exactly was wrong where.</summary>
internal static class Problem
{
    public const string ContentType = "application/problem+json";

    /// <param name="kind">The stable last part of the problem's type: <c>urn:streams:problem:KIND</c>.</param>
    public static Task Write(HttpContext context, int status, string kind, string detail, IReadOnlyList<Complaint>? complaints = null)
    {
        context.Response.StatusCode = status;
        return Answer.WriteBody(context, ContentType, json => Write(json, status, kind, detail, context.Request.Path.Value, complaints ?? []));
    }

    public static Task NotFound(HttpContext context, string what) => Write(context, StatusCodes.Status404NotFound, "not-found", what);

    /// <summary>Statuses that are set without a body: an unknown path, a method the path does not have, and the like.</summary>
    public static Task Explain(HttpContext context)
    {
        int status = context.Response.StatusCode;
        (string kind, string detail) = status switch
        {
            404 => ("not-found", $"Nothing is at {context.Request.Path}. What there is stands in /openapi/v1.json."),
            405 => ("method-not-allowed", $"{context.Request.Method} is not possible here; allowed: {context.Response.Headers.Allow}."),
            _ => Words(status, ""),
        };
        return Write(context, status, kind, detail);
    }

    /// <summary>The body of what the server refuses by itself.</summary>
    /// <param name="reason">The server's own word; may be empty.</param>
    public static byte[] OfServer(int status, string reason)
    {
        (string kind, string detail) = Words(status, reason);
        ArrayBufferWriter<byte> body = new(512);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            Write(json, status, kind, detail, null, []);
        }

        return body.WrittenSpan.ToArray();
    }

    private static (string Kind, string Detail) Words(int status, string reason) => status switch
    {
        400 => ("bad-request", $"The request is not HTTP/1.1 as RFC 9112 has it{(reason.Length > 0 ? ": " + reason : "")}. Mend its first line, its Host or its headers."),
        408 => ("request-timeout", "The request did not come in time. Send it again."),
        413 => ("too-large", "The request's body is too large. Send several requests."),
        414 => ("uri-too-long", $"The request's first line is longer than {NodeHttp.MostInLine} bytes. Shorten the path or the parameters."),
        415 => ("unsupported-media-type", "The content type is not one this path takes."),
        431 => ("headers-too-large", $"The request has more than {NodeHttp.MostHeaders} headers, or they are together longer than {NodeHttp.MostInHeaders} bytes. Send fewer."),
        503 => ("unavailable", "The request took too long or the node is not able to answer now. Try again."),
        505 => ("version-not-supported", "The node speaks HTTP/1.1."),
        _ => ("http", $"{ReasonPhrases.GetReasonPhrase(status)}{(reason.Length > 0 ? ": " + reason : "")}."),
    };

    private static void Write(Utf8JsonWriter json, int status, string kind, string detail, string? instance, IReadOnlyList<Complaint> complaints)
    {
        json.WriteStartObject();
        json.WriteString("type", "urn:streams:problem:" + kind);
        json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
        json.WriteNumber("status", status);
        json.WriteString("detail", detail);
        if (instance is not null)
        {
            json.WriteString("instance", instance);
        }

        if (complaints.Count > 0)
        {
            json.WriteStartArray("errors");
            foreach (Complaint complaint in complaints)
            {
                json.WriteStartObject();
                json.WriteString("at", complaint.At);
                json.WriteString("detail", complaint.Detail);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}
