using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Live;

/// <summary>A state of an alert, as it came by <c>city.alerts</c>.</summary>
internal sealed class AlertEvent
{
    private byte[]? _publicJson;
    private Task<Document?>? _cap;
    private Task<Document?>? _before;

    private AlertEvent()
    {
    }

    /// <summary>Where it lies.</summary>
    public required int Partition { get; init; }

    public required long Offset { get; init; }

    /// <summary>UTF-8.</summary>
    public required ReadOnlyMemory<byte> Json { get; init; }

    /// <summary>The same for those who may not read what is not public.</summary>
    public ReadOnlyMemory<byte> PublicJson => _publicJson ??= PublicAlert.Of(Json).ToArray();

    public required string Id { get; init; }

    public required string Identifier { get; init; }

    public required string Area { get; init; }

    public required string Status { get; init; }

    public required string Scope { get; init; }

    public required AlertSeverity Severity { get; init; }

    public required int Revision { get; init; }

    /// <summary>Unix milliseconds.</summary>
    public required long SentInMs { get; init; }

    /// <summary>Its CAP document, read once for all who want it; null where there is none. It was committed before the event came.</summary>
    /// <exception cref="StoreUnavailableException">The store is away; ask again.</exception>
    public Task<Document?> CapAsync(IStore store) => Once(ref _cap, () => store.Get(CapIssuer.Collection, Identifier));

    /// <summary>The CAP document of the state before; null for the first state, and where there is none.</summary>
    /// <exception cref="StoreUnavailableException">The store is away; ask again.</exception>
    public Task<Document?> BeforeAsync(IStore store) => Once(ref _before, () => Revision <= 1 ? null : store.Get(CapIssuer.Collection, $"{Id}.{Revision - 1}"));

    /// <summary>Null for what is no alert.</summary>
    public static AlertEvent? Read(int partition, long offset, ReadOnlySpan<byte> value)
    {
        try
        {
            byte[] json = value.ToArray();
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement alert = document.RootElement;
            return new AlertEvent
            {
                Partition = partition,
                Offset = offset,
                Json = json,
                Id = alert.GetProperty("id").GetString()!,
                Identifier = alert.GetProperty("identifier").GetString()!,
                Area = alert.GetProperty("area").GetString()!,
                Status = alert.GetProperty("status").GetString()!,
                Scope = alert.GetProperty("scope").GetString()!,
                Severity = Enum.Parse<AlertSeverity>(alert.GetProperty("info")[0].GetProperty("severity").GetString()!),
                Revision = alert.GetProperty("revision").GetInt32(),
                SentInMs = alert.GetProperty("sent").GetDateTimeOffset().ToUnixTimeMilliseconds(),
            };
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException or IndexOutOfRangeException)
        {
            return null;
        }
    }

    private static Task<Document?> Once(ref Task<Document?>? slot, Func<Document?> read)
    {
        Task<Document?>? known = Volatile.Read(ref slot);
        if (known is { IsFaulted: false })
        {
            return known;
        }

        Task<Document?> asked = new(read);
        if (Interlocked.CompareExchange(ref slot, asked, known) == known)
        {
            asked.Start(TaskScheduler.Default);
        }

        return Volatile.Read(ref slot)!;
    }
}
