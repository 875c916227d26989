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
        return Answer.WriteBody(context, ContentType, json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "urn:streams:problem:" + kind);
            json.WriteString("title", ReasonPhrases.GetReasonPhrase(status));
            json.WriteNumber("status", status);
            json.WriteString("detail", detail);
            json.WriteString("instance", context.Request.Path.Value);
            if (complaints is { Count: > 0 })
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
        });
    }

    public static Task NotFound(HttpContext context, string what) => Write(context, StatusCodes.Status404NotFound, "not-found", what);

    /// <summary>Statuses that the framework sets without a body: an unknown path, a method the path does not have, and the like.</summary>
    public static Task Explain(HttpContext context)
    {
        int status = context.Response.StatusCode;
        (string kind, string detail) = status switch
        {
            404 => ("not-found", $"Nothing is at {context.Request.Path}."),
            405 => ("method-not-allowed", $"{context.Request.Method} is not possible here; allowed: {context.Response.Headers.Allow}."),
            408 => ("request-timeout", "The request's body did not come in time."),
            413 => ("too-large", "The request's body is too large."),
            415 => ("unsupported-media-type", "The content type is not one this path takes."),
            503 => ("unavailable", "The request took too long or the node is not able to answer now. Try again."),
            _ => ("http", ReasonPhrases.GetReasonPhrase(status)),
        };
        return Write(context, status, kind, detail);
    }
}
