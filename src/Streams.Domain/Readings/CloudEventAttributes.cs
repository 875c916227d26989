using System.Buffers;
using System.Text;

namespace Streams.Domain.Readings;

/// <summary>
/// The context attributes of a CloudEvent, taken one by one from headers or from members of its JSON; <c>default</c> for none. Each is checked against CloudEvents
/// 1.0 as it is taken, extensions too: an event that breaks the standard is refused for that, whatever it carries.
/// </summary>
public ref struct CloudEventAttributes
{
    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789"u8);

    /// <summary>RFC 9110's token.</summary>
    private static readonly SearchValues<byte> TokenBytes = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    /// <summary>Everything that RFC 3986 lets stand in an address.</summary>
    private static readonly SearchValues<byte> UriBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~:/?#[]@!$&'()*+,;=%"u8);

    private static readonly SearchValues<byte> SchemeBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-."u8);

    private readonly string? _prefix;

    /// <param name="prefix">What stands before an attribute's name where it came from: <c>ce_</c>, <c>ce-</c> or nothing.</param>
    public CloudEventAttributes(string prefix) => _prefix = prefix;

    public ReadOnlySpan<byte> SpecVersion { get; private set; }

    public ReadOnlySpan<byte> Id { get; private set; }

    public ReadOnlySpan<byte> Source { get; private set; }

    public ReadOnlySpan<byte> Type { get; private set; }

    /// <summary>Stands for a missing <c>deviceId</c>.</summary>
    public ReadOnlySpan<byte> Subject { get; private set; }

    /// <summary>Stands for a missing <c>time</c>.</summary>
    public ReadOnlySpan<byte> Time { get; private set; }

    /// <summary>The data's media type: plain JSON or SenML. Empty for JSON.</summary>
    public ReadOnlySpan<byte> ContentType { get; private set; }

    /// <summary>The first thing that makes the event invalid; null while there is none.</summary>
    public Refusal? Fault { get; private set; }

    private readonly string Prefix => _prefix ?? "ce_";

    /// <summary>Takes an attribute: valid UTF-8, without the prefix.</summary>
    public void Take(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        string? wrong = WrongName(name) ?? WrongText(value) ?? Set(name, value);
        if (wrong is not null)
        {
            Refuse(Encoding.UTF8.GetString(name), wrong);
        }
    }

    /// <summary>Takes the data's media type from a header of its own.</summary>
    public void TakeContentType(ReadOnlySpan<byte> value)
    {
        ContentType = value;
        if (!IsMediaType(value))
        {
            Fault ??= new Refusal(RefusalReasons.InvalidCloudEvent, "content-type", $"A CloudEvent's content-type is a media type such as application/json; this one is '{Shown(value)}'.");
        }
    }

    /// <summary>Takes an attribute that has no value that an attribute can have.</summary>
    public void Refuse(string name, string wrong) =>
        Fault ??= new Refusal(RefusalReasons.InvalidCloudEvent, Prefix + (name.Length > 60 ? name[..60] + "…" : name), $"The CloudEvent's '{(name.Length > 60 ? name[..60] + "…" : name)}' {wrong}.");

    /// <summary>Null where it is a valid event; call when all attributes were taken.</summary>
    internal readonly Refusal? Check()
    {
        if (Fault is not null)
        {
            return Fault;
        }

        string? missing = SpecVersion.IsEmpty ? "specversion" : Id.IsEmpty ? "id" : Source.IsEmpty ? "source" : Type.IsEmpty ? "type" : null;
        return missing is null
            ? null
            : new Refusal(RefusalReasons.InvalidCloudEvent, Prefix + missing, $"A CloudEvent needs a non-empty '{missing}'.");
    }

    /// <summary>What is wrong with an attribute's name; null where nothing is. JSON, whose members are named alike, asks it before it looks at the value.</summary>
    internal static string? WrongName(ReadOnlySpan<byte> name) =>
        name.IsEmpty || name.ContainsAnyExcept(NameBytes) ? "is no attribute's name: lower-case ASCII letters and digits" : null;

    private string? Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("specversion"u8))
        {
            SpecVersion = value;
            return value.SequenceEqual("1.0"u8) ? null : "is not 1.0, the version that is taken";
        }

        if (name.SequenceEqual("id"u8))
        {
            Id = value;
            return value.IsEmpty ? "is empty" : null;
        }

        if (name.SequenceEqual("source"u8))
        {
            Source = value;
            return value.IsEmpty ? "is empty" : IsUriReference(value) ? null : "is no URI reference (RFC 3986)";
        }

        if (name.SequenceEqual("type"u8))
        {
            Type = value;
            return value.IsEmpty ? "is empty" : null;
        }

        if (name.SequenceEqual("subject"u8))
        {
            Subject = value;
            return value.IsEmpty ? "is empty; leave it out" : null;
        }

        if (name.SequenceEqual("time"u8))
        {
            Time = value;

            // Rfc3339 also takes a space for the T, which RFC 3339 leaves to applications.
            return Rfc3339.TryParse(value, out _) && value[10] != ' ' ? null : "is no RFC 3339 time with an offset";
        }

        if (name.SequenceEqual("datacontenttype"u8))
        {
            ContentType = value;
            return IsMediaType(value) ? null : "is no media type (RFC 2046), such as application/json";
        }

        return name.SequenceEqual("dataschema"u8) && !(IsUriReference(value) && SchemeLength(value) > 0) ? "is no absolute URI (RFC 3986)" : null;
    }

    /// <summary>Control characters and what Unicode never makes characters may not stand in an attribute.</summary>
    private static string? WrongText(ReadOnlySpan<byte> value)
    {
        if (Ascii.IsValid(value))
        {
            return value.IndexOfAnyInRange((byte)0, (byte)0x1f) < 0 && !value.Contains((byte)0x7f) ? null : "holds a control character";
        }

        while (!value.IsEmpty)
        {
            if (Rune.DecodeFromUtf8(value, out Rune rune, out int length) != OperationStatus.Done)
            {
                return "is not valid UTF-8";
            }

            if (rune.Value is < 0x20 or (>= 0x7f and <= 0x9f))
            {
                return "holds a control character";
            }

            if (rune.Value is (>= 0xfdd0 and <= 0xfdef) || (rune.Value & 0xfffe) == 0xfffe)
            {
                return "holds what is no character in Unicode";
            }

            value = value[length..];
        }

        return null;
    }

    private static bool IsUriReference(ReadOnlySpan<byte> value)
    {
        if (value.ContainsAnyExcept(UriBytes))
        {
            return false;
        }

        for (int rest = value.IndexOf((byte)'%'); rest >= 0;)
        {
            if (rest + 2 >= value.Length || !char.IsAsciiHexDigit((char)value[rest + 1]) || !char.IsAsciiHexDigit((char)value[rest + 2]))
            {
                return false;
            }

            int next = value[(rest + 1)..].IndexOf((byte)'%');
            rest = next < 0 ? -1 : rest + 1 + next;
        }

        int fragment = value.IndexOf((byte)'#');
        if (fragment >= 0 && value[(fragment + 1)..].Contains((byte)'#'))
        {
            return false;
        }

        // A colon in the first segment ends a scheme.
        int colon = value.IndexOf((byte)':');
        int segment = value.IndexOfAny("/?#"u8);
        if (colon >= 0 && (segment < 0 || colon < segment) && SchemeLength(value) == 0)
        {
            return false;
        }

        return HasBracketsInHostOnly(value[(SchemeLength(value) is > 0 and var scheme ? scheme + 1 : 0)..]);
    }

    /// <summary>Length of the scheme before the colon; 0 where there is none.</summary>
    private static int SchemeLength(ReadOnlySpan<byte> value)
    {
        int colon = value.IndexOf((byte)':');
        return colon > 0 && char.IsAsciiLetter((char)value[0]) && !value[..colon].ContainsAnyExcept(SchemeBytes) ? colon : 0;
    }

    /// <summary>Square brackets stand around an IP address in an authority, and nowhere else.</summary>
    private static bool HasBracketsInHostOnly(ReadOnlySpan<byte> rest)
    {
        if (rest.StartsWith("//"u8))
        {
            rest = rest[2..];
            int end = rest.IndexOfAny("/?#"u8);
            ReadOnlySpan<byte> authority = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[end..];
            ReadOnlySpan<byte> host = authority[(authority.LastIndexOf((byte)'@') + 1)..];
            if (host.StartsWith("["u8))
            {
                int close = host.IndexOf((byte)']');
                host = close < 0 ? host : host[(close + 1)..];
                if (close < 2 || (!host.IsEmpty && host[0] != ':'))
                {
                    return false;
                }
            }

            if (host.ContainsAny("[]"u8))
            {
                return false;
            }
        }

        return !rest.ContainsAny("[]"u8);
    }

    /// <summary><c>type/subtype</c>, and parameters with <c>;</c> before each.</summary>
    private static bool IsMediaType(ReadOnlySpan<byte> value)
    {
        int slash = value.IndexOf((byte)'/');
        int end = value.IndexOf((byte)';');
        ReadOnlySpan<byte> media = (end < 0 ? value : value[..end]).TrimEnd(" \t"u8);
        if (slash < 1 || slash + 1 >= media.Length || media[..slash].ContainsAnyExcept(TokenBytes) || media[(slash + 1)..].ContainsAnyExcept(TokenBytes))
        {
            return false;
        }

        ReadOnlySpan<byte> rest = end < 0 ? default : value[end..];
        while (!rest.IsEmpty)
        {
            rest = rest[1..].TrimStart(" \t"u8);
            int equals = rest.IndexOf((byte)'=');
            if (equals < 1 || rest[..equals].ContainsAnyExcept(TokenBytes))
            {
                return false;
            }

            rest = rest[(equals + 1)..];
            int length = ValueLength(rest);
            if (length == 0)
            {
                return false;
            }

            rest = rest[length..].TrimStart(" \t"u8);
            if (!rest.IsEmpty && rest[0] != ';')
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Length of a token or a quoted string; 0 for neither.</summary>
    private static int ValueLength(ReadOnlySpan<byte> text)
    {
        if (!text.StartsWith("\""u8))
        {
            int end = text.IndexOfAnyExcept(TokenBytes);
            return end < 0 ? text.Length : end;
        }

        for (int i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return i + 1;
            }

            i += text[i] == '\\' ? 1 : 0;
        }

        return 0;
    }

    private static string Shown(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value[..Math.Min(value.Length, 60)]);
}
