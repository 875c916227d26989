using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Unicode;
using Streams.Domain.Areas;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>A device in memory.</summary>
public sealed class DeviceActor(string id, Device device) : Actor(id)
{
    public Device Device { get; } = device;
}

/// <summary>
/// Devices as actors: readings in; aggregates, anomalies and what their areas should know out. What many devices tell one area in one
/// commit is merged into one observation, so that a busy district gets one message per commit and not one per device.
/// </summary>
/// <remarks>
/// Anomalies go to the area in the urgent lane, windows and watermarks in the bulk lane: a watermark must not overtake the windows it
/// speaks for.
/// </remarks>
public sealed class DeviceKind : ActorKind<DeviceActor, Reading>, IDeviceOutput, IDescribesActors
{
    private readonly DeviceCatalog _catalog;
    private readonly CityTopics _topics;
    private readonly byte[] _source;
    private readonly ArrayBufferWriter<byte> _body = new(4096);
    private readonly ObservationBuilder _windows = new();
    private readonly ObservationBuilder _anomalies = new();
    private CommitDraft _draft = null!;
    private DeviceActor _actor = null!;
    private bool _isShownAnew;

    public DeviceKind(DeviceCatalog catalog, CityTopics topics)
        : base(1, DeviceEndpoints.Kind, topics.Readings)
    {
        _catalog = catalog;
        _topics = topics;
        _source = Encoding.UTF8.GetBytes(topics.Source);
    }

    public override ActorKind<DeviceActor, Reading> ForShard() => new DeviceKind(_catalog, _topics);

    public override bool Admit(in Record record, Reading message, long nowInMs)
    {
        ContentForm form = ContentForm.Json;
        CloudEventAttributes attributes = default;
        if (record.HasHeaders)
        {
            record.TryGetHeader("content-type"u8, out ReadOnlySpan<byte> contentType);
            bool isEvent = record.TryGetHeader("ce_specversion"u8, out ReadOnlySpan<byte> version);
            form = ContentForms.Of(contentType, isEvent);
            if (isEvent)
            {
                attributes = AttributesOf(record, version, contentType);
            }
        }

        if (ReadingParser.TryParse(record.Value, form, attributes, nowInMs, message, out Refusal? refusal))
        {
            return true;
        }

        Refusal = new RecordRefusal(refusal.Reason, refusal.Field, refusal.Message);
        return false;
    }

    public override ReadOnlySpan<byte> KeyOf(Reading message) => message.DeviceId;

    public override DeviceActor Create(string key) => new(key, new Device(key));

    public override DeviceActor Restore(string key, ReadOnlySpan<byte> snapshot) => new(key, Device.Restore(key, snapshot, _catalog));

    public override void Prefetch(DeviceActor actor) => actor.Device.Prefetch();

    public override Reaction Receive(DeviceActor actor, Reading message, long nowInMs) =>
        ReactionOf(actor.Device.Apply(message, _catalog, nowInMs));

    public override Reaction Wake(DeviceActor actor, long nowInMs) => ReactionOf(actor.Device.Wake(nowInMs));

    public override long DueOf(DeviceActor actor) => actor.Device.DueInMs ?? long.MaxValue;

    public override int SizeOf(DeviceActor actor) => actor.Device.SizeInBytes;

    public override void Write(DeviceActor actor, CommitDraft draft)
    {
        _draft = draft;
        _actor = actor;
        _isShownAnew = false;
        Device device = actor.Device;
        device.Drain(this);
        foreach (MemberUpdate member in device.Members())
        {
            _windows.AddMember(device.Area, member);
        }

        if (_isShownAnew)
        {
            Show(device);
        }

        device.Save(draft.Snapshot);
    }

    public override void EndWrite(CommitDraft draft)
    {
        Tell(draft, _anomalies, Lane.Urgent);
        Tell(draft, _windows, Lane.Bulk);
    }

    byte[]? IDescribesActors.Describe(Actor actor)
    {
        _body.ResetWrittenCount();
        DeviceJson.Write(_body, ((DeviceActor)actor).Device);
        return _body.WrittenSpan.ToArray();
    }

    byte[]? IDescribesActors.RecentHistory(Actor actor) => ((DeviceActor)actor).Device.RecentHistory.ToArray();

    void IDeviceOutput.Registered(DeviceRegistration registration)
    {
        _isShownAnew = true;
        Journal("registered", registration);
    }

    void IDeviceOutput.Moved(DeviceRegistration registration, string fromArea)
    {
        _isShownAnew = true;
        Journal("moved", registration);
        foreach (MemberUpdate member in _actor.Device.Members())
        {
            _windows.AddMember(fromArea, member with { Devices = 0 });
        }
    }

