using System.Buffers;
using System.Text;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Api.Endpoints;
using Streams.Node.Telemetry;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>A device in memory.</summary>
public sealed class DeviceActor(string id, Device device) : Actor(id)
{
    public Device Device { get; private set; } = device;

    /// <summary>Those that were removed under this id and have yet to say their last; null while there are none, which is nearly always.</summary>
    internal List<Device>? Retired { get; set; }

    /// <summary>Processing time of the last order; 0 for none since it was loaded.</summary>
    internal long OrderedAtInMs { get; set; }

    /// <summary>Its row in the read model is to be written anew.</summary>
    internal bool IsToBeShown { get; set; }

    /// <summary>What its area was last told of it; it may be told again after a restart.</summary>
    internal Standing Told { get; set; }

    /// <summary>
    /// From here on the id is a device's that nobody knows. The actor stays: its place in the log says what it has read already.
    /// </summary>
    internal void Remove()
    {
        Device.Retire();
        (Retired ??= []).Add(Device);
        Device = new Device(Device.Id);
    }
}

/// <summary>What an area needs to know of a device, to the minute: areas think in whole windows, the shortest of which is one.</summary>
internal readonly record struct Standing(string Area, int WatermarkInMinutes, int LastEventInMinutes, int Types, bool IsSilent)
{
    public static Standing Of(Device device) =>
        new(device.Area, Minutes(device.WatermarkInMs), Minutes(device.LastEventInMs), device.TypeCount, device.IsSilent);

    private static int Minutes(long timeInMs) => (int)(WindowSize.Minute.StartOf(timeInMs) / 60_000);
}

/// <summary>
/// Devices as actors: readings in; aggregates, anomalies and what their areas should know out. What many devices tell one area in one
/// commit is merged into one observation, so that a busy district gets one message per commit and not one per device.
/// </summary>
/// <remarks>
/// A device's row in the read model is written when it registers, moves or changes its state; its figures are asked of the actor.
/// </remarks>
public sealed class DeviceKind : ActorKind<DeviceActor, Reading>, IDeviceOutput, IDescribesActors
{
    private readonly DeviceCatalog _catalog;
    private readonly CityRegister _register;
    private readonly CityTopics _topics;
    private readonly NodeMeter? _meter;
    private readonly byte[] _source;
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private readonly ObservationBuilder _news = new();
    private readonly ObservationRecords _observations = new();
    private CommitDraft _draft = null!;
    private DeviceActor _actor = null!;

    /// <summary>The actor's device, or one that was removed before it, while it says what it has to say.</summary>
    private Device _device = null!;
    private bool _isShownAnew;

    /// <summary>What an area's next observation goes back to.</summary>
    private readonly Dictionary<string, Origin> _origins = new(StringComparer.Ordinal);

    /// <param name="register">The devices that the configuration knows: their first reading need not say what they are and where.</param>
    public DeviceKind(DeviceCatalog catalog, CityTopics topics, CityRegister? register = null, NodeMeter? meter = null)
        : base(1, DeviceEndpoints.Kind, topics.Readings)
    {
        _catalog = catalog;
        _register = register ?? CityRegister.Empty;
        _topics = topics;
        _meter = meter;
        _source = Encoding.UTF8.GetBytes(topics.Source);
    }

    public override IReadOnlyCollection<string> Tells => [_topics.Observations];

    public override ActorKind<DeviceActor, Reading> ForShard() => new DeviceKind(_catalog, _topics, _register, _meter);

    public override bool Admit(in Record record, Reading message, long nowInMs)
    {
        ContentForm form = ContentForm.Json;
        CloudEventAttributes attributes = default;
        if (record.HasHeaders)
        {
            bool hasContentType = record.TryGetHeader("content-type"u8, out ReadOnlySpan<byte> contentType);
            bool isEvent = EventHeaders.Take(record, ref attributes);
            form = ContentForms.Of(contentType, isEvent);
            if (isEvent && hasContentType)
            {
                attributes.TakeContentType(contentType);
            }
        }

        Streams.Domain.Readings.Refusal? refusal;
        if (form == ContentForm.CloudEventBinary && DeviceOrder.IsOne(attributes.Type)
            ? DeviceOrder.TryRead(record.Value, attributes, message, out refusal)
            : ReadingParser.TryParse(record.Value, form, attributes, nowInMs, message, out refusal))
        {
            return true;
        }

        Refusal = new RecordRefusal(refusal.Reason, refusal.Field, refusal.Message);
        return false;
    }

    public override ReadOnlySpan<byte> KeyOf(Reading message) => message.DeviceId;

    public override DeviceActor Create(string key) => new(key, new Device(key));

