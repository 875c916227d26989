using System.Buffers;
using System.Text;
using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>PUT</c> and <c>DELETE /api/v1/devices/{id}</c>: a message in the device's inbox, so that it takes effect exactly once and in order with the device's readings,
/// wherever the device lives. The answer waits until the store shows it done, for a while.
/// </summary>
internal static class DeviceOrders
{
    public const string Queued = "Kafka has the order; the device has not yet carried it out. It will.";

    /// <summary>A device obeys within milliseconds while its shard is running. Looked at after 5, 10, 20 ms and so on: 2.5 s in all.</summary>
    private const int Looks = 9;

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);

    public static async Task RegisterAsync(HttpContext context, Query query)
    {
        string id = query.Of(DeviceEndpoints.Id);
        ApiSources sources = ApiSources.Of(context);
        if (await ReadAsync(context, sources, id) is not { } registration
            || !await sources.Door.AdmitToAreaAsync(context, Permission.ManageDevices, registration.Area, Principal.Of(context)))
        {
            return;
        }

        bool isKnown = await Task.Run(() => sources.Store.Get(DeviceEndpoints.Collection, id)) is not null;
        ArrayBufferWriter<byte> body = new(256);
        DeviceOrder.Write(body, registration);
        AuditDraft deed = AuditTrail.Draft(context, "device.put", "device:" + id).With("area", registration.Area).With("type", registration.Type);
        await AuditTrail.DoAsync(context, deed, () => SendAsync(context, sources, id, DeviceOrder.Register.EventType, body.WrittenMemory));
        if (!await IsDoneAsync(context, sources, id, row => row is { } device && IsAsOrdered(device.Body, registration)))
        {
            await WriteReceiptAsync(context, id);
            return;
        }

        context.Response.StatusCode = isKnown ? StatusCodes.Status200OK : StatusCodes.Status201Created;
        if (!isKnown)
        {
            context.Response.Headers.Location = context.Request.Path.ToUriComponent();
        }

        await DeviceEndpoints.OneAsync(context, DeviceEndpoints.Kind, DeviceEndpoints.Collection, id);
    }

    public static async Task RemoveAsync(HttpContext context, Query query)
    {
        string id = query.Of(DeviceEndpoints.Id);
        ApiSources sources = ApiSources.Of(context);
        if (await Task.Run(() => sources.Store.Get(DeviceEndpoints.Collection, id)) is null && await sources.DescribeAsync(DeviceEndpoints.Kind, id, context.RequestAborted) is null)
        {
            await Problem.NotFound(context, $"There is no device {id}.");
            return;
        }

        await AuditTrail.DoAsync(context, AuditTrail.Draft(context, "device.delete", "device:" + id), () => SendAsync(context, sources, id, DeviceOrder.Remove.EventType, default));
        if (await IsDoneAsync(context, sources, id, row => row is null))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await WriteReceiptAsync(context, id);
    }

    /// <summary>Null where something is wrong: then that is answered already.</summary>
    private static async Task<DeviceRegistration?> ReadAsync(HttpContext context, ApiSources sources, string id)
    {
        if (context.Request.Headers.ContentEncoding.Count > 0 || context.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant() != "application/json")
        {
            await Problem.Write(
                context, StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type",
                $"The content is {context.Request.ContentType ?? "of no stated type"}{(context.Request.Headers.ContentEncoding.Count > 0 ? ", encoded" : "")}; allowed: application/json, in UTF-8, not encoded.");
            return null;
        }

        long most = Math.Min(sources.Configuration.Node.Http.MaxBodyInBytes, ReadingLimits.MostBytes);
        if (await BoundedBody.ReadAsync(context.Request, most, context.RequestAborted) is not { } body)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The body is longer than {most} bytes; a registration is a few hundred.");
            return null;
        }

        DeviceRegistration? registration = DeviceOrder.ReadRegistration(body.Span, id, out IReadOnlyList<Refusal> refusals);
        List<Complaint> complaints = [.. refusals.Select(each => new Complaint(each.Field, each.Message))];
        if (!ReadingLimits.IsDeviceId(Encoding.UTF8.GetBytes(id)))
        {
            complaints.Add(new Complaint("id", ReadingLimits.DeviceIdInWords));
        }

        if (registration is not null && sources.Catalog.Find(registration.Type) is null)
        {
            complaints.Add(new Complaint("type", $"There is no device type '{registration.Type}'{Spelling.DidYouMean(registration.Type, sources.Configuration.DeviceTypes.Select(each => each.Name))}; device-types.yaml lists them."));
        }

        if (complaints.Count == 0)
        {
            return registration;
        }

        await Problem.Write(
            context, StatusCodes.Status400BadRequest, "invalid-registration", string.Join(" | ", complaints.Take(20).Select(each => each.Detail)), [.. complaints.Take(20)]);
        return null;
    }

    private static async Task<string?> SendAsync(HttpContext context, ApiSources sources, string id, string eventType, ReadOnlyMemory<byte> body)
    {
        await sources.Node.PublishAsync(
            [
                new PublishedRecord(
                    sources.Configuration.Topics[TopicSettings.Readings].Name, Encoding.UTF8.GetBytes(id), body,
                    [
                        KeyValuePair.Create("ce_specversion", "1.0"),
                        KeyValuePair.Create("ce_id", Guid.CreateVersion7(sources.Time.GetUtcNow()).ToString()),
                        KeyValuePair.Create("ce_source", $"/streams/{Uri.EscapeDataString(sources.Node.Identity.Cluster)}/operators"),
                        KeyValuePair.Create("ce_type", eventType),
                        KeyValuePair.Create("ce_subject", id),
                        KeyValuePair.Create("ce_time", Answer.Time(sources.Time.GetUtcNow())),
                        KeyValuePair.Create("content-type", "application/json"),
                    ]),
            ],
            context.RequestAborted);
        return null;
    }

    private static async Task<bool> IsDoneAsync(HttpContext context, ApiSources sources, string id, Func<Document?, bool> isDone)
    {
        TimeSpan pause = FirstLook;
        for (int look = 0; look < Looks; look++, pause *= 2)
        {
            await Task.Delay(pause, sources.Time, context.RequestAborted);
            if (isDone(await Task.Run(() => sources.Store.Get(DeviceEndpoints.Collection, id))))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAsOrdered(ReadOnlyMemory<byte> row, DeviceRegistration ordered)
    {
        using JsonDocument document = JsonDocument.Parse(row);
        JsonElement device = document.RootElement;
        return device.GetProperty("area").GetString() == ordered.Area
            && device.GetProperty("types").EnumerateArray().Any(each => each.GetString() == ordered.Type)
            && (ordered.Name.Length == 0 || (device.TryGetProperty("name", out JsonElement name) && name.GetString() == ordered.Name))
            && (ordered.Location is not { } place || (device.GetProperty("location") is { ValueKind: JsonValueKind.Object } location
                && location.GetProperty("coordinates")[0].GetDouble() == place.Longitude && location.GetProperty("coordinates")[1].GetDouble() == place.Latitude));
    }

    private static Task WriteReceiptAsync(HttpContext context, string id) => Answer.Json(
        context,
        json =>
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("detail", Queued);
            json.WriteEndObject();
        },
        StatusCodes.Status202Accepted);
}
