using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streams.Domain.Areas;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>Tokens of people and systems: <c>GET</c> and <c>POST /api/v1/tokens</c>, <c>DELETE …/{name}</c>.</summary>
internal static partial class PeopleEndpoints
{
    private const int LongestBody = 4096;

    private const int MostRoles = 20;

    /// <summary>Nobody plans further; a token for good is one without an end.</summary>
    private const int LongestLifeInDays = 3_650;

    private const string NameInWords = "1 to 63 lower-case letters, digits and -_., beginning with a letter or digit; not local, anonymous, node, unknown or streams";

    private const string Form =
        """The body is not of the form {"name":"gateway-7","roles":["gateway"],"area":"dijon/toison-dor","expires":"2027-01-01T00:00:00Z"}; area and expires may be left out.""";

    private static readonly string[] s_members = ["name", "roles", "area", "expires"];

    private static readonly string[] s_notForTokens = [Principal.LocalName, Principal.AnonymousName, Principal.NodeName, "unknown", AuditActor.Cluster.Name];

    private static readonly Parameter<string> Name = Parameter.Id("The token's name.", "gateway-7", name: "name");

    public static IReadOnlyList<Operation> Operations(Policy policy) =>
    [
        new("listTokens", HttpMethods.Get, "/api/v1/tokens", "All tokens by name, those that are over for 90 days more. None is shown itself.", ListAsync)
        {
            Needs = Permission.ManagePeople,
            Replies = [Reply.Page("token", "All of them.")],
        },
        new("addToken", HttpMethods.Post, "/api/v1/tokens", "Makes a token.", (context, _) => AddAsync(context, policy))
        {
            Needs = Permission.ManagePeople,
            Concerns = (context, _) => Task.FromResult(Principal.Of(context).Area),
            Details = "The answer alone has the token: the store keeps its hash. Nobody can give a role, or an area, that reaches further than their own.",
            Takes = [("application/json", Schemas.Ref("token-order"))],
            Replies =
            [
                Reply.Json("new-token", "It holds from now on.", StatusCodes.Status201Created),
                Reply.Problem(StatusCodes.Status409Conflict, "A token of this name holds, or there are as many as may be."),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long."),
            ],
        },
        new("revokeToken", HttpMethods.Delete, "/api/v1/tokens/{name}", "Ends a token, on all nodes within seconds.", RevokeAsync)
        {
            Needs = Permission.ManagePeople,
            Parameters = [Name],
            Replies = [Reply.Empty(StatusCodes.Status204NoContent, "It no longer holds."), Reply.NotFound("There is no such token that has not been revoked.")],
        },
    ];

