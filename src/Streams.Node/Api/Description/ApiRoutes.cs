using Microsoft.Extensions.DependencyInjection;
using Streams.Node.Api.Requests;
using Streams.Node.People;

namespace Streams.Node.Api.Description;

/// <summary>
/// Maps operations to routes. Paths whose id may hold slashes share one route for all that begins alike, for there only what comes last can tell
/// <c>…/{id}</c> from <c>…/{id}/aggregates</c>.
/// </summary>
internal static class ApiRoutes
{
    private const string Rest = "rest";

    public static void Map(IEndpointRouteBuilder routes, IEnumerable<Operation> operations)
    {
        foreach (IGrouping<string, Operation> route in operations.GroupBy(PatternOf))
        {
            // The longest tail first: what ends in it is never an id.
            IGrouping<string, Operation>[] paths = [.. route.GroupBy(each => each.Path).OrderByDescending(path => TailOf(path.Key).Length)];
            routes.Map(route.Key, context => DispatchAsync(context, paths)).WithMetadata([.. route]);
        }
    }

    private static string PatternOf(Operation operation) => operation.Parameters.FirstOrDefault(each => each.SpansLevels) is { } spanning
        ? operation.Path[..operation.Path.IndexOf($"{{{spanning.Name}}}", StringComparison.Ordinal)] + $"{{**{Rest}}}"
        : operation.Path;

    private static string TailOf(string path) => path[(path.LastIndexOf('}') + 1)..];

    private static async Task DispatchAsync(HttpContext context, IGrouping<string, Operation>[] paths)
    {
        IGrouping<string, Operation> path = paths[0];
        if (context.Request.RouteValues[Rest] is string rest)
        {
            // Routing decodes everything but an encoded slash, which would be another path.
            rest = rest.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
            path = paths.FirstOrDefault(each => TailOf(each.Key) is var tail && rest.EndsWith(tail, StringComparison.Ordinal) && rest.Length > tail.Length) ?? paths[^1];
            context.Request.RouteValues["id"] = rest[..^TailOf(path.Key).Length];
        }

        // HEAD is GET without the body, which the server leaves out.
        string method = HttpMethods.IsHead(context.Request.Method) ? HttpMethods.Get : context.Request.Method;
        if (path.FirstOrDefault(each => each.Method == method) is not { } operation)
        {
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            context.Response.Headers.Allow = string.Join(", ", path.SelectMany(each => each.Method == HttpMethods.Get ? [HttpMethods.Get, HttpMethods.Head] : new[] { each.Method }));
            return;
        }

        Doorkeeper door = context.RequestServices.GetRequiredService<Doorkeeper>();
        if (await door.AdmitAsync(context, operation) && await Query.ReadAsync(context, operation) is { } query && await door.AdmitToAreaAsync(context, operation, query))
        {
            await operation.Handle(context, query);
        }
    }
}
