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

    private const string Json = "application/json";
    private const string Event = "application/cloudevents+json";
    private const string Batch = "application/cloudevents-batch+json";
    private const string Pack = "application/senml+json";

    public static readonly string[] Media = [Json, Event, Batch, Pack];

    /// <param name="media">One of <see cref="Media"/>.</param>
    /// <exception cref="JsonException">The body is not JSON.</exception>
    /// <exception cref="TooManyReadingsException">More than <see cref="MostReadings"/>.</exception>
    public TakenReadings Take(ReadOnlyMemory<byte> body, string media, long nowInMs)
    {
        TakenReadings taken = new([], []);
        if (media == Pack)
        {
            TakePack(body.Span, nowInMs, taken);
            return taken;
        }

        List<Range> parts = Split(body.Span, out bool isArray);
        if (media == Batch && !isArray)
        {
            taken.Refused.Add(new RefusedReading(0, new Refusal(RefusalReasons.WrongType, "", "A batch of CloudEvents is a JSON array.")));
        }
        else if (media == Event && isArray)
        {
            taken.Refused.Add(new RefusedReading(0, new Refusal(RefusalReasons.WrongType, "", $"A structured CloudEvent is a JSON object; send several as {Batch}.")));
        }
        else
        {
            Reading reading = new();
            foreach ((int index, Range part) in parts.Index())
            {
                TakeOne(reading, index, body[part], media == Json ? ContentForm.Json : ContentForm.CloudEventStructured, default, [KeyValuePair.Create("content-type", media == Json ? Json : Event)], nowInMs, taken);
            }
        }

        return taken;
    }

    /// <summary>A CloudEvent in binary mode: its attributes are headers, the body is its data.</summary>
    public TakenReadings TakeBinary(ReadOnlyMemory<byte> body, IHeaderDictionary headers, long nowInMs)
    {
        TakenReadings taken = new([], []);
        CloudEventAttributes attributes = new(CloudEventHeaders.Prefix);
        List<KeyValuePair<string, string>> asKafka = CloudEventHeaders.Take(headers, ref attributes);
        TakeOne(new Reading(), 0, body, ContentForm.CloudEventBinary, in attributes, asKafka, nowInMs, taken);
        return taken;
    }

    private void TakeOne(
        Reading reading, int index, ReadOnlyMemory<byte> one, ContentForm form, in CloudEventAttributes attributes, IReadOnlyList<KeyValuePair<string, string>> headers, long nowInMs,
        TakenReadings taken)
    {
        if (!ReadingParser.TryParse(one.Span, form, in attributes, nowInMs, reading, out Refusal? refusal) || (refusal = known.Check(reading)) is not null)
        {
            taken.Refused.Add(new RefusedReading(index, refusal));
            return;
        }

        taken.Records.Add(new PublishedRecord(topic, reading.DeviceId.ToArray(), one, headers));
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
        taken.Records.AddRange(readings.Select(one =>
            new PublishedRecord(topic, Encoding.UTF8.GetBytes(one.DeviceId), one.Json, [KeyValuePair.Create("content-type", Json)])));
    }

    /// <summary>Where each element of the array is, or the whole where it is no array.</summary>
    private static List<Range> Split(ReadOnlySpan<byte> body, out bool isArray)
    {
        List<Range> ranges = [];
        Utf8JsonReader json = new(body);
        json.Read();
        isArray = json.TokenType == JsonTokenType.StartArray;
        if (!isArray)
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
