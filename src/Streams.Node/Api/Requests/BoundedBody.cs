namespace Streams.Node.Api.Requests;

/// <summary>Reads a request's body into memory, up to a bound.</summary>
internal static class BoundedBody
{
    /// <summary>Null where it is longer than <paramref name="most"/> bytes.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, long most, CancellationToken stop)
    {
        if (request.ContentLength > most)
        {
            return null;
        }

        using MemoryStream body = new((int)(request.ContentLength ?? 4096));
        byte[] piece = new byte[16 * 1024];
        int read;
        while ((read = await request.Body.ReadAsync(piece, stop)) > 0)
        {
            if (body.Length + read > most)
            {
                return null;
            }

            body.Write(piece, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }
}