    private static async Task ListAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        IReadOnlyList<TokenRow> rows = await Task.Run(sources.Store.ReadTokens);
        DateTimeOffset now = sources.Time.GetUtcNow();
        await Paging.WriteAsync(context, rows, (json, row) =>
        {
            json.WriteStartObject();
            WriteMembers(json, row, now);
            json.WriteEndObject();
        });
    }

    private static async Task AddAsync(HttpContext context, Policy policy)
    {
        ApiSources sources = ApiSources.Of(context);
        Principal who = Principal.Of(context);
        if (await OrderBody.ReadAsync(context, LongestBody, s_members, "invalid-token-order", Form) is not { } body)
        {
            return;
        }

        string token = Token.New();
        DateTimeOffset now = sources.Time.GetUtcNow();
        TokenRow row = Read(body, policy, token, who.Name, now);
        if (await body.IsRefusedAsync(context))
        {
            return;
        }

        if (!policy.Covers(who, row.Roles, row.Area))
        {
            await sources.Door.RefuseAsync(
                context, Permission.ManagePeople, $"{who.Name} can't give {string.Join(", ", row.Roles)} on {row.Area ?? "the whole city"}: that reaches further than {string.Join(", ", who.Roles)} on {who.Area ?? "the whole city"}.");
            return;
        }

        AuditDraft deed = AuditTrail.Draft(context, "token.add", "token:" + row.Name)
            .With("roles", string.Join(' ', row.Roles)).With("area", row.Area).With("expires", row.ExpiresAt is { } end ? Answer.Time(end) : null);
        switch (await Task.Run(() => sources.Store.AddToken(row, deed)))
        {
            case TokenChange.NameTaken:
                await Problem.Write(context, StatusCodes.Status409Conflict, "name-taken", $"A token {row.Name} holds. Take another name, or revoke that one first: streams token revoke {row.Name}");
                return;
            case TokenChange.Full:
                await Problem.Write(context, StatusCodes.Status409Conflict, "too-many-tokens", $"There are {IPeopleStore.MostTokens} tokens, as many as may be. Revoke what nobody uses; what is over is forgotten after {IPeopleStore.ForgottenAfter.TotalDays:0} days.");
                return;
        }

        sources.Tokens.Forget();
        sources.Audit.Woken();
        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                WriteMembers(json, row, now);
                json.WriteString("token", token);
                json.WriteEndObject();
            },
            StatusCodes.Status201Created);
    }

    private static async Task RevokeAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        string name = query.Of(Name);
        AuditDraft deed = AuditTrail.Draft(context, "token.revoke", "token:" + name);
        if (await Task.Run(() => sources.Store.RevokeToken(name, sources.Time.GetUtcNow(), deed)) != TokenChange.Done)
        {
            await Problem.NotFound(context, $"There is no token {name} that has not been revoked. Those there are: streams token list");
            return;
        }

        sources.Tokens.Forget();
        sources.Audit.Woken();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    /// <summary>Of no use where the body is refused for it.</summary>
    private static TokenRow Read(OrderBody body, Policy policy, string token, string by, DateTimeOffset now)
    {
        string name = body.Text("name") ?? "";
        body.Require(TokenName().IsMatch(name) && !s_notForTokens.Contains(name), "name", NameInWords);
        ImmutableArray<string> roles = body.List("roles");
        body.Require(roles.Length is > 0 and <= MostRoles && roles.All(policy.Names.Contains), "roles", $"one or more of {string.Join(", ", policy.Names)}");
        string? area = body.Text("area");
        body.Require(area is null || AreaPath.IsValid(Encoding.UTF8.GetBytes(area)), "area", "an area's id such as dijon/toison-dor, or leave it out for the whole city");
        DateTimeOffset? expires = null;
        if (body.Text("expires") is { } until)
        {
            bool isTime = DateTimeOffset.TryParse(until, CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal, out DateTimeOffset end);
            body.Require(isTime && end > now && end <= now.AddDays(LongestLifeInDays), "expires", $"an RFC 3339 time with offset in the next {LongestLifeInDays} days, or leave it out for no end");
            expires = end;
        }

        return new TokenRow(name, Token.HashOf(token), roles, area, now, by, expires);
    }

    private static void WriteMembers(Utf8JsonWriter json, TokenRow row, DateTimeOffset now)
    {
        json.WriteString("name", row.Name);
        json.WriteStartArray("roles");
        foreach (string role in row.Roles)
        {
            json.WriteStringValue(role);
        }

        json.WriteEndArray();
        json.WriteString("area", row.Area);
        json.WriteString("state", row.RevokedAt is not null ? "revoked" : row.HoldsAt(now) ? "holds" : "expired");
        json.WriteString("createdAt", Answer.Time(row.CreatedAt));
        json.WriteString("createdBy", row.CreatedBy);
        WriteTime("expiresAt", row.ExpiresAt);
        WriteTime("lastUsedAt", row.LastUsedAt);
        WriteTime("revokedAt", row.RevokedAt);

        void WriteTime(string member, DateTimeOffset? time) => json.WriteString(member, time is { } some ? Answer.Time(some) : null);
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex TokenName();
}
