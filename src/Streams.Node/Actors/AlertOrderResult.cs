using System.Buffers;
using System.Text.Json;
using Streams.Domain.Areas;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node.Actors;

/// <summary>What became of an order about an alert, for who gave it, and for who gives it again under the same key.</summary>
/// <param name="Alert">Empty where none was issued.</param>
/// <param name="Reason">Empty where it was obeyed; else a stable code.</param>
internal sealed record AlertOrderResult(string Area, string Order, string Alert, string Reason, string Field, string Detail, string Fingerprint, long AtInMs)
{
    public static AlertOrderResult Of(OrderAnswer answer, string area) => new(
        area, answer.Order.Id, answer.AlertId, answer.Refusal?.Reason ?? "", answer.Refusal?.Field ?? "", answer.Refusal?.Message ?? "", answer.Order.Fingerprint, answer.AtInMs);

    /// <summary>An order's id is its giver's own: two areas may have been given the same.</summary>
    public static string IdOf(string area, string order) => $"{area} {order}";

    public void Put(CommitDraft draft)
    {
        ArrayBufferWriter<byte> body = new(256);
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("area"u8, Area);
            json.WriteString("order"u8, Order);
            json.WriteString("alert"u8, Alert);
            json.WriteString("reason"u8, Reason);
            json.WriteString("field"u8, Field);
            json.WriteString("detail"u8, Detail);
            json.WriteString("fingerprint"u8, Fingerprint);
            json.WriteEndObject();
        }

        draft.Put(new Document(OrderResult.Collection, IdOf(Area, Order), Area, "", Reason.Length == 0 ? "done" : "refused", AtInMs, default, IsDone: true), body.WrittenSpan);
    }

    public static AlertOrderResult? Find(IStore store, string area, string order)
    {
        if (store.Get(OrderResult.Collection, IdOf(area, order)) is not { } found)
        {
            return null;
        }

        using JsonDocument document = JsonDocument.Parse(found.Body);
        JsonElement root = document.RootElement;
        return new AlertOrderResult(area, order, Text("alert"), Text("reason"), Text("field"), Text("detail"), Text("fingerprint"), found.AtInMs);

        string Text(string member) => root.GetProperty(member).GetString()!;
    }
}
