using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Chaos.Checks;
using Streams.Domain.Areas;
using Streams.Domain.Windows;
using Streams.Node.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Chaos.Truth;

/// <summary>An anomaly as it was first published.</summary>
internal sealed record Said(string EventId, byte[] Bytes, long TimestampInMs, string Place);

/// <summary>A state of an alert as it was first published.</summary>
internal sealed record AlertState(string Area, string Rule, string State, int Revision, string Place, IReadOnlyList<string> Evidence);

/// <summary>A dead letter as it was first published.</summary>
internal sealed record DeadLetter(string Reason, string Field, string Origin, UInt128 Print, string Place);

/// <summary>Sorts what the witness sees: readings to the model, everything else to what the model is compared with.</summary>
internal sealed class PublishedFacts(CityModel model, Publications publications, CityTopics topics, string audit, Violations violations) : ILogSink
{
    private readonly Lock _gate = new();
    private readonly Observation _observation = new();

    /// <summary>By device, in the order of first appearance.</summary>
    public Dictionary<string, List<Said>> Anomalies { get; } = new(StringComparer.Ordinal);

    /// <summary>By alert, in the order of first appearance.</summary>
    public Dictionary<string, List<AlertState>> Alerts { get; } = new(StringComparer.Ordinal);

    /// <summary>All records of alerts, repeats among them.</summary>
    public AlertEars AlertRecords { get; } = new();

    /// <summary>By their id.</summary>
    public Dictionary<string, DeadLetter> DeadLetters { get; } = new(StringComparer.Ordinal);

    /// <summary>By subject: windows as last revised, with the revision.</summary>
    public Dictionary<string, Dictionary<WindowKey, (WindowFigures Figures, int Revision, int Members)>> Windows { get; } = new(StringComparer.Ordinal);

    /// <summary>By area and telling shard: what the area was told of its windows, each message once.</summary>
    public Dictionary<(string Area, int Shard), Dictionary<WindowKey, WindowFigures>> Told { get; } = [];

    /// <summary>By incident: the newest state that was told of it.</summary>
    public Dictionary<string, JsonElement> Incidents { get; } = new(StringComparer.Ordinal);

    /// <summary>Given each command as it is first published, and each repeat.</summary>
    public Action<ReadOnlyMemory<byte>> Commanded { get; set; } = static _ => { };

    /// <summary>Ids of entries of the audit chain that were published.</summary>
    public HashSet<string> Audited { get; } = new(StringComparer.Ordinal);

    public void Locked(Action look)
    {
        lock (_gate)
        {
            look();
        }
    }

    public void See(RecordBatch batch, int index)
    {
        lock (_gate)
        {
            string topic = batch.Partition.Topic;
            if (topic == topics.Readings)
            {
                if (batch.TryGetHeader(index, SourceHeader.NameUtf8, out _))
                {
                    publications.NotePublished(batch, index);
                }

                model.Apply(batch, index);
                return;
            }

            if (topic == topics.CommandResults)
            {
                // From outside.
                return;
            }

            if (topic == audit)
            {
                // From the chain in the store, and not from the outbox.
                Audited.Add(Header(batch, index, "ce_id"u8));
                return;
            }

            bool isFirst = publications.NotePublished(batch, index);
            if (topic == topics.Commands)
            {
                Commanded(batch.ValueAt(index).ToArray());
            }
            else if (topic == topics.Alerts)
            {
                AlertRecords.Hear(batch.ValueAt(index), batch.TimestampAt(index));
            }

            if (!isFirst)
            {
                return;
            }

            string place = string.Create(CultureInfo.InvariantCulture, $"{batch.Partition} offset {batch.OffsetAt(index)}");
            if (topic == topics.Aggregates)
            {
                KeepWindow(batch.ValueAt(index), place);
            }
            else if (topic == topics.Anomalies)
            {
                ListOf(Anomalies, Encoding.UTF8.GetString(batch.KeyAt(index))).Add(
                    new Said(Header(batch, index, "ce_id"u8), batch.ValueAt(index).ToArray(), batch.TimestampAt(index), place));
            }
            else if (topic == topics.Observations)
            {
                KeepTold(batch, index);
            }
            else if (topic == topics.Alerts)
            {
                KeepAlert(batch.ValueAt(index), place);
            }
            else if (topic == topics.Incidents && Header(batch, index, "ce_type"u8) == ResponseRecords.StateType)
            {
                KeepIncident(batch.ValueAt(index), place);
            }
            else if (topic == topics.DeadLetters)
            {
                string origin = $"{Header(batch, index, "original_topic"u8)}-{Header(batch, index, "original_partition"u8)}-{Header(batch, index, "original_offset"u8)}";
                DeadLetters[Header(batch, index, "ce_id"u8)] = new DeadLetter(
                    Header(batch, index, "reason"u8), Header(batch, index, "field"u8), origin, Publications.Print(batch.KeyAt(index), batch.ValueAt(index)), place);
            }
        }
    }

