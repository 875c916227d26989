using Streams.Node.Api.Requests;

namespace Streams.Node.Api.Description;

/// <summary>An answer that stays the same while the node runs: made once, and known by its ETag to whoever has it already.</summary>
internal sealed class StaticDocument(byte[] body, string contentType)
{
    private readonly string _tag = EntityTag.Of(body);

    public ReadOnlyMemory<byte> Body => body;

    public static readonly Reply Unchanged = Reply.Empty(StatusCodes.Status304NotModified, "It is what If-None-Match says.");

    public async Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = _tag;

        // To be kept, and asked for again each time: a node may be started anew with another configuration.
        response.Headers.CacheControl = "no-cache";
        if (EntityTag.IsKnown(context.Request, _tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
