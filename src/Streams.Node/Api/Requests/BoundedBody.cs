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
        while ((read = await ReadSomeAsync(request, piece, stop)) > 0)
        {
            if (body.Length + read > most)
            {
                return null;
            }

            body.Write(piece, 0, read);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <summary>Kestrel tells of a chunk's size that no number can hold as if the connection had failed.</summary>
    private static async ValueTask<int> ReadSomeAsync(HttpRequest request, byte[] piece, CancellationToken stop)
    {
        try
        {
            return await request.Body.ReadAsync(piece, stop);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            throw new BadHttpRequestException($"The body can't be read: {e.Message}", e);
        }
    }
}
