using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

public sealed partial class Area
{
    /// <summary>Estimate of the area's memory: members, windows with their sketches and, when much is wrong, anomalies are nearly all of it.</summary>
    public int SizeInBytes
    {
        get
        {
            int size = 1024 + (_usual.Count * 800) + (_obeyed.Count * 100) + (_issued.Count * 8192);
            foreach (Membership members in _byType.Values)
            {
                size += members.Count * 176;
            }

            foreach (Lane lane in _lanes.All)
            {
                size += (lane.OpenWindows + lane.Closed.Sum(slot => slot.Windows.Count)) * 480;
            }

            foreach (AlertCase one in _cases.Values)
            {
                size += 512 + ((one.Devices?.Count ?? 0) * 300);
            }

            return size;
        }
    }

    /// <summary>The area as the API shows it: who belongs to it, and if it is to be <paramref name="whole"/> also what changes all the time, such as the newest closed window of each metric.</summary>
    public void WriteJson(IBufferWriter<byte> to, AlertRules rules, bool whole)
    {
        using Utf8JsonWriter json = new(to);
        json.WriteStartObject();
        json.WriteString("id", Id);
        json.WriteString("name", rules.NameOf(Id));
        if (Parent is null)
        {
            json.WriteNull("parent");
        }
        else
        {
            json.WriteString("parent", Parent);
        }

        json.WriteNumber("devices", Devices);
        json.WriteNumber("configured", rules.ConfiguredDevices(Id));
        json.WriteNumber("silent", Silent);
        json.WriteNumber("activeAlerts", ActiveAlerts);
        json.WriteStartArray("types");
        foreach ((string type, Membership members) in _byType)
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("domain", rules.Settings.Figures.DomainOf(type));
            json.WriteNumber("devices", members.Devices);
            json.WriteNumber("silent", members.Silent);
            json.WriteNumber("expected", Math.Max(members.Devices, rules.Settings.Figures.IsRegular(type) ? rules.ConfiguredDevices(Id, type) : 0));
            json.WriteNumber("anomalous", members.Anomalous);
            json.WriteNumber("broken", members.Broken);
            if (whole && members.LastEventInMs != long.MinValue)
            {
                json.WriteString("lastSeen", Rfc3339.Format(members.LastEventInMs));
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (whole)
        {
            WriteFigures(json, rules);
            WriteLatest(json);
        }

        json.WriteEndObject();
    }

    private void WriteLatest(Utf8JsonWriter json)
    {
        json.WriteStartArray("latest");
        foreach (AreaAggregate window in NewestOfEachMetric())
        {
            json.WriteStartObject();
            json.WriteString("type", window.Type);
            json.WriteString("metric", window.Metric);
            json.WriteString("unit", window.Unit);
            json.WriteStartObject("window");
            json.WriteString("size", window.Size.Iso());
            json.WriteString("start", Rfc3339.Format(window.StartInMs));
            json.WriteString("end", Rfc3339.Format(window.EndInMs));
            json.WriteEndObject();
            json.WriteNumber("count", window.Moments.Count);
            json.WriteNumber("mean", window.Moments.Mean);
            json.WriteNumber("min", window.Moments.Min);
            json.WriteNumber("max", window.Moments.Max);
            json.WriteNumber("sum", window.Moments.Sum);
            json.WriteNumber("p95", Math.Clamp(window.Sketch.Quantile(0.95), window.Moments.Min, window.Moments.Max));
            json.WriteNumber("members", window.Members);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>The smallest size that the metric has, and of that the last window closed.</summary>
    private IEnumerable<AreaAggregate> NewestOfEachMetric()
    {
        Dictionary<(string Type, string Metric), AreaAggregate> newest = [];
        foreach (Lane lane in _lanes.All.OrderBy(lane => lane.Size))
        {
            foreach (AreaAggregate window in lane.Closed.SelectMany(slot => slot.Windows))
            {
                if (!newest.TryGetValue((window.Type, window.Metric), out AreaAggregate? known)
                    || (known.Size == window.Size && known.StartInMs < window.StartInMs))
                {
                    newest[(window.Type, window.Metric)] = window;
                }
            }
        }

        return newest.OrderBy(pair => pair.Key.Type, StringComparer.Ordinal).ThenBy(pair => pair.Key.Metric, StringComparer.Ordinal).Select(pair => pair.Value);
    }
}
