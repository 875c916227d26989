using System.Diagnostics;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Runtime.Log;

namespace Streams.Benchmarks.Devices;

/// <summary>One thread, no broker, no store: what parsing a reading and what applying it costs.</summary>
internal static class MicroCommand
{
    private const int Group = 16;

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 10_000, 1, 1_000_000);
        int interval = (int)(options.Number("interval", 1, 0.001, 86_400) * 1000);
        int count = options.Whole("readings", 2_000_000, 1, 20_000_000);
        string? json = options.MaybeText("json");
        options.Finish();

        Workload workload = Workload.EndingNow(devices, interval, count, 0.0005);
        (byte[] records, int[] starts) = Write(workload);
        FigureList figures = new(FormattableString.Invariant($"micro: {workload.Count:N0} readings of {devices:N0} devices every {interval / 1000.0} s, one thread"));
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Reading reading = new();
        for (int run = 0; run < 2; run++)
        {
            bool tell = run == 1;
            Measure(tell ? "parse" : null, () => Parse(0, workload.Count));
            LiveDevices alone = new(devices, interval);
            Measure(tell ? "parse, look up, apply: one at a time, first half" : null, () => alone.Apply(records, starts, 0, workload.Count / 2, now), workload.Count / 2);
            Measure(tell ? "parse, look up, apply: one at a time, second half" : null, () => alone.Apply(records, starts, workload.Count / 2, workload.Count, now), workload.Count / 2);
            LiveDevices grouped = new(devices, interval);
            Measure(tell ? "parse, look up, apply: groups of 16, first half" : null, () => grouped.ApplyGroups(records, starts, 0, workload.Count / 2, now), workload.Count / 2);
            Measure(tell ? "parse, look up, apply: groups of 16, second half" : null, () => grouped.ApplyGroups(records, starts, workload.Count / 2, workload.Count, now), workload.Count / 2);
            if (tell)
            {
                figures.Add("said: windows", grouped.Windows, "");
                foreach ((string kind, long raised) in grouped.Anomalies)
                {
                    figures.Add($"said: {kind} anomalies raised", raised, "");
                }
            }
        }

        return figures.Finish(json);

        void Parse(int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                if (!ReadingParser.TryParse(records.AsSpan(starts[i]..starts[i + 1]), now, reading, out Refusal? refusal))
                {
                    throw new InvalidOperationException(refusal.Message);
                }
            }
        }

        void Measure(string? name, Action work, int? of = null)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            work();
            cpu = Environment.CpuUsage.TotalTime - cpu;
            double nanos = Stopwatch.GetElapsedTime(started).TotalNanoseconds / (of ?? workload.Count);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (name is not null)
            {
                figures.Add(name, nanos, "ns");
                figures.Add(name + ", CPU", cpu.TotalNanoseconds / (of ?? workload.Count), "ns");
                figures.Add(name + ", allocated", (double)allocated / (of ?? workload.Count), "B");
            }
        }
    }

    private static (byte[] Records, int[] Starts) Write(Workload workload)
    {
        byte[] records = new byte[workload.Count * 120];
        int[] starts = new int[workload.Count + 1];
        Span<byte> key = stackalloc byte[64];
        Span<byte> value = stackalloc byte[Workload.LargestInBytes];
        int at = 0;
        for (int i = 0; i < workload.Count; i++)
        {
            int length = workload.Write(i, key, out _, value);
            if (at + length > records.Length)
            {
                Array.Resize(ref records, records.Length + (records.Length / 4));
            }

            value[..length].CopyTo(records.AsSpan(at));
            at += length;
            starts[i + 1] = at;
        }

        return (records, starts);
    }

    /// <summary>Devices found by the bytes of their id, and what they say taken from them.</summary>
    private sealed class LiveDevices(int devices, int intervalInMs)
    {
        private readonly DeviceCatalog _catalog = new([BenchCity.Sensor(intervalInMs, secondMetric: false)]);
        private readonly Reading[] _readings = [.. Enumerable.Range(0, Group).Select(_ => new Reading())];
        private readonly Device[] _found = new Device[Group];
        private readonly CountingOutput _output = new();
        private readonly (uint Hash, byte[] Id, Device? Device)[] _slots = new (uint, byte[], Device?)[System.Numerics.BitOperations.RoundUpToPowerOf2((uint)devices * 2)];

        public long Windows => _output.Windows;

        public SortedDictionary<string, long> Anomalies => _output.Anomalies;

        public void Apply(byte[] records, int[] starts, int from, int to, long now)
        {
            for (int i = from; i < to; i++)
            {
                Parse(records, starts, i, 0, now);
                Apply(0, now);
            }
        }

        public void ApplyGroups(byte[] records, int[] starts, int from, int to, long now)
        {
            for (int i = from; i < to; i += Group)
            {
                int count = Math.Min(Group, to - i);
                for (int j = 0; j < count; j++)
                {
                    Parse(records, starts, i + j, j, now);
                    _found[j].Prefetch();
                }

                for (int j = 0; j < count; j++)
                {
                    Apply(j, now);
                }
            }
        }

        private void Parse(byte[] records, int[] starts, int i, int j, long now)
        {
            if (!ReadingParser.TryParse(records.AsSpan(starts[i]..starts[i + 1]), now, _readings[j], out Refusal? refusal))
            {
                throw new InvalidOperationException(refusal.Message);
            }

            _found[j] = Find(_readings[j].DeviceId);
        }

        private void Apply(int j, long now)
        {
            Outcome outcome = _found[j].Apply(_readings[j], _catalog, now);
            if (outcome.Kind >= OutcomeKind.Speaks)
            {
                _found[j].Drain(_output);
            }
        }

        private Device Find(ReadOnlySpan<byte> id)
        {
            uint hash = Partitioner.Murmur2(id);
            uint mask = (uint)_slots.Length - 1;
            for (uint at = hash & mask; ; at = (at + 1) & mask)
            {
                ref (uint Hash, byte[] Id, Device? Device) slot = ref _slots[at];
                if (slot.Device is null)
                {
                    slot = (hash, id.ToArray(), new Device(System.Text.Encoding.UTF8.GetString(id)));
                }

                if (slot.Hash == hash && id.SequenceEqual(slot.Id))
                {
                    return slot.Device!;
                }
            }
        }
    }
}
