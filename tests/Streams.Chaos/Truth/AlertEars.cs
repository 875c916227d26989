using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Streams.Chaos.Checks;

namespace Streams.Chaos.Truth;

/// <summary>A state of an alert as it lies in the log, or as somebody outside of the cluster got it.</summary>
/// <param name="Print">Of its JSON, to the byte.</param>
/// <param name="AtInMs">When it was written to the log, or got.</param>
internal readonly record struct HeardState(int Revision, UInt128 Print, long AtInMs)
{
    /// <summary>Null for what is no alert.</summary>
    public static (string Alert, HeardState State)? Read(ReadOnlySpan<byte> json, long atInMs)
    {
        try
        {
            using JsonDocument alert = JsonDocument.Parse(json.ToArray());
            return (alert.RootElement.GetProperty("id").GetString()!, new HeardState(alert.RootElement.GetProperty("revision").GetInt32(), Publications.Print([], json), atInMs));
        }
        catch (Exception foreign) when (foreign is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }
}

/// <summary>What somebody got of alerts, in the order in which it came. Thread-safe.</summary>
internal sealed class AlertEars
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<HeardState>> _heard = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    /// <summary>What was got and is no alert at all, with a wrong signature, or not what was promised; in words.</summary>
    public ConcurrentQueue<string> Wrong { get; } = [];

    public void Hear(ReadOnlySpan<byte> json, long? atInMs = null)
    {
        if (HeardState.Read(json, atInMs ?? DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()) is not { } heard)
        {
            Wrong.Enqueue($"no alert: {Encoding.UTF8.GetString(json[..Math.Min(json.Length, 300)])}");
            return;
        }

        lock (_gate)
        {
            Count++;
            if (!_heard.TryGetValue(heard.Alert, out List<HeardState>? states))
            {
                _heard[heard.Alert] = states = [];
            }

            states.Add(heard.State);
        }
    }

    /// <summary>By alert.</summary>
    public Dictionary<string, HeardState[]> All()
    {
        lock (_gate)
        {
            return _heard.ToDictionary(each => each.Key, each => each.Value.ToArray(), StringComparer.Ordinal);
        }
    }
}
