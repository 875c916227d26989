using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Net.Http.Headers;
using Streams.Node.Api;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.People;

/// <summary>Lets a request in, or answers 401 or 403 and has that noted.</summary>
/// <param name="tokens">Null where there is no store to know any: then only this machine comes in.</param>
/// <param name="nodeSecret">By which other nodes are known; null for none.</param>
/// <param name="denials">Null where nothing can be noted.</param>
internal sealed class Doorkeeper(HttpSettings http, Policy policy, TokenBook? tokens, Func<string>? nodeSecret, Denials? denials)
{
    private const string Scheme = "Bearer ";

    /// <summary>The same for none, an unknown, an expired and a revoked one: it tells nobody how near they are.</summary>
    private const string Challenge = "Bearer realm=\"streams\"";

    /// <summary>What a proxy adds: with one of these a request was passed on, and comes from somewhere else than its connection.</summary>
    private static readonly string[] s_passedOn = ["Forwarded", "X-Forwarded-For", "X-Real-IP", HeaderNames.Via];

    public Policy Policy => policy;

    /// <summary>False where it is answered already.</summary>
    public async Task<bool> AdmitAsync(HttpContext context, Operation operation)
    {
        if (operation.Needs is not { } needs)
        {
            return true;
        }

        if (await IdentifyAsync(context) is not { } who)
        {
            await AskForTokenAsync(context);
            return false;
        }

        context.Items[typeof(Principal)] = who;
        if (policy.May(who, needs))
        {
            return true;
        }

        string may = string.Join(", ", policy.RolesThatMay(needs));
        await RefuseAsync(context, needs, $"{who.Name} ({string.Join(", ", who.Roles)}) may not. Roles that may: {(may.Length > 0 ? may : "none in roles.yaml")}.");
        return false;
    }

    /// <summary>Where everybody is let in: who it is nevertheless, for those who may see more. False where a token was shown that does not hold: that is answered already.</summary>
    public async Task<bool> GreetAsync(HttpContext context)
    {
        Principal? who = await IdentifyAsync(context);
        if (who is null && context.Request.Headers.Authorization.Count > 0)
        {
            await AskForTokenAsync(context);
            return false;
        }

        context.Items[typeof(Principal)] = who;
        return true;
    }

    /// <summary>For those who are bound to an area, once it is known what the request is about. False where it is answered already.</summary>
    public async Task<bool> AdmitToAreaAsync(HttpContext context, Operation operation, Query query)
    {
        if (operation.Needs is not { } needs || Principal.Of(context) is not { Area: not null } who)
        {
            return true;
        }

        return await AdmitToAreaAsync(context, needs, operation.Concerns is { } concerns ? await concerns(context, query) : null, who);
    }

    /// <summary>The same, where only the body says the area.</summary>
    public async Task<bool> AdmitToAreaAsync(HttpContext context, Permission needs, string? area, Principal who)
    {
        if (policy.May(who, needs, area))
        {
            return true;
        }

        await RefuseAsync(context, needs, $"{who.Name} may act on {who.Area} and below only, and this is about {area ?? "the whole city, or says no area"}.");
        return false;
    }

    /// <summary>403, noted.</summary>
    public async Task RefuseAsync(HttpContext context, Permission needs, string detail)
    {
        string name = Policy.NameOf(needs);
        await DenyAsync(context, Principal.Of(context), $"needs {name}");
        await Problem.Write(context, StatusCodes.Status403Forbidden, "forbidden", $"This needs {name}. {detail}");
    }

    private async Task AskForTokenAsync(HttpContext context)
    {
        await DenyAsync(context, null, "no token that holds");
        context.Response.Headers.WWWAuthenticate = Challenge;
        await Problem.Write(
            context, StatusCodes.Status401Unauthorized, "unauthenticated",
            "This needs a token that holds: Authorization: Bearer streams_... One is made with: streams token add NAME --role ROLE, on a node's own machine or by whoever may manage_people.");
    }

    private async Task DenyAsync(HttpContext context, Principal? who, string reason)
    {
        if (denials is not null)
        {
            await denials.NoteAsync(who, AddressOf(context), $"{context.Request.Method} {context.Request.Path}", reason);
        }
    }

    private async Task<Principal?> IdentifyAsync(HttpContext context)
    {
        string address = AddressOf(context);
        string given = context.Request.Headers.Authorization.ToString();
        if (given.Length > 0)
        {
            return given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? await ByTokenAsync(given[Scheme.Length..].Trim(), address, context.RequestAborted) : null;
        }

        return IsThisMachine(context) ? Principal.Local(address)
            : http.AllowAnonymous ? Principal.Anonymous(address)
            : null;
    }

    private async Task<Principal?> ByTokenAsync(string given, string address, CancellationToken stop)
    {
        if (nodeSecret is not null && IsSame(given, Credential(nodeSecret())))
        {
            return Principal.Node(address);
        }

        return tokens is not null && Token.HasForm(given) && await tokens.FindAsync(given, stop) is { } row
            ? new Principal(row.Name, row.Roles, PrincipalSource.Token, row.Area, address)
            : null;
    }

    /// <summary>What a node shows of the installation's secret.</summary>
    public static string Credential(string secret) => "streams_node_" + secret;

    private static bool IsSame(string given, string expected) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(expected));

    /// <summary>From this machine, by its own name, and not passed on by a proxy.</summary>
    private bool IsThisMachine(HttpContext context) =>
        http.TrustThisMachine && context.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote.IsIPv4MappedToIPv6 ? remote.MapToIPv4() : remote)
        && LocalGuard.IsLocal(context.Request.Host.Host) && !s_passedOn.Any(context.Request.Headers.ContainsKey);

    private static string AddressOf(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } address ? (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString() : "";
}
