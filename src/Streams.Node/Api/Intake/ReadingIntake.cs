using System.Text;
using System.Text.Json;
using Streams.Domain.Readings;

namespace Streams.Node.Api.Intake;

/// <summary>One reading of a request that was not taken.</summary>
/// <param name="Index">Its place in the array, from 0; 0 for a single reading.</param>
internal sealed record RefusedReading(int Index, Refusal Refusal);

/// <summary>What became of a body: records for the log in the order they came, and what was refused.</summary>
internal sealed record TakenReadings(List<PublishedRecord> Records, List<RefusedReading> Refused);

/// <summary>
/// Takes a request body apart into readings: one or an array, as plain JSON, structured CloudEvents or SenML. Each is checked as far as that
/// can be done without its device; the device itself may still refuse one, which then goes to the dead letters.
/// </summary>
internal sealed class ReadingIntake(KnownMetrics known, string topic)
{
    /// <summary>8 MB of the smallest readings would be 100,000; a tenth keeps one request from holding up the others.</summary>
    public const int MostReadings = 10_000;

    public const string Allowed = "application/json, application/cloudevents+json, application/cloudevents-batch+json, application/senml+json";

    /// <param name="media">One of <see cref="Allowed"/>.</param>
    /// <exception cref="JsonException">The body is not JSON.</exception>
    /// <exception cref="TooManyReadingsException">More than <see cref="MostReadings"/>.</exception>
    public TakenReadings Take(ReadOnlyMemory<byte> body, string media, long nowInMs)
    {
        TakenReadings taken = new([], []);
        switch (media)
        {
            case "application/json":
                TakeEach(body, ContentForm.Json, media, nowInMs, taken);
                break;
            case "application/senml+json":
                TakePack(body.Span, nowInMs, taken);
                break;
            default:
                TakeEach(body, ContentForm.CloudEventStructured, "application/cloudevents+json", nowInMs, taken);
                break;
        }

        return taken;
    }

    private void TakeEach(ReadOnlyMemory<byte> body, ContentForm form, string contentType, long nowInMs, TakenReadings taken)
    {
        Reading reading = new();
        foreach ((int index, Range range) in Split(body.Span).Index())
        {
            ReadOnlyMemory<byte> one = body[range];
            if (!ReadingParser.TryParse(one.Span, form, default, nowInMs, reading, out Refusal? refusal) || (refusal = known.Check(reading)) is not null)
            {
                taken.Refused.Add(new RefusedReading(index, refusal));
                continue;
            }

            taken.Records.Add(Record(reading.DeviceId.ToArray(), one, contentType));
        }
    }

    private void TakePack(ReadOnlySpan<byte> pack, long nowInMs, TakenReadings taken)
    {
        // A pack that is no JSON at all is the sender's fault in another way than one that is no SenML.
        Utf8JsonReader json = new(pack);
        while (json.Read())
        {
        }

        if (!SenMlParser.TrySplit(pack, nowInMs, out IReadOnlyList<(string DeviceId, byte[] Json)> readings, out Refusal? refusal))
        {
            taken.Refused.Add(new RefusedReading(0, refusal));
            return;
        }

        TooManyReadingsException.ThrowIf(readings.Count);
        taken.Records.AddRange(readings.Select(one => Record(Encoding.UTF8.GetBytes(one.DeviceId), one.Json, "application/json")));
    }

    private PublishedRecord Record(byte[] deviceId, ReadOnlyMemory<byte> value, string contentType) =>
        new(topic, deviceId, value, [KeyValuePair.Create("content-type", contentType)]);

    /// <summary>Where each element of the array is, or the whole where it is no array.</summary>
    private static List<Range> Split(ReadOnlySpan<byte> body)
    {
        List<Range> ranges = [];
        Utf8JsonReader json = new(body);
        json.Read();
        if (json.TokenType != JsonTokenType.StartArray)
        {
            int start = (int)json.TokenStartIndex;
            json.Skip();
            ranges.Add(start..(int)json.BytesConsumed);
        }
        else
        {
            while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            {
                int start = (int)json.TokenStartIndex;
                json.Skip();
                ranges.Add(start..(int)json.BytesConsumed);
                TooManyReadingsException.ThrowIf(ranges.Count);
            }
        }

        // Something after the end is an error that only reading on shows.
        json.Read();
        return ranges;
    }
}

/// <summary>A request holds more readings than one request may.</summary>
internal sealed class TooManyReadingsException() : Exception($"allowed: at most {ReadingIntake.MostReadings} readings in one request")
{
    public static void ThrowIf(int count)
    {
        if (count > ReadingIntake.MostReadings)
        {
            throw new TooManyReadingsException();
        }
    }
}
