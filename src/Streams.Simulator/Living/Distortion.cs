using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>What is wrong with a device at the moment: the faults of scenarios that picked it, and mishaps of its own.</summary>
internal sealed class Distortion
{
    private readonly List<Part> _parts = [];

    /// <summary>What stuck devices show: by device, metric and what made it stick, from their first reading as such on. Cleared when it is a lot; they stick anew then.</summary>
    private readonly Dictionary<(int Device, int Metric, ulong Seed), double> _stuck = [];

    private double _ageing;
    private int _device;
    private long _timeInMs;

    /// <summary>Says nothing at all.</summary>
    public bool IsSilent { get; private set; }

    /// <summary>Its readings are held back until then, event time; 0 where they are not.</summary>
    public long HeldUntilInMs { get; private set; }

    public bool Repeats { get; private set; }

    public bool IsAny => _parts.Count > 0 || _ageing > 0 || IsSilent || Repeats || HeldUntilInMs != 0;

    public void Clear(int device, long timeInMs)
    {
        (_device, _timeInMs) = (device, timeInMs);
        _parts.Clear();
        (IsSilent, Repeats, HeldUntilInMs, _ageing) = (false, false, 0, 0);
    }

    /// <summary>Ages: each number is off by a share of itself that grows to 8 % in four days.</summary>
    public void Age(double hours) => _ageing = Math.Min(0.08, hours / 1200);

    /// <param name="fullness">0 to 1.</param>
    /// <param name="hours">Since it began.</param>
    /// <param name="metric">Null for all numbers.</param>
    public void Add(DeviceFault kind, byte[]? metric, double amount, double fullness, double hours, ulong seed)
    {
        switch (kind)
        {
            case DeviceFault.Silent:
                IsSilent = true;
                break;
            case DeviceFault.Repeats:
                Repeats = true;
                break;
            case DeviceFault.Late:
                // In bursts: everything of some minutes together.
                const long BurstInMs = 8 * 60_000;
                HeldUntilInMs = ((_timeInMs / BurstInMs) + 1) * BurstInMs;
                break;
            default:
                _parts.Add(new Part(kind, metric, amount, fullness, hours, seed));
                break;
        }
    }

    /// <summary>What is shown in the place of a number.</summary>
    public double Distort(ReadOnlySpan<byte> name, double value, bool isCounter = false)
    {
        value *= isCounter ? 1 : 1 + _ageing;
        foreach (Part part in _parts)
        {
            if (part.Metric is null ? isCounter && part.Kind != DeviceFault.Stuck : !name.SequenceEqual(part.Metric))
            {
                continue;
            }

            switch (part.Kind)
            {
                case DeviceFault.Offset:
                    value += part.Amount * part.Fullness;
                    break;
                case DeviceFault.Drift:
                    value += part.Amount * part.Hours * part.Fullness;
                    break;
                case DeviceFault.Spikes when Chance.Even(Chance.Mix(part.Seed, _timeInMs)) < 0.08:
                    value += part.Amount;
                    break;
                case DeviceFault.Shows:
                    value = part.Amount;
                    break;
                case DeviceFault.Stuck:
                    value = Stuck(name, value, part.Seed);
                    break;
            }
        }

        return value;
    }

    /// <summary>Whether a state is shown that is not the true one.</summary>
    public bool IsShown(ReadOnlySpan<byte> name, ref double value)
    {
        double before = value;
        foreach (Part part in _parts)
        {
            if (part.Metric is not null && name.SequenceEqual(part.Metric))
            {
                value = part.Kind == DeviceFault.Shows ? part.Amount : part.Kind == DeviceFault.Stuck ? Stuck(name, value, part.Seed) : value;
            }
        }

        return value != before;
    }

    private double Stuck(ReadOnlySpan<byte> name, double value, ulong seed)
    {
        int metric = name.Length;
        foreach (byte letter in name)
        {
            metric = unchecked((metric * 31) + letter);
        }

        const int MostStuck = 100_000;
        if (_stuck.Count >= MostStuck)
        {
            _stuck.Clear();
        }

        (int, int, ulong) key = (_device, metric, seed);
        if (!_stuck.TryGetValue(key, out double kept))
        {
            _stuck.Add(key, kept = value);
        }

        return kept;
    }

    private readonly record struct Part(DeviceFault Kind, byte[]? Metric, double Amount, double Fullness, double Hours, ulong Seed);
}
