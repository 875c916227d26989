using System.Globalization;
using Streams.Chaos.Truth;
using Streams.Domain.Devices;

namespace Streams.Chaos.Checks;

/// <summary>
/// I9: silence is judged by the clock, so no model can say when it is noticed. It takes from what was published when it was, and says whether
/// that was true: by then the device's last reading was old enough, and no later one was in the log. With the wakings at those places the
/// device must come out as any other; and one that is silent at the end must have been said so.
/// </summary>
internal sealed class SilenceChecks(CityModel model, PublishedFacts facts, IReadOnlyDictionary<(string Beacon, long TimeInMs), long> inTheLogAtInMs, Violations violations)
{
    /// <summary>
    /// A node knows of the log's end what it last heard with a fetch: a reading that came this shortly before the time that the silence was
    /// raised for may not have been heard of. Of a slow broker (0.8 s an answer) that is two answers and what the poller takes.
    /// </summary>
    private const long HeardOfWithinInMs = 2500;

    public long Silences { get; private set; }

    /// <summary>Goes through the kept readings, before anything else is compared.</summary>
    public void Apply(long endInMs)
    {
        foreach ((string id, List<KeptRecord> readings) in model.Kept)
        {
            ModelDevice device = model.DeviceOf(id);
            Device actor = device.Actor.Device;
            Queue<(long SinceInMs, long AtInMs)> wakings = new(Raised(id));
            for (int i = 0; i < readings.Count; i++)
            {
                model.Apply(device, readings[i]);
                while (wakings.TryPeek(out (long SinceInMs, long AtInMs) earlier) && earlier.SinceInMs < actor.LastEventInMs)
                {
                    // One that the readings themselves showed: both said it.
                    wakings.Dequeue();
                }

                if (!wakings.TryPeek(out (long SinceInMs, long AtInMs) waking) || waking.SinceInMs != actor.LastEventInMs || actor.IsSilent)
                {
                    continue;
                }

                wakings.Dequeue();
                Wake(device, waking.AtInMs, readings.Skip(i + 1).FirstOrDefault(reading => TimeOf(reading) > actor.LastEventInMs));
            }

            if (!actor.IsSilent && actor.DueInMs is { } due && due + 30_000 < endInMs)
            {
                violations.Add("I9", id, "silent at the end, and nobody said so", "said within seconds", string.Create(CultureInfo.InvariantCulture, $"due at {due}, it is {endInMs}"));
            }

            Silences += device.Decisions.Count(decision => decision.IsSilence && decision.IsRaised);
        }
    }

    private IEnumerable<(long SinceInMs, long AtInMs)> Raised(string id) =>
        from said in facts.Anomalies.GetValueOrDefault(id) ?? []
        let json = System.Text.Json.JsonDocument.Parse(said.Bytes).RootElement
        where json.GetProperty("kind").GetString() == "silence" && json.GetProperty("state").GetString() == "raised"
        select (json.GetProperty("since").GetDateTimeOffset().ToUnixTimeMilliseconds(), json.GetProperty("time").GetDateTimeOffset().ToUnixTimeMilliseconds());

    /// <param name="next">The next one that is none of those before it once more.</param>
    private void Wake(ModelDevice device, long atInMs, KeptRecord? next)
    {
        Device actor = device.Actor.Device;
        if (next is not null && atInMs == actor.LastEventInMs + SilentAfter(actor) && TimeOf(next) > atInMs)
        {
            // By the times of the readings themselves, which the next one shows.
            return;
        }

        if (next is not null && inTheLogAtInMs.TryGetValue((device.Id, TimeOf(next)), out long arrivedInMs) && arrivedInMs + HeardOfWithinInMs < atInMs)
        {
            violations.Add(
                "I9", device.Id, string.Create(CultureInfo.InvariantCulture, $"said to be silent at {atInMs}"), "its next reading was in the log by then",
                string.Create(CultureInfo.InvariantCulture, $"offset {next.OffsetAt(0)}, there at {arrivedInMs}"));
        }

        if (actor.DueInMs is { } due && atInMs < due)
        {
            violations.Add("I9", device.Id, string.Create(CultureInfo.InvariantCulture, $"said to be silent at {atInMs}"), string.Create(CultureInfo.InvariantCulture, $"not before {due}"), $"since {actor.LastEventInMs}");
            return;
        }

        actor.Wake(atInMs);
        device.Drain();
    }

    private static long SilentAfter(Device device) => (long)(device.TypeAt(0).SilentAfter ?? TimeSpan.Zero).TotalMilliseconds;

    private static long TimeOf(KeptRecord reading)
    {
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(reading.ValueAt(0).ToArray());
        return json.RootElement.GetProperty("time").GetDateTimeOffset().ToUnixTimeMilliseconds();
    }
}
