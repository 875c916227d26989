using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Cap;

/// <summary>What has become of another agency's message. Stored by number: never renumber.</summary>
public enum AgencyState : byte
{
    Standing = 0,

    /// <summary>A later message says it anew.</summary>
    Superseded = 1,
    Cancelled = 2,
    Expired = 3,

    /// <summary>It never stood: a cancellation, an acknowledgement, an error.</summary>
    Noted = 4,
}

/// <summary>Another agency's message, as its actor keeps it. The document itself is stored beside it, byte for byte.</summary>
public sealed record AgencyMessage
{
    private const int LongestText = 300;

    /// <summary>Made of sender, identifier and sent, which name a message in CAP; the same wherever it is heard.</summary>
    public required string Id { get; init; }

    /// <summary>As CAP writes it: <c>sender,identifier,sent</c>.</summary>
    public required string Reference { get; init; }

    public AlertStatus Status { get; init; }

    public CapMessageType MessageType { get; init; }

    public AgencyState State { get; init; }

    /// <summary>The first message of those that say each other anew: what an incident takes for one alert.</summary>
    public required string Story { get; init; }

    /// <summary>Of the story, from 1.</summary>
    public int Revision { get; init; }

    public ImmutableArray<string> References { get; init; } = [];

    /// <summary>Those of them that this actor has not heard, or has forgotten.</summary>
    public ImmutableArray<string> Unknown { get; init; } = [];

    public string Event { get; init; } = "";

    public string Headline { get; init; } = "";

    public AlertSeverity Severity { get; init; }

    public required long SentInMs { get; init; }

    public required long OnsetInMs { get; init; }

    public required long ExpiresInMs { get; init; }

    public required long ReceivedInMs { get; init; }

    /// <summary>The smallest areas that it is about, one in each city; empty: it is about somewhere else.</summary>
    public ImmutableArray<string> Areas { get; init; } = [];

    /// <summary>The playbook that its event asks for; empty for none.</summary>
    public string Hazard { get; init; } = "";

    /// <summary><c>none</c> or <c>good</c>.</summary>
    public string Signature { get; init; } = "none";

    public bool Stands => State == AgencyState.Standing;

    /// <summary>The id that a message has, heard or not.</summary>
    public static string IdOf(CapAlert alert) => IdOf(new CapReference(alert.Sender, alert.Identifier, alert.Sent));

    public static string IdOf(CapReference reference)
    {
        // One moment may be written with any offset.
        string name = string.Create(CultureInfo.InvariantCulture, $"{reference.Sender},{reference.Identifier},{reference.Sent.ToUnixTimeMilliseconds()}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)).AsSpan(0, 16));
    }

    /// <summary>As the API shows it, and as it is stored.</summary>
    public void Write(Utf8JsonWriter json, string sender)
    {
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("sender", sender);
        json.WriteString("reference", Reference);
        json.WriteString("status", Status.ToString());
        json.WriteString("msgType", MessageType.ToString());
        json.WriteString("state", State.ToString().ToLowerInvariant());
        json.WriteString("event", Event);
        json.WriteString("headline", Headline);
        json.WriteString("severity", Severity.ToString());
        json.WriteString("sent", AlertJson.Time(SentInMs));
        json.WriteString("onset", AlertJson.Time(OnsetInMs));
        json.WriteString("expires", AlertJson.Time(ExpiresInMs));
        json.WriteString("received", AlertJson.Time(ReceivedInMs));
        WriteList(json, "references", References);
        WriteList(json, "unknownReferences", Unknown);
        WriteList(json, "areas", Areas);
        json.WriteString("hazard", Hazard.Length > 0 ? Hazard : null);
        json.WriteString("signature", Signature);
        json.WriteString("story", Story);
        json.WriteNumber("revision", Revision);
        json.WriteEndObject();
    }

    internal static string Cut(string? text) => text is null ? "" : text.Length <= LongestText ? text : text[..(LongestText - 1)] + "…";

    internal void Save(SnapshotWriter writer)
    {
        writer.Text(Id);
        writer.Text(Reference);
        writer.Byte((byte)Status);
        writer.Byte((byte)MessageType);
        writer.Byte((byte)State);
        writer.Text(Story);
        writer.Unsigned((ulong)Revision);
        SaveList(writer, References);
        SaveList(writer, Unknown);
        writer.Text(Event);
        writer.Text(Headline);
        writer.Byte((byte)Severity);
        writer.Signed(SentInMs);
        writer.Signed(OnsetInMs);
        writer.Signed(ExpiresInMs);
        writer.Signed(ReceivedInMs);
        SaveList(writer, Areas);
        writer.Text(Hazard);
        writer.Text(Signature);
    }

    internal static AgencyMessage Restore(ref SnapshotReader reader) => new()
    {
        Id = reader.Text(),
        Reference = reader.Text(),
        Status = (AlertStatus)reader.Byte(),
        MessageType = (CapMessageType)reader.Byte(),
        State = (AgencyState)reader.Byte(),
        Story = reader.Text(),
        Revision = reader.Count(int.MaxValue),
        References = ReadList(ref reader),
        Unknown = ReadList(ref reader),
        Event = reader.Text(),
        Headline = reader.Text(),
        Severity = (AlertSeverity)reader.Byte(),
        SentInMs = reader.Signed(),
        OnsetInMs = reader.Signed(),
        ExpiresInMs = reader.Signed(),
        ReceivedInMs = reader.Signed(),
        Areas = ReadList(ref reader),
        Hazard = reader.Text(),
        Signature = reader.Text(),
    };

    private static void SaveList(SnapshotWriter writer, ImmutableArray<string> list)
    {
        writer.Unsigned((ulong)list.Length);
        foreach (string text in list)
        {
            writer.Text(text);
        }
    }

    private static ImmutableArray<string> ReadList(ref SnapshotReader reader)
    {
        int count = reader.Count(1 << 16);
        var list = ImmutableArray.CreateBuilder<string>();
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            list.Add(reader.Text());
        }

        return list.ToImmutable();
    }

    private static void WriteList(Utf8JsonWriter json, string name, ImmutableArray<string> list)
    {
        json.WriteStartArray(name);
        foreach (string text in list)
        {
            json.WriteStringValue(text);
        }

        json.WriteEndArray();
    }
}
