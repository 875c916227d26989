using System.Security.Cryptography;
using System.Text;

namespace Streams.Domain.Detection;

/// <summary>What kind of oddity was seen. Stored: never renumber.</summary>
public enum AnomalyKind : byte
{
    /// <summary>A value that the physical range rules out.</summary>
    Range = 0,

    /// <summary>The very same value for too long.</summary>
    Stuck = 1,

    /// <summary>One value far from its neighbours on both sides.</summary>
    Spike = 2,

    /// <summary>A change faster than the metric can change.</summary>
    Rate = 3,

    /// <summary>Beyond a configured limit for long enough.</summary>
    Limit = 4,

    /// <summary>Unusual against the recent past.</summary>
    Level = 5,

    /// <summary>Unusual for this time of day.</summary>
    Season = 6,

    /// <summary>No reading for too long.</summary>
    Silence = 7,

    /// <summary>A state that its type calls an alarm, such as a tripped breaker, for long enough.</summary>
    State = 8,

    /// <summary>More readings than the type allows.</summary>
    Excess = 9,
}

public static class AnomalyKinds
{
    // A configured limit and the general detector both say that the level is out of the ordinary; outside they share the word.
    private static readonly string[] Words = ["range", "stuck", "spike", "rate", "level", "level", "season", "silence", "state", "excess"];

    public const int Count = 10;

    /// <summary>As it stands in messages: range, stuck, spike, rate, level, season, silence, state, excess.</summary>
    public static string Word(this AnomalyKind kind) => Words[(int)kind];
}

/// <summary>An anomaly of one device was raised or cleared.</summary>
/// <param name="Id">The same for raising and clearing: see <see cref="IdOf"/>.</param>
/// <param name="Type">The device type's name.</param>
/// <param name="Metric">Empty for <see cref="AnomalyKind.Silence"/> and <see cref="AnomalyKind.Excess"/>.</param>
/// <param name="Unit">Of <paramref name="Value"/> and <paramref name="Expected"/>; empty for silence, which is in seconds.</param>
/// <param name="IsRaised">False when cleared.</param>
/// <param name="TimeInMs">Event time at which it was raised or cleared.</param>
/// <param name="Value">The value that raised or cleared it; for a state its place in the type's list, or 0 and 1 for false and true.</param>
/// <param name="Expected">What would have been ordinary; not a number where nobody can say.</param>
/// <param name="Score">0 to 1, 1 being surest.</param>
/// <param name="SinceInMs">Event time at which the condition began; at most <paramref name="TimeInMs"/>.</param>
/// <param name="Explanation">A sentence for people.</param>
public sealed record AnomalyEvent(
    string Id, string DeviceId, string Area, string Type, string Metric, string Unit, AnomalyKind Kind, bool IsRaised,
    long TimeInMs, double Value, double Expected, double Score, long SinceInMs, string Explanation)
{
    /// <summary>
    /// 32 hexadecimal digits made of what the anomaly is: the same decision has the same id, whoever makes it and however often.
    /// </summary>
    public static string IdOf(string deviceId, string type, string metric, AnomalyKind kind, long raisedAtInMs)
    {
        string what = string.Create(
            System.Globalization.CultureInfo.InvariantCulture, $"{deviceId}\n{type}\n{metric}\n{(int)kind}\n{raisedAtInMs}");
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(what), hash);
        return Convert.ToHexStringLower(hash[..16]);
    }
}
