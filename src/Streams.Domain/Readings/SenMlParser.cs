using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Streams.Domain.Readings;

/// <summary>
/// SenML packs (RFC 8428, JSON). A resolved name is <c>device/metric</c> or <c>device:metric</c>: what follows the last <c>/</c> or
/// <c>:</c> is the metric, what stands before it the device, so <c>urn:dev:ow:10e2073a01080063:temperature</c> is the metric
/// <c>temperature</c> of the device <c>urn:dev:ow:10e2073a01080063</c>. Records may have different times; SenML knows no type and no
/// area, so the device has to be registered.
/// </summary>
public static class SenMlParser
{
    /// <summary>Times below this are seconds relative to now (RFC 8428, 4.5.3).</summary>
    private const double FirstAbsoluteTime = 1 << 28;

    /// <summary>One pack on Kafka is one device, for its key is that device's id.</summary>
    internal static Refusal? Parse(ReadOnlySpan<byte> value, long nowInMs, Reading into)
    {
        into.Clear();
        if (Resolve(value, nowInMs, out List<Record> records) is { } refusal)
        {
            return refusal;
        }

        if (records.Count > ReadingLimits.MostMetrics)
        {
            return new Refusal(RefusalReasons.TooManyMetrics, "", $"A pack has at most {ReadingLimits.MostMetrics} records; this one has {records.Count}.");
        }

        string device = records[0].Device;
        into.DeviceIdRange = into.Keep(Encoding.UTF8.GetBytes(device));
        into.TimeInMs = long.MinValue;
        for (int i = 0; i < records.Count; i++)
        {
            Record record = records[i];
            if (record.Device != device)
            {
                return new Refusal(
                    RefusalReasons.SeveralDevices, $"[{i}].n", $"A pack in one record is of one device; this one has '{device}' and '{record.Device}'.");
            }

            ref ReadingEntry entry = ref into.Add();
            entry.Name = into.Keep(Encoding.UTF8.GetBytes(record.Metric));
            entry.Unit = record.Unit is null ? default : into.Keep(Encoding.UTF8.GetBytes(record.Unit));
            entry.TimeInMs = record.TimeInMs;
            entry.Kind = record.Kind;
            entry.Value = record.Value;
            entry.Text = record.Text is null ? default : into.Keep(Encoding.UTF8.GetBytes(record.Text));
            into.TimeInMs = Math.Max(into.TimeInMs, record.TimeInMs);
        }

        into.SortByTime();
        return null;
    }

    /// <summary>
    /// Takes a pack of any number of devices apart into plain JSON readings, one for each device and time, in the order of the
    /// pack: what an HTTP gateway puts on Kafka.
    /// </summary>
    /// <param name="readings">Device id and the reading's UTF-8 JSON; empty when refused.</param>
    public static bool TrySplit(
        ReadOnlySpan<byte> pack, long nowInMs, out IReadOnlyList<(string DeviceId, byte[] Json)> readings,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out Refusal? refusal)
    {
        refusal = Resolve(pack, nowInMs, out List<Record> records);
        readings = refusal is not null
            ? []
            : [.. records.GroupBy(record => (record.Device, record.TimeInMs)).SelectMany(ToReadings)];
        return refusal is null;
    }

    private static IEnumerable<(string DeviceId, byte[] Json)> ToReadings(IGrouping<(string Device, long TimeInMs), Record> records)
    {
        // The same metric twice at one time can not stand in one object.
        var rest = records.ToList();
        while (rest.Count > 0)
        {
            Record[] now = [.. rest.DistinctBy(record => record.Metric)];
            rest = [.. rest.Except(now)];
            var output = new ArrayBufferWriter<byte>();
            using (var json = new Utf8JsonWriter(output))
            {
                json.WriteStartObject();
                json.WriteString("deviceId", records.Key.Device);
                json.WriteString("time", Rfc3339.Format(records.Key.TimeInMs));
                json.WriteStartObject("metrics");
                foreach (Record record in now)
                {
                    switch (record.Kind)
                    {
                        case ValueKind.Boolean: json.WriteBoolean(record.Metric, record.Value != 0); break;
                        case ValueKind.Text: json.WriteString(record.Metric, record.Text); break;
                        default: json.WriteNumber(record.Metric, record.Value); break;
                    }
                }

                json.WriteEndObject();
                json.WriteStartObject("units");
                foreach (Record record in now.Where(record => record.Unit is not null))
                {
                    json.WriteString(record.Metric, record.Unit);
                }

                json.WriteEndObject();
                json.WriteEndObject();
            }

            yield return (records.Key.Device, output.WrittenSpan.ToArray());
        }
    }

    private static Refusal? Resolve(ReadOnlySpan<byte> value, long nowInMs, out List<Record> records)
    {
        records = [];
        try
        {
            return ResolvePack(value, nowInMs, records);
        }
        catch (JsonException e)
        {
            return new Refusal(
                RefusalReasons.MalformedJson, $"[{records.Count}]", $"The pack is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            return new Refusal(RefusalReasons.MalformedUtf8, $"[{records.Count}]", "The pack holds a string that is no valid text.");
        }
    }

    private static Refusal? ResolvePack(ReadOnlySpan<byte> value, long nowInMs, List<Record> records)
    {
        var reader = new Utf8JsonReader(value);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
        {
            return new Refusal(RefusalReasons.WrongType, "", "A SenML pack is a JSON array of records.");
        }

        var bases = new Bases();
        for (int index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return new Refusal(RefusalReasons.WrongType, $"[{index}]", "A SenML record is a JSON object.");
            }

            if (ReadRecord(ref reader, index, bases, nowInMs, out Record? record) is { } refusal)
            {
                return refusal;
            }

            if (record is not null)
            {
                records.Add(record);
            }
        }

        reader.Read();
        return records.Count == 0
            ? new Refusal(RefusalReasons.Missing, "", "The SenML pack has no record with a value.")
            : null;
    }

