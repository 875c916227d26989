using System.Globalization;
using System.Text;
using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Chaos.Checks;

/// <summary>
/// I1 and I6 for each device: what it decided is what the model decides, in its order and to the byte; its closed windows, as last revised, are
/// the model's; and what is stored of it is the model's state, in what it shows and in what it answers to a reading that closes all its windows.
/// </summary>
internal sealed class DeviceChecks(CityModel model, PublishedFacts facts, DeviceCatalog catalog, Violations violations)
{
    private readonly Reading _closing = new();

    public long Decisions { get; private set; }

    public long Windows { get; private set; }

    public int Stored { get; private set; }

    /// <param name="store">Snapshot by device id, without the runtime's envelope.</param>
    public void Check(IReadOnlyDictionary<string, byte[]> store)
    {
        foreach (ModelDevice device in model.Devices.Values.Where(device => device.Actor.Device.IsRegistered))
        {
            CheckDecisions(device);
            CheckWindows(device);
            CheckState(device, store.GetValueOrDefault(device.Id));
        }

        foreach (string id in facts.Anomalies.Keys.Where(id => !model.Devices.ContainsKey(id)))
        {
            violations.Add("I5", id, "an anomaly", "no reading of such a device is in the log");
        }
    }

    private void CheckDecisions(ModelDevice device)
    {
        List<Said> said = facts.Anomalies.GetValueOrDefault(device.Id) ?? [];
        Decisions += device.Decisions.Count;
        for (int i = 0; i < Math.Max(said.Count, device.Decisions.Count); i++)
        {
            Said? was = i < said.Count ? said[i] : null;
            Decision? expected = i < device.Decisions.Count ? device.Decisions[i] : null;
            if (was is null || expected is null || was.EventId != expected.EventId || !was.Bytes.AsSpan().SequenceEqual(expected.Bytes))
            {
                violations.Add(
                    "I1", device.Id, $"decision {i} of {said.Count}: {(was is null ? "none" : Encoding.UTF8.GetString(was.Bytes))}",
                    expected is null ? "none" : Encoding.UTF8.GetString(expected.Bytes),
                    $"published at {was?.Place}; caused by offset {expected?.Offset}");
                return;
            }
        }
    }

    private void CheckWindows(ModelDevice device)
    {
        Dictionary<WindowKey, (WindowFigures Figures, int Revision, int Members)> published = facts.Windows.GetValueOrDefault("device:" + device.Id) ?? [];
        Windows += device.Windows.Count;
        foreach ((WindowKey key, WindowFigures expected) in device.Windows)
        {
            if (!published.TryGetValue(key, out var was) || !was.Figures.Equals(expected))
            {
                violations.Add("I1", $"{device.Id} {key}", $"{was.Figures} at revision {was.Revision}", $"{expected}");
                return;
            }
        }

        foreach (WindowKey key in published.Keys.Where(key => !device.Windows.ContainsKey(key)).Take(1))
        {
            violations.Add("I1", $"{device.Id} {key}", $"{published[key].Figures}", "no such window");
        }
    }

    private void CheckState(ModelDevice device, byte[]? snapshot)
    {
        if (snapshot is null || !Device.TryRestore(device.Id, snapshot, catalog, out Device? stored, out string? fault))
        {
            violations.Add("I1", device.Id, "not in the store, or not to be read", "stored");
            return;
        }

        Stored++;
        string was = ModelDevice.Shown(stored);
        string expected = ModelDevice.Shown(device.Actor.Device);
        if (was != expected)
        {
            violations.Add("I1", device.Id, "stored as " + was, expected);
            return;
        }

        // A copy of the model's, for this changes it.
        System.Buffers.ArrayBufferWriter<byte> saved = new(4096);
        device.Actor.Device.Save(saved);
        _ = Device.TryRestore(device.Id, saved.WrittenSpan, catalog, out Device? twin, out fault);
        string ofStore = Answer(stored);
        string ofModel = Answer(twin!);
        if (ofStore != ofModel)
        {
            violations.Add("I1", device.Id, "open windows are " + ofStore, ofModel);
        }
    }

    /// <summary>What a device says to a reading two days on.</summary>
    private string Answer(Device device)
    {
        long later = device.LastEventInMs + (2 * 86_400_000L);
        string metrics = TestCity.IsBeacon(device.Id) ? """{"battery":50}""" : """{"pm2_5":40,"passages":1}""";
        string json = Draft.Json(device.Id, later, metrics, device.Type, device.Area, null);
        if (!ReadingParser.TryParse(Draft.Utf8(json), later, _closing, out Refusal? refusal))
        {
            throw new InvalidOperationException(refusal.Message);
        }

        device.Apply(_closing, catalog, later);
        Answers answers = new();
        device.Drain(answers);
        return answers.Text.ToString();
    }

    private sealed class Answers : IDeviceOutput
    {
        public StringBuilder Text { get; } = new();

        public void Registered(DeviceRegistration registration)
        {
        }

        public void Moved(DeviceRegistration registration, string fromArea)
        {
        }

        public void Anomaly(AnomalyEvent anomaly) => Text.Append(CultureInfo.InvariantCulture, $"{anomaly.Kind} {anomaly.IsRaised} {anomaly.TimeInMs}; ");

        public void Closed(in ClosedWindow window) => Text.Append(
            CultureInfo.InvariantCulture, $"{window.Metric} {window.Size} {window.StartInMs}: {window.Moments.Count} {window.Moments.Sum:R} {window.Moments.Min:R} {window.Moments.Max:R}; ");

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
        {
        }
    }
}
