using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Benchmarks.History;

/// <summary>Writes what devices hand to history into a store, and counts it by part.</summary>
internal sealed class StoredHistory : IDeviceOutput, IDisposable
{
    private const int RowsAtOnce = 500;
    private const byte Kind = 1;

    private static readonly ShardId Shard = new(Kind, 0);

    private readonly IReadOnlyList<IStore> _stores;
    private readonly IReadOnlyList<ShardClaim> _claims;
    private readonly List<HistoryRow> _rows = [];
    private readonly List<ActorRow> _actors = [];
    private long _number;

    public StoredHistory(params IReadOnlyList<IStore> stores)
    {
        _stores = stores;
        foreach (IStore store in stores)
        {
            store.Open(new StoreLayout("bench", "bench", new Dictionary<byte, KindLayout> { [Kind] = new("device", 1) }));
        }

        _claims = [.. stores.Select(store => store.Claim(Shard, "bench", "log", DateTimeOffset.UtcNow))];
    }

    public long[] Rows { get; } = new long[6];

    /// <summary>Bytes of the rows' bodies.</summary>
    public long[] Bodies { get; } = new long[6];

    public long[] Windows { get; } = new long[6];

    public int Device { get; private set; } = -1;

    /// <summary>Makes a device known; the first has number 0.</summary>
    public void Begin(string device)
    {
        Device++;
        _actors.Add(new ActorRow(Device, device, isNew: true, dueInMs: null, new byte[] { 0 }));
    }

    /// <summary>What comes from now on is of this device, begun before.</summary>
    public void Return(int device) => Device = device;

    public void Flush()
    {
        for (int i = 0; i < _stores.Count; i++)
        {
            ShardCommit commit = new()
            {
                Shard = Shard, Epoch = _claims[i].Epoch, Number = _number + 1, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0],
            };
            commit.Actors.AddRange(_actors);
            commit.History.AddRange(_rows);
            _stores[i].Commit([commit]);
        }

        _number++;
        _actors.Clear();
        _rows.Clear();
    }

    public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
    {
        Rows[(int)part]++;
        Bodies[(int)part] += body.Length;
        _rows.Add(new HistoryRow(Device, (byte)part, fromInMs, body.ToArray()));
        if (_rows.Count >= RowsAtOnce)
        {
            Flush();
        }
    }

    public void Closed(in ClosedWindow window) => Windows[(int)window.Size]++;

    public void Dispose()
    {
        foreach (IStore store in _stores)
        {
            store.Dispose();
        }
    }

    public void Registered(DeviceRegistration registration)
    {
    }

    public void Moved(DeviceRegistration registration, string fromArea)
    {
    }

    public void Anomaly(AnomalyEvent anomaly)
    {
    }
}
