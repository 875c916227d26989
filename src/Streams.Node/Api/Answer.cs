using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Streams.Node.Api;

/// <summary>Bodies of answers. They are built in memory first, so that an error on the way still becomes a problem and not half an answer.</summary>
internal static class Answer
{
    /// <summary>Only what JSON itself requires is escaped: answers are never put into HTML, and names of places stay readable.</summary>
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The same for what is made as a tree.</summary>
    public static readonly JsonSerializerOptions SerializerOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Task Json(HttpContext context, Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        return WriteBody(context, "application/json", write);
    }

    /// <summary>A body that is JSON already.</summary>
    public static async Task Json(HttpContext context, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>An object with a last member <c>live</c>: whether it is the actor's as it is now, or as it was last written.</summary>
    public static ReadOnlyMemory<byte> Saying(ReadOnlyMemory<byte> body, bool isLive) =>
        (byte[])[.. body.Span[..body.Span.LastIndexOf((byte)'}')], .. isLive ? ",\"live\":true}"u8 : ",\"live\":false}"u8];

    public static async Task WriteBody(HttpContext context, string contentType, Action<Utf8JsonWriter> write)
    {
        ArrayBufferWriter<byte> body = new(4096);
        using (Utf8JsonWriter json = new(body, Options))
        {
            write(json);
        }

        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.WrittenCount;
        context.Response.Headers.CacheControl = "no-store";
        await context.Response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    /// <summary>RFC 3339, UTC, milliseconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    public static string Time(long unixMs) => Time(DateTimeOffset.FromUnixTimeMilliseconds(unixMs));
}