    private static string Header(RecordBatch batch, int index, ReadOnlySpan<byte> name) =>
        batch.TryGetHeader(index, name, out ReadOnlySpan<byte> value) ? Encoding.UTF8.GetString(value) : "";

    private static List<T> ListOf<T>(Dictionary<string, List<T>> lists, string key)
    {
        if (!lists.TryGetValue(key, out List<T>? list))
        {
            lists[key] = list = [];
        }

        return list;
    }

    private void KeepWindow(ReadOnlySpan<byte> value, string place)
    {
        using JsonDocument document = JsonDocument.Parse(value.ToArray());
        JsonElement json = document.RootElement;
        string subject = json.GetProperty("subject").GetString()!;
        JsonElement window = json.GetProperty("window");
        WindowSize size = Enum.GetValues<WindowSize>().First(each => each.Iso() == window.GetProperty("size").GetString());
        WindowKey key = new(string.Intern($"{json.GetProperty("metric").GetString()}"), size, window.GetProperty("start").GetDateTimeOffset().ToUnixTimeMilliseconds());
        if (!Windows.TryGetValue(subject, out Dictionary<WindowKey, (WindowFigures Figures, int Revision, int Members)>? windows))
        {
            Windows[string.Intern(subject)] = windows = [];
        }

        int revision = json.GetProperty("revision").GetInt32();
        int before = windows.TryGetValue(key, out var last) ? last.Revision : -1;

        // An area whose window is revised before it was told has told of the revision alone.
        if (revision <= before || (revision > before + 1 && subject.StartsWith("device:", StringComparison.Ordinal)))
        {
            violations.Add("I6", $"{subject} {key}", $"revision {revision} after {before}", "one after the other", place);
        }

        windows[key] = (
            new WindowFigures(json.GetProperty("count").GetInt64(), json.GetProperty("sum").GetDouble(), json.GetProperty("min").GetDouble(), json.GetProperty("max").GetDouble()),
            Math.Max(before, revision), json.GetProperty("members").GetInt32());
    }

    private void KeepTold(RecordBatch batch, int index)
    {
        _observation.Clear();
        if (!batch.TryGetHeader(index, SourceHeader.NameUtf8, out ReadOnlySpan<byte> header) || !SourceHeader.TryRead(header, out SourceHeader source)
            || !ObservationCodec.TryRead(batch.ValueAt(index), _observation, out _))
        {
            return;
        }

        (string Area, int Shard) from = (Encoding.UTF8.GetString(batch.KeyAt(index)), source.Source >> 1);
        if (!Told.TryGetValue(from, out Dictionary<WindowKey, WindowFigures>? told))
        {
            Told[from] = told = [];
        }

        foreach (PartialWindow part in _observation.Windows)
        {
            WindowKey key = new(string.Intern(_observation.Series[part.Series].Metric), part.Size, part.StartInMs);
            told[key] = told.GetValueOrDefault(key).Plus(new WindowFigures(part.Moments.Count, part.Moments.Sum, part.Moments.Min, part.Moments.Max));
        }
    }

    private void KeepAlert(ReadOnlySpan<byte> value, string place)
    {
        using JsonDocument document = JsonDocument.Parse(value.ToArray());
        JsonElement json = document.RootElement;
        string id = json.GetProperty("id").GetString()!;
        List<AlertState> states = ListOf(Alerts, id);
        int revision = json.GetProperty("revision").GetInt32();
        int before = states.Count == 0 ? 0 : states[^1].Revision;
        if (revision != before + 1)
        {
            violations.Add("I6", $"alert {id}", $"revision {revision} after {before}", "one after the other", place);
        }

        states.Add(new AlertState(
            json.GetProperty("area").GetString()!, json.GetProperty("rule").GetString()!, json.GetProperty("state").GetString()!, revision, place,
            [.. json.GetProperty("evidence").EnumerateArray().Select(each => each.GetProperty("anomalyId").GetString()!)]));
    }

    private void KeepIncident(ReadOnlySpan<byte> value, string place)
    {
        using JsonDocument document = JsonDocument.Parse(value.ToArray());
        JsonElement json = document.RootElement.Clone();
        string id = json.GetProperty("id").GetString()!;
        int revision = json.GetProperty("revision").GetInt32();
        int before = Incidents.TryGetValue(id, out JsonElement last) ? last.GetProperty("revision").GetInt32() : 0;
        if (revision <= before)
        {
            violations.Add("I6", $"incident {id}", $"revision {revision} after {before}", "one after the other", place);
        }

        Incidents[id] = json;
    }
}
