using System.Buffers;
using System.Text.Json;
using Streams.Domain.Areas;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node.Actors;

/// <summary>What became of somebody's order about an alert or an incident, for who gave it, and for who gives it again under the same key.</summary>
/// <param name="Area">Whose actor obeyed; empty where the order's id is unique by itself.</param>
/// <param name="Subject">The alert or the incident; empty where there is none.</param>
/// <param name="Reason">Empty where it was obeyed; else a stable code.</param>
internal sealed record OrderResult(string Area, string Order, string Subject, string Reason, string Field, string Detail, string Fingerprint, long AtInMs)
{
    public const string Collection = "orders";

    public bool IsRefused => Reason.Length > 0;

    /// <param name="refusal">Why an incident or a desk did not obey; null where it did.</param>
    public static OrderResult Of(string order, string incident, string? refusal, long atInMs) => new("", order, incident, refusal is null ? "" : "refused", "", refusal ?? "", "", atInMs);

    public static OrderResult Of(OrderAnswer answer, string area) => new(
        area, answer.Order.Id, answer.AlertId, answer.Refusal?.Reason ?? "", answer.Refusal?.Field ?? "", answer.Refusal?.Message ?? "", answer.Order.Fingerprint, answer.AtInMs);

    /// <summary>An order's id is its giver's own: two areas may have been given the same.</summary>
    private static string IdOf(string area, string order) => area.Length > 0 ? $"{area} {order}" : order;

    public void Put(CommitDraft draft)
    {
        ArrayBufferWriter<byte> body = new(256);
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("area"u8, Area);
            json.WriteString("order"u8, Order);
            json.WriteString("subject"u8, Subject);
            json.WriteString("reason"u8, Reason);
            json.WriteString("field"u8, Field);
            json.WriteString("detail"u8, Detail);
            json.WriteString("fingerprint"u8, Fingerprint);
            json.WriteEndObject();
        }

        draft.Put(new Document(Collection, IdOf(Area, Order), Area, "", IsRefused ? "refused" : "done", AtInMs, default, IsDone: true), body.WrittenSpan);
    }

    public static OrderResult? Find(IStore store, string area, string order)
    {
        if (store.Get(Collection, IdOf(area, order)) is not { } found)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(found.Body);
        JsonElement root = document.RootElement;
        return new OrderResult(area, order, Text("subject"), Text("reason"), Text("field"), Text("detail"), Text("fingerprint"), found.AtInMs);

        string Text(string member) => root.GetProperty(member).GetString()!;
    }
}
