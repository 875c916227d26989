using System.Text.Json;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Audit;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/audit?actor=&amp;action=&amp;since=&amp;order=</c>: who did what, newest first unless <c>order=oldest</c>; <c>GET /api/v1/audit/chain</c>: where the chain begins and
/// ends, for who verifies it.
/// </summary>
internal static class AuditEndpoints
{
    private static readonly Parameter<string?> Actor = Parameter.Word("actor", "Only what this one did: a token's name, local, anonymous, unknown or streams.", "gateway-7");
    private static readonly Parameter<string?> Action = Parameter.Word("action", "Only this action.", "device.put");
    private static readonly Parameter<long?> Since = Parameters.Time("since", "Only at or after this time.");
    private static readonly Parameter<string?> Order = Parameter.Choice("order", "Which come first; newest without.", "newest", "oldest");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listAudit", HttpMethods.Get, "/api/v1/audit", "Who did what, and who was refused.", ListAsync)
        {
            Needs = Permission.ReadAudit,
            Details = "Entries are as stored, byte for byte, so that each can be held against its hash.",
            Parameters = [Actor, Action, Since, Order, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("audit-entry", "A page of entries.")],
        },
        new("getAuditChain", HttpMethods.Get, "/api/v1/audit/chain", "Where the audit chain begins and ends.", ChainAsync)
        {
            Needs = Permission.ReadAudit,
            Replies = [Reply.Json("audit-chain", "Its newest entry, and the newest that retention has deleted.")],
        },
    ];

    private static async Task ListAsync(HttpContext context, Query query)
    {
        int limit = query.Of(Parameters.Limit);
        AuditQuery wanted = new(
            query.Of(Actor), query.Of(Action), query.Of(Since), query.Of(Parameters.After)?.At, query.Of(Order) == "oldest", limit + 1);
        IReadOnlyList<AuditEntry> entries = await Task.Run(() => ApiSources.Of(context).Store.ReadAudit(wanted));
        await Paging.WriteAsync(
            context,
            entries.Take(limit).Select(entry => (ReadOnlyMemory<byte>)entry.Body),
            entries.Count > limit ? Parameters.Next(entries[limit - 1].Link.Number, entries[limit - 1].Id) : null);
    }

    private static async Task ChainAsync(HttpContext context, Query query)
    {
        AuditChain chain = await Task.Run(ApiSources.Of(context).Store.ReadAuditChain);
        await Answer.Json(context, json =>
        {
            json.WriteStartObject();
            WriteLink(json, "head", chain.Head);
            WriteLink(json, "anchor", chain.Anchor);
            json.WriteNumber("publishedThrough", chain.PublishedThrough);
            json.WriteEndObject();
        });
    }

    private static void WriteLink(Utf8JsonWriter json, string name, AuditLink link)
    {
        json.WriteStartObject(name);
        json.WriteNumber("number", link.Number);
        json.WriteString("hash", link.Hash);
        json.WriteEndObject();
    }
}
