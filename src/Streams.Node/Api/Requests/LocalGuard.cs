using System.Net;
using Microsoft.Extensions.Primitives;
using Streams.Node.Configuration;

namespace Streams.Node.Api.Requests;

/// <summary>
/// While a node serves its own machine only, whoever is on that machine is the operator. A web page opened there must not become one too:
/// requests from other origins, and requests under a foreign host name (DNS rebinding), are refused. A request with a token acts by that, which no page has of
/// itself; with <c>http.allowAnonymous</c> a gateway in front decides, and host names are its affair.
/// </summary>
internal static class LocalGuard
{
    public static Task Check(HttpContext context, HttpSettings http, Func<Task> next)
    {
        HttpRequest request = context.Request;
        if (!http.AllowAnonymous && IsLocal(http.Address) && request.Headers.Authorization.Count == 0 && !IsLocal(request.Host.Host))
        {
            return Problem.Write(
                context, StatusCodes.Status403Forbidden, "foreign-host",
                $"This node serves its own machine; it was asked for as {request.Host.Host}. Use localhost or 127.0.0.1.");
        }

        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && IsForeign(request))
        {
            return Problem.Write(
                context, StatusCodes.Status403Forbidden, "foreign-origin",
                "A page of another origin may not act here.");
        }

        return next();
    }

    internal static bool IsLocal(string host) =>
        host is "localhost" || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static bool IsForeign(HttpRequest request)
    {
        StringValues site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0)
        {
            return site != "same-origin" && site != "none";
        }

        // Browsers name the origin of every request that changes something; other clients name none.
        StringValues origin = request.Headers.Origin;
        return origin.Count > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri) && uri.Authority == request.Host.Value);
    }
}
