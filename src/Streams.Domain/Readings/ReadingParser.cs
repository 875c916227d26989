using System.Diagnostics.CodeAnalysis;
using System.Text.Unicode;

namespace Streams.Domain.Readings;

/// <summary>Turns a record's bytes into a <see cref="Reading"/>, or says why not. Allocates nothing for a good plain reading.</summary>
public static class ReadingParser
{
    /// <param name="value">The record's value.</param>
    /// <param name="form">See <see cref="ContentForms.Of"/>.</param>
    /// <param name="attributes">For <see cref="ContentForm.CloudEventBinary"/>; <c>default</c> otherwise.</param>
    /// <param name="nowInMs">Processing time, against which a device's clock is judged; SenML's relative times count from it.</param>
    /// <param name="into">Overwritten; usable only when the answer is true.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> value, ContentForm form, in CloudEventAttributes attributes, long nowInMs, Reading into,
        [NotNullWhen(false)] out Refusal? refusal)
    {
        into.Clear();
        refusal = CheckWhole(value, mayBeEmpty: form == ContentForm.CloudEventBinary) ?? form switch
        {
            ContentForm.Json => ParseUnlabelled(value, nowInMs, into),
            ContentForm.SenMl => SenMlParser.Parse(value, nowInMs, into),
            ContentForm.CloudEventStructured => CloudEventParser.ParseStructured(value, nowInMs, into),
            ContentForm.CloudEventBinary => CloudEventParser.ParseBinary(value, in attributes, nowInMs, into),
            _ => new Refusal(
                RefusalReasons.UnsupportedContent, "content-type",
                "Readings are application/json, application/cloudevents+json or application/senml+json."),
        };
        return refusal is null;
    }

    /// <summary>A plain JSON reading without headers.</summary>
    public static bool TryParse(ReadOnlySpan<byte> value, long nowInMs, Reading into, [NotNullWhen(false)] out Refusal? refusal) =>
        TryParse(value, ContentForm.Json, default, nowInMs, into, out refusal);

    /// <summary>A plain JSON reading. What is missing may come from <paramref name="attributes"/>.</summary>
    internal static Refusal? ParsePlain(ReadOnlySpan<byte> value, in CloudEventAttributes attributes, long nowInMs, Reading into)
    {
        var json = new PlainReadingParser(value, into);
        return json.Parse() ?? json.Finish(in attributes, nowInMs);
    }

    /// <summary>Future and absurd times; null for a good one.</summary>
    internal static Refusal? CheckTime(long timeInMs, long nowInMs, string field)
    {
        if (timeInMs > nowInMs + ReadingLimits.FutureToleranceInMs)
        {
            return new Refusal(
                RefusalReasons.TimeInFuture, field,
                $"The time {Rfc3339.Format(timeInMs)} is more than 5 minutes after {Rfc3339.Format(nowInMs)}, when the reading came.");
        }

        return timeInMs < 0 || timeInMs < nowInMs - ReadingLimits.OldestInMs
            ? new Refusal(RefusalReasons.TimeTooOld, field, $"The time {Rfc3339.Format(timeInMs)} is before 1970 or more than 50 years ago.")
            : null;
    }

    private static Refusal? CheckWhole(ReadOnlySpan<byte> value, bool mayBeEmpty)
    {
        if (value.IsEmpty && !mayBeEmpty)
        {
            return new Refusal(RefusalReasons.Empty, "", "The record has no value; a reading is a JSON object.");
        }

        if (value.Length > ReadingLimits.MostBytes)
        {
            return new Refusal(
                RefusalReasons.TooLarge, "", $"The record is {value.Length} bytes long; a reading is at most {ReadingLimits.MostBytes} bytes.");
        }

        return Utf8.IsValid(value)
            ? null
            : new Refusal(RefusalReasons.MalformedUtf8, "", "The record is not valid UTF-8.");
    }

    private static Refusal? ParseUnlabelled(ReadOnlySpan<byte> value, long nowInMs, Reading into)
    {
        ReadOnlySpan<byte> start = value.TrimStart(" \t\r\n"u8);
        if (!start.IsEmpty && start[0] == '[')
        {
            return SenMlParser.Parse(value, nowInMs, into);
        }

        var json = new PlainReadingParser(value, into);
        Refusal? refusal = json.Parse();
        return refusal is null && json.LooksLikeCloudEvent
            ? CloudEventParser.ParseStructured(value, nowInMs, into)
            : refusal ?? json.Finish(default, nowInMs);
    }
}
