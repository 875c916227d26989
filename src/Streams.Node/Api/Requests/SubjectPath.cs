namespace Streams.Node.Api.Requests;

/// <summary>
/// What follows <c>/devices/</c> or <c>/areas/</c>: an id, which may hold slashes (plain, or as <c>%2F</c>), and maybe <c>/aggregates</c>.
/// </summary>
internal readonly record struct SubjectPath(string Id, bool Aggregates)
{
    private const string Tail = "/aggregates";

    public static SubjectPath Of(HttpContext context)
    {
        // Routing decodes everything but an encoded slash, which would be another path.
        string path = ((string)context.Request.RouteValues["path"]!).Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        return path.Length > Tail.Length && path.EndsWith(Tail, StringComparison.Ordinal)
            ? new SubjectPath(path[..^Tail.Length], true)
            : new SubjectPath(path, false);
    }
}
