namespace Streams.Domain.Readings;

/// <summary>Why an input was not taken. Refusing is an ordinary answer, never an exception; the input goes to the dead letters with this.</summary>
/// <param name="Reason">A stable code in snake_case, to count and filter by: see <see cref="RefusalReasons"/>.</param>
/// <param name="Field">The member at fault as a path, such as <c>metrics.pm2_5</c>; empty when it is the record as a whole.</param>
/// <param name="Message">A sentence for people: what was found, what is allowed.</param>
public sealed record Refusal(string Reason, string Field, string Message);

/// <summary>Every code a <see cref="Refusal"/> of a reading can carry.</summary>
public static class RefusalReasons
{
    public const string Empty = "empty_record";
    public const string TooLarge = "too_large";
    public const string MalformedUtf8 = "malformed_utf8";
    public const string MalformedJson = "malformed_json";
    public const string UnsupportedContent = "unsupported_content_type";
    public const string InvalidCloudEvent = "invalid_cloud_event";
    public const string InvalidSenMl = "invalid_senml";
    public const string SeveralDevices = "several_devices";
    public const string Missing = "missing_field";
    public const string UnknownField = "unknown_field";
    public const string Duplicate = "duplicate_field";
    public const string WrongType = "wrong_type";
    public const string NotFinite = "not_finite";
    public const string BadId = "bad_device_id";
    public const string BadName = "bad_name";
    public const string BadArea = "bad_area";
    public const string BadLocation = "bad_location";
    public const string BadTime = "bad_time";
    public const string TimeInFuture = "time_in_future";
    public const string TimeTooOld = "time_too_old";
    public const string TooManyMetrics = "too_many_metrics";
    public const string UnknownDevice = "unknown_device";
    public const string UnknownType = "unknown_type";
    public const string UnknownMetric = "unknown_metric";
    public const string UnknownState = "unknown_state";
    public const string UnknownUnit = "unit_not_convertible";
    public const string LateBeyondRetention = "late_beyond_retention";
    public const string RateLimited = "rate_limited";
}
