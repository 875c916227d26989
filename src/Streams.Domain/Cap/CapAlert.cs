using Streams.Domain.Alerts;

namespace Streams.Domain.Cap;

/// <summary>
/// A CAP 1.2 alert message with every element of the standard (OASIS Standard, 1 July 2010, section 3.2.1), in its order. Two are equal when
/// they say the same. A null is an element that is not there; an empty string is one that is there and empty.
/// </summary>
public sealed record CapAlert
{
    /// <summary>Names this message among all of the sender's. Without white space, commas, &lt; and &amp;.</summary>
    public required string Identifier { get; init; }

    /// <summary>Names the originator worldwide, such as <c>alerts@city.example</c>. Without white space, commas, &lt; and &amp;.</summary>
    public required string Sender { get; init; }

    /// <summary>To the second; the offset is kept. UTC is written as <c>-00:00</c>.</summary>
    public required DateTimeOffset Sent { get; init; }

    public AlertStatus Status { get; init; }

    public CapMessageType MessageType { get; init; }

    public string? Source { get; init; }

    public AlertScope Scope { get; init; }

    /// <summary>To whom a <see cref="AlertScope.Restricted"/> message is limited; required for it.</summary>
    public string? Restriction { get; init; }

    /// <summary>To whom a <see cref="AlertScope.Private"/> message goes; required for it. One with white space is written in quotes.</summary>
    public CapList<string> Addresses { get; init; }

    public CapList<string> Codes { get; init; }

    /// <summary>Purpose of the message; wanted for an exercise and for an error.</summary>
    public string? Note { get; init; }

    /// <summary>Earlier messages; required unless this is a <see cref="CapMessageType.Alert"/>.</summary>
    public CapList<CapReference> References { get; init; }

    /// <summary>One with white space is written in quotes.</summary>
    public CapList<string> Incidents { get; init; }

    /// <summary>One for each language, or for each phase of the event.</summary>
    public CapList<CapInfo> Infos { get; init; }
}

/// <summary>An earlier message, as <c>sender,identifier,sent</c>.</summary>
public readonly record struct CapReference(string Sender, string Identifier, DateTimeOffset Sent)
{
    public override string ToString() => $"{Sender},{Identifier},{CapText.Time(Sent)}";
}

/// <summary>What a message is for. Streams says the first three; the others come from other systems.</summary>
public enum CapMessageType : byte
{
    Alert = 0,
    Update = 1,
    Cancel = 2,

    /// <summary>The referenced messages were received and accepted.</summary>
    Ack = 3,

    /// <summary>The referenced messages were refused; the note says why.</summary>
    Error = 4,
}