    public override DeviceActor Restore(string key, ReadOnlySpan<byte> snapshot) => 
        Device.TryRestore(key, snapshot, _catalog, out Device? device, out string? fault) ? new DeviceActor(key, device) : throw new InvalidDataException(fault);

    public override void Prefetch(DeviceActor actor) => actor.Device.Prefetch();

    public override Reaction Receive(DeviceActor actor, Reading message, long nowInMs) =>
        message.Order is { } order
            ? Obey(actor, order, nowInMs)
            : ReactionOf(actor.Device.Apply(message, _catalog, nowInMs, actor.Device.IsRegistered ? null : Configured(actor.Device.Id, message)));

    public override Reaction Wake(DeviceActor actor, long nowInMs) => ReactionOf(actor.Device.Wake(nowInMs));

    public override long DueOf(DeviceActor actor) => actor.Device.DueInMs ?? long.MaxValue;

    public override int SizeOf(DeviceActor actor) => actor.Device.SizeInBytes;

    public override void Write(DeviceActor actor, CommitDraft draft)
    {
        _draft = draft;
        _actor = actor;
        _isShownAnew = actor.IsToBeShown;
        actor.IsToBeShown = false;
        if (actor.Retired is not null)
        {
            Bury(actor);
        }

        Device device = _device = actor.Device;
        device.Drain(this);
        if (Origin.First(draft.Origin, _origins.GetValueOrDefault(device.Area)) is { } origin)
        {
            _origins[device.Area] = origin;
        }

        Standing standing = Standing.Of(device);
        if (actor.Told != standing)
        {
            actor.Told = standing;
            TellMembership(device, device.Area, devices: 1);
        }

        if (_isShownAnew)
        {
            Show(device);
        }

        device.Save(draft.Snapshot);
    }

    public override void EndWrite(CommitDraft draft)
    {
        foreach ((string area, Observation observation) in _news.Observations)
        {
            draft.Origin = _origins.GetValueOrDefault(area);
            _observations.Tell(draft, _topics.Observations, area, observation);
        }

        _news.Clear();
        _origins.Clear();
    }

    public override void Unpack(ReadOnlySpan<byte> key, ReadOnlySpan<byte> packed, IOutgoing into) =>
        AggregateRecords.Unpack("device"u8, key, packed, _source, into);

    byte[]? IDescribesActors.Describe(Actor actor)
    {
        Device device = ((DeviceActor)actor).Device;
        if (!device.IsRegistered)
        {
            return null;
        }

        ArrayBufferWriter<byte> body = new(1024);
        DeviceJson.Write(body, device);
        return body.WrittenSpan.ToArray();
    }

    IReadOnlyList<HistoryRow> IDescribesActors.RecentHistory(Actor actor)
    {
        ShownHistory shown = new();
        ((DeviceActor)actor).Device.ShowRecentHistory(shown);
        return shown.Rows;
    }

    void IDeviceOutput.Registered(DeviceRegistration registration)
    {
        _isShownAnew = true;
        Journal("registered", registration);
    }

    void IDeviceOutput.Moved(DeviceRegistration registration, string fromArea)
    {
        _isShownAnew = true;
        Journal("moved", registration);
        TellMembership(_device, fromArea, devices: 0);
    }

    void IDeviceOutput.Anomaly(AnomalyEvent anomaly)
    {
        _isShownAnew = true;
        _body.ResetWrittenCount();
        AnomalyJson.Write(_body, anomaly);
        _meter?.Said(anomaly);
        string state = anomaly.IsRaised ? "raised" : "cleared";
        _draft.BeginRecord(Lane.Urgent, _topics.Anomalies, _actor.KeySpan);
        _draft.CloudEvent($"{anomaly.Id}/{state}", _topics.Source, "streams.anomaly." + state, anomaly.DeviceId, anomaly.TimeInMs);
        _draft.BeginValue().Write(_body.WrittenSpan);
        _draft.EndRecord();
        _draft.Journal(_actor, anomaly.TimeInMs, "anomaly_" + state, _body.WrittenSpan);
        _draft.Put(new Document(AnomalyEndpoints.Collection, anomaly.Id, anomaly.Area, anomaly.DeviceId, state, anomaly.SinceInMs, default, IsDone: !anomaly.IsRaised), _body.WrittenSpan);
        _news.AddAnomaly(anomaly.Area, DeviceNews.NoticeOf(anomaly));
    }

    void IDeviceOutput.Closed(in ClosedWindow window)
    {
        _draft.BeginRecord(Lane.Bulk, _topics.Aggregates, _actor.KeySpan, packed: true);
        PackedAggregate.Write(
            _draft.BeginValue(), window.Type, window.Metric, window.Unit, window.Size, window.StartInMs, window.Revision, members: 1, in window.Moments,
            in window.Sketch);
        _draft.EndRecord();
        _news.AddWindow(
            _device.Area, window.Type, window.Metric, window.Unit, window.Size, window.StartInMs, in window.Added, in window.AddedSketch, window.Revision > 0);
    }

