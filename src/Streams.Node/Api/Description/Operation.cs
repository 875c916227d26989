using System.Text.Json.Nodes;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;

namespace Streams.Node.Api.Description;

/// <summary>
/// One thing the API does: where it is, what it takes, what it answers, and the method that does it. Routes, the reading of parameters and the OpenAPI
/// document are all made of this, so a new path is one of these in its endpoints' <c>Operations</c>.
/// </summary>
/// <param name="Id">camelCase, unique.</param>
/// <param name="Path">As OpenAPI has it: <c>/api/v1/devices/{id}</c>.</param>
/// <param name="Summary">A short sentence.</param>
/// <param name="Handle">Called when every parameter is good.</param>
internal sealed record Operation(string Id, string Method, string Path, string Summary, Func<HttpContext, Query, Task> Handle)
{
    /// <summary>What somebody must be allowed to do; null where everybody may, which has to be said too.</summary>
    public required Permission? Needs { get; init; }

    /// <summary>
    /// The area the request is about, for those who are bound to one; null for the whole city. Where this is null itself, it is about the whole city.
    /// </summary>
    public Func<HttpContext, Query, Task<string?>>? Concerns { get; init; }

    /// <summary>What the summary leaves open; Markdown.</summary>
    public string Details { get; init; } = "";

    public IReadOnlyList<Parameter> Parameters { get; init; } = [];

    /// <summary>Bodies it takes: media type and schema.</summary>
    public IReadOnlyList<(string Media, JsonObject Schema)> Takes { get; init; } = [];

    /// <summary>It does without a body too.</summary>
    public bool TakesNothingToo { get; init; }

    /// <summary>It reads the header <c>Idempotency-Key</c>: the same request under the same key is done once.</summary>
    public bool TakesKey { get; init; }

    /// <summary>What it answers, beside what every operation may: see <see cref="Reply.OfAll"/>.</summary>
    public required IReadOnlyList<Reply> Replies { get; init; }

    /// <summary>The subject it belongs to, such as <c>devices</c>.</summary>
    public string Tag => Path.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["api", "v1", { } subject, ..] ? subject : Path.Split('/')[1].Split('.')[0];

    public bool IsInPath(Parameter parameter) => Path.Contains($"{{{parameter.Name}}}", StringComparison.Ordinal);
}

/// <summary>An answer an operation may give.</summary>
/// <param name="Schema">Null where there is no body or it is no JSON.</param>
/// <param name="Media">Empty where there is no body.</param>
internal sealed record Reply(int Status, string Says, JsonObject? Schema, string Media)
{
    /// <summary>Every operation may answer these.</summary>
    public static readonly IReadOnlyList<Reply> OfAll =
    [
        Problem(StatusCodes.Status400BadRequest, "Something in the request is wrong; nothing was done. All of it is named at once."),
        Problem(StatusCodes.Status401Unauthorized, "No token, or one that is unknown, expired or revoked."),
        Problem(StatusCodes.Status403Forbidden, "The token's roles do not allow it, or not there; the detail names what it needs and who may. Or asked by a page of another origin, or under a foreign name."),
        Problem(StatusCodes.Status500InternalServerError, "Something broke in the node; its log says what. Try again."),
        Problem(StatusCodes.Status503ServiceUnavailable, "The store or Kafka is away, or the answer took too long. Try again after Retry-After."),
    ];

    public static Reply Json(string schema, string says, int status = StatusCodes.Status200OK) => new(status, says, Schemas.Ref(schema), "application/json");

    /// <summary>A page of a list.</summary>
    public static Reply Page(string schema, string says) => new(StatusCodes.Status200OK, says, Schemas.PageOf(schema), "application/json");

    public static Reply Problem(int status, string says) => new(status, says, Schemas.Ref("problem"), Api.Problem.ContentType);

    public static Reply NotFound(string says) => Problem(StatusCodes.Status404NotFound, says);

    public static Reply Empty(int status, string says) => new(status, says, null, "");
}