    private static Refusal? ReadRecord(ref Utf8JsonReader reader, int index, Bases bases, long nowInMs, out Record? record)
    {
        record = null;
        string name = "";
        string? unit = null;
        string? text = null;
        double time = 0;
        double? value = null;
        ValueKind kind = ValueKind.Number;
        var labels = new HashSet<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string label = reader.GetString()!;
            string field = $"[{index}].{label}";
            if (!labels.Add(label))
            {
                return new Refusal(RefusalReasons.Duplicate, field, $"'{label}' is there twice in one record.");
            }

            reader.Read();
            JsonTokenType wanted = label switch
            {
                "bn" or "bu" or "n" or "u" or "vs" or "vd" => JsonTokenType.String,
                "bt" or "bv" or "bs" or "bver" or "t" or "ut" or "v" or "s" => JsonTokenType.Number,
                "vb" => reader.TokenType == JsonTokenType.False ? JsonTokenType.False : JsonTokenType.True,
                _ => reader.TokenType,
            };
            double number = 0;
            if (reader.TokenType != wanted || (wanted == JsonTokenType.Number && !(reader.TryGetDouble(out number) && double.IsFinite(number))))
            {
                return new Refusal(RefusalReasons.WrongType, field, $"'{label}' is not of the type that RFC 8428 gives it.");
            }

            switch (label)
            {
                case "bn": bases.Name = reader.GetString()!; break;
                case "bt": bases.Time = number; break;
                case "bu": bases.Unit = reader.GetString()!; break;
                case "bv": bases.Value = number; break;
                case "bver" when number is < 5 or > 10:
                    return new Refusal(RefusalReasons.InvalidSenMl, field, "SenML version 10 is read.");
                case "n": name = reader.GetString()!; break;
                case "u": unit = reader.GetString()!; break;
                case "t": time = number; break;
                case "v":
                    value = number;
                    break;
                case "vb":
                    value = reader.TokenType == JsonTokenType.True ? 1 : 0;
                    kind = ValueKind.Boolean;
                    break;
                case "vs":
                    text = reader.GetString()!;
                    value = 0;
                    kind = ValueKind.Text;
                    break;
                case "vd" or "s" or "bs":
                    return new Refusal(RefusalReasons.InvalidSenMl, field, $"'{label}' is not used for readings; give 'v', 'vb' or 'vs'.");
                default:
                    if (label.EndsWith('_'))
                    {
                        return new Refusal(RefusalReasons.InvalidSenMl, field, $"'{label}' must be understood (it ends in _), and is not known here.");
                    }

                    reader.Skip();
                    break;
            }
        }

        if ((labels.Contains("v") ? 1 : 0) + (labels.Contains("vb") ? 1 : 0) + (labels.Contains("vs") ? 1 : 0) > 1)
        {
            return new Refusal(RefusalReasons.InvalidSenMl, $"[{index}]", "A record has one value.");
        }

        if (value is null)
        {
            // A record of base values only is how a pack may begin.
            return labels.Contains("n")
                ? new Refusal(RefusalReasons.Missing, $"[{index}].v", "A record with a name has a value.")
                : null;
        }

        double seconds = bases.Time + time;
        double timeInMs = (seconds < FirstAbsoluteTime ? (nowInMs / 1000.0) + seconds : seconds) * 1000;
        if (!(Math.Abs(timeInMs) < 9e15))
        {
            return new Refusal(RefusalReasons.BadTime, $"[{index}].t", "The record's time is beyond any calendar.");
        }

        record = new Record
        {
            Unit = unit ?? bases.Unit,
            TimeInMs = (long)Math.Round(timeInMs),
            Kind = kind,
            Value = kind == ValueKind.Number ? value.Value + bases.Value : value.Value,
            Text = text,
        };
        return Name(record, bases.Name + name, index) ?? ReadingParser.CheckTime(record.TimeInMs, nowInMs, $"[{index}].t");
    }

    private static Refusal? Name(Record record, string name, int index)
    {
        int split = name.LastIndexOfAny(['/', ':']);
        record.Device = split < 0 ? "" : name[..split];
        record.Metric = name[(split + 1)..];
        if (!ReadingLimits.IsDeviceId(Encoding.UTF8.GetBytes(record.Device)) || !ReadingLimits.IsName(Encoding.UTF8.GetBytes(record.Metric)))
        {
            return new Refusal(
                RefusalReasons.BadName, $"[{index}].n", $"'{name}' is not device/metric or device:metric; both are ASCII letters, digits and a few marks.");
        }

        return record.Text?.Length > ReadingLimits.LongestText || record.Unit?.Length > ReadingLimits.LongestName
            ? new Refusal(RefusalReasons.TooLarge, $"[{index}]", "A text value or unit is too long.")
            : null;
    }

    private sealed class Bases
    {
        public string Name { get; set; } = "";

        public double Time { get; set; }

        public string? Unit { get; set; }

        public double Value { get; set; }
    }

    private sealed class Record
    {
        public string Device { get; set; } = "";

        public string Metric { get; set; } = "";

        public string? Unit { get; init; }

        public long TimeInMs { get; init; }

        public ValueKind Kind { get; init; }

        public double Value { get; init; }

        public string? Text { get; init; }
    }
}