    void IHistoryOutput.History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => _draft.History(_actor, (byte)part, fromInMs, body);

    private Reaction Obey(DeviceActor actor, DeviceOrder order, long nowInMs)
    {
        actor.OrderedAtInMs = nowInMs;
        if (order is DeviceOrder.Register { Registration: { } registration })
        {
            Outcome outcome = actor.Device.Register(registration.Type, registration.Area, registration.Location, _catalog, registration.Name);
            actor.IsToBeShown |= outcome.Kind != OutcomeKind.Refused;

            // Whoever gave the order waits to see it done, also where nothing had to change.
            return outcome.Kind == OutcomeKind.Refused ? ReactionOf(outcome) : Reaction.Decided;
        }

        if (!actor.Device.IsRegistered)
        {
            Refusal = new RecordRefusal(RefusalReasons.UnknownDevice, "ce_subject", $"The device '{actor.Key}' is not registered, so there is nothing to remove.");
            return Reaction.Refused;
        }

        actor.Remove();
        actor.IsToBeShown = false;
        return Reaction.Decided;
    }

    /// <summary>What removed devices had left to say, and that they are gone. A device registered since comes after them.</summary>
    private void Bury(DeviceActor actor)
    {
        foreach (Device retired in actor.Retired!)
        {
            _device = retired;
            retired.Drain(this);
            retired.DrainHistory(this);
            TellMembership(retired, retired.Area, devices: 0);
            Journal("removed", new DeviceRegistration(retired.Id, retired.Type, retired.Area, retired.Location));
            _draft.Put(new Document(DeviceEndpoints.Collection, retired.Id, "", "", "", 0, default), default);
            actor.Device.Follow(retired);
        }

        actor.Retired = null;
        actor.Told = default;
        _isShownAnew = actor.Device.IsRegistered;
    }

    /// <summary>Only what is asked of the register makes it look into a city's devices.</summary>
    private DeviceRegistration? Configured(string id, Reading first) =>
        first.Type.IsEmpty || first.Area.IsEmpty || first.Location is null ? _register.Find(id) : null;

    private void Show(Device device)
    {
        _body.ResetWrittenCount();
        DeviceJson.Write(_body, device, whole: false);
        _draft.Put(
            new Document(DeviceEndpoints.Collection, device.Id, device.Area, device.Type, DeviceJson.StateOf(device), device.LastEventInMs, default),
            _body.WrittenSpan);
    }

    private void Journal(string type, DeviceRegistration registration)
    {
        _body.ResetWrittenCount();
        using (System.Text.Json.Utf8JsonWriter json = new(_body))
        {
            json.WriteStartObject();
            json.WriteString("deviceId", registration.DeviceId);
            json.WriteString("type", registration.Type);
            json.WriteString("area", registration.Area);
            json.WriteEndObject();
        }

        _draft.Journal(_actor, Math.Max(_device.LastArrivalInMs, _actor.OrderedAtInMs), type, _body.WrittenSpan);
    }

    /// <summary>Where the device stands, for each of its types; with no devices it leaves the area.</summary>
    private void TellMembership(Device device, string area, int devices)
    {
        if (device.LastEventInMs == long.MinValue)
        {
            return;
        }

        for (int i = 0; i < device.TypeCount; i++)
        {
            DeviceType type = device.TypeAt(i);
            _news.AddMember(area, new MemberUpdate
            {
                Id = device.Id,
                Type = type.Name,
                WatermarkInMs = device.WatermarkInMs,
                LastEventInMs = device.LastEventInMs,
                IntervalInMs = (long)type.Interval.TotalMilliseconds,
                Devices = devices,
                Silent = device.IsSilent ? devices : 0,
            });
        }
    }

    private Reaction ReactionOf(in Outcome outcome)
    {
        switch (outcome.Kind)
        {
            case OutcomeKind.Speaks:
                return Reaction.Speaks;
            case OutcomeKind.Decided:
                return Reaction.Decided;
            case OutcomeKind.Repeat:
                return Reaction.Repeat;
            case OutcomeKind.Refused:
                Streams.Domain.Readings.Refusal why = outcome.Refusal!;
                Refusal = new RecordRefusal(why.Reason, why.Field, why.Message) { IsOneOfMany = why.Reason == RefusalReasons.RateLimited, IsDecision = outcome.IsDecision };
                return Reaction.Refused;
            default:
                return Reaction.Quiet;
        }
    }
}