    void IDeviceOutput.Anomaly(AnomalyEvent anomaly)
    {
        _isShownAnew = true;
        _body.ResetWrittenCount();
        AnomalyJson.Write(_body, anomaly);
        string state = anomaly.IsRaised ? "raised" : "cleared";
        _draft.BeginRecord(Lane.Urgent, _topics.Anomalies, _actor.KeySpan);
        _draft.CloudEvent($"{anomaly.Id}/{state}", _topics.Source, "streams.anomaly." + state, anomaly.DeviceId, anomaly.TimeInMs);
        _draft.BeginValue().Write(_body.WrittenSpan);
        _draft.EndRecord();
        _draft.Journal(_actor, anomaly.TimeInMs, "anomaly_" + state, _body.WrittenSpan);
        _draft.Put(new Document(AnomalyEndpoints.Collection, anomaly.Id, anomaly.Area, anomaly.DeviceId, state, anomaly.SinceInMs, default), _body.WrittenSpan);
        _anomalies.AddAnomaly(anomaly.Area, new AnomalyNotice
        {
            Id = anomaly.Id,
            DeviceId = anomaly.DeviceId,
            Type = anomaly.Type,
            Metric = anomaly.Metric,
            Kind = anomaly.Kind.Word(),
            IsRaised = anomaly.IsRaised,
            TimeInMs = anomaly.TimeInMs,
            SinceInMs = anomaly.SinceInMs,
            Value = anomaly.Value,
            Expected = anomaly.Expected,
            Score = anomaly.Score,
            Explanation = anomaly.Explanation,
        });
    }

    void IDeviceOutput.Closed(in ClosedWindow window)
    {
        Span<byte> id = stackalloc byte[512];
        if (!Utf8.TryWrite(
            id, CultureInfo.InvariantCulture,
            $"device:{_actor.Device.Id}/{window.Type}/{window.Metric}/{window.Size.Iso()}/{window.StartInMs / 1000}/{window.Revision}", out int idLength))
        {
            idLength = id.Length;
        }

        Span<byte> subject = stackalloc byte[256];
        "device:"u8.CopyTo(subject);
        _actor.KeySpan.CopyTo(subject[7..]);
        _draft.BeginRecord(Lane.Bulk, _topics.Aggregates, _actor.KeySpan);
        _draft.CloudEvent(id[..idLength], _source, "streams.aggregate"u8, subject[..(7 + _actor.KeySpan.Length)], window.EndInMs, "application/json"u8);
        AggregateJson.Write(_draft.BeginValue(), subject[..(7 + _actor.KeySpan.Length)], in window, members: 1);
        _draft.EndRecord();
        _windows.AddWindow(
            _actor.Device.Area, window.Type, window.Metric, window.Unit, window.Size, window.StartInMs, in window.Added, in window.AddedSketch, window.Revision > 0);
    }

    void IDeviceOutput.History(long sequence, long fromInMs, long toInMs, ReadOnlySpan<byte> rows) =>
        _draft.History(_actor, sequence, fromInMs, toInMs, rows);

    private static CloudEventAttributes AttributesOf(in Record record, ReadOnlySpan<byte> version, ReadOnlySpan<byte> contentType)
    {
        record.TryGetHeader("ce_id"u8, out ReadOnlySpan<byte> id);
        record.TryGetHeader("ce_source"u8, out ReadOnlySpan<byte> source);
        record.TryGetHeader("ce_type"u8, out ReadOnlySpan<byte> type);
        record.TryGetHeader("ce_subject"u8, out ReadOnlySpan<byte> subject);
        record.TryGetHeader("ce_time"u8, out ReadOnlySpan<byte> time);
        return new CloudEventAttributes
        {
            SpecVersion = version, Id = id, Source = source, Type = type, Subject = subject, Time = time, ContentType = contentType,
        };
    }

    private static void Tell(CommitDraft draft, ObservationBuilder builder, Lane lane, string topic)
    {
        if (builder.IsEmpty)
        {
            return;
        }

        foreach ((string area, Observation observation) in builder.Observations)
        {
            draft.BeginRecord(lane, topic, Encoding.UTF8.GetBytes(area), numbered: true);
            draft.Header("content-type"u8, "application/x-streams-observation"u8);
            ObservationCodec.Write(observation, draft.BeginValue());
            draft.EndRecord();
        }

        builder.Clear();
    }

    private void Tell(CommitDraft draft, ObservationBuilder builder, Lane lane) => Tell(draft, builder, lane, _topics.Observations);

    private void Show(Device device)
    {
        _body.ResetWrittenCount();
        DeviceJson.Write(_body, device);
        _draft.Put(
            new Document(DeviceEndpoints.Collection, device.Id, device.Area, device.Type, device.State.ToString().ToLowerInvariant(), device.RegisteredAtInMs, default),
            _body.WrittenSpan);
    }

    private void Journal(string type, DeviceRegistration registration)
    {
        _body.ResetWrittenCount();
        DeviceJson.WriteRegistration(_body, registration);
        _draft.Journal(_actor, _actor.Device.LastSeenInMs, type, _body.WrittenSpan);
    }

    private static Reaction ReactionOf(Outcome outcome) => outcome switch
    {
        _ => Reaction.Quiet,
    };
}
