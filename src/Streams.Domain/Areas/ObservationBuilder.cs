using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// Collects what a chunk of devices has to tell their areas, merging the windows of devices of one area, so that a busy area
/// gets one observation for each chunk and not one for each device. Reusable: after <see cref="Clear"/> little new is allocated.
/// </summary>
public sealed class ObservationBuilder
{
    private readonly Dictionary<string, Part> _parts = new(StringComparer.Ordinal);
    private readonly List<Part> _used = [];
    private Part? _last;

    /// <summary>The areas spoken to since the last <see cref="Clear"/>, each with its observation, in the order they first came up.</summary>
    public IEnumerable<(string Area, Observation Observation)> Observations
    {
        get
        {
            foreach (Part part in _used)
            {
                yield return (part.Area, part.Observation);
            }
        }
    }

    public bool IsEmpty => _used.Count == 0;

    /// <summary>A device's closed window, or what came late to one (a revision): the new value alone.</summary>
    /// <param name="isRevision">True if the device has sent this window before: it is not counted as a member again.</param>
    public void AddWindow(
        string area, string type, string metric, string unit, WindowSize size, long startInMs,
        in Moments moments, in QuantileSketch sketch, bool isRevision)
    {
        Part part = PartOf(area);
        PartialWindow window = part.WindowOf(type, metric, unit, size, startInMs);
        window.Moments.Merge(in moments);
        window.Sketch.Merge(in sketch);
        window.Members += isRevision ? 0 : 1;
    }

    /// <summary>Where a device stands; of several for one device and type, the last counts.</summary>
    public void AddMember(string area, in MemberUpdate member)
    {
        Part part = PartOf(area);
        if (part.MemberAt.TryGetValue((member.Id, member.Type), out int at))
        {
            part.Observation.Members[at] = member;
            return;
        }

        part.MemberAt.Add((member.Id, member.Type), part.Observation.Members.Count);
        part.Observation.Members.Add(member);
    }

    public void AddAnomaly(string area, AnomalyNotice anomaly) => PartOf(area).Observation.Anomalies.Add(anomaly);

    public void Clear()
    {
        foreach (Part part in _used)
        {
            part.GiveBack();
        }

        _used.Clear();
        _parts.Clear();
        _last = null;
    }

    private Part PartOf(string area)
    {
        if (_last is { } last && ReferenceEquals(last.Area, area))
        {
            return last;
        }

        if (!_parts.TryGetValue(area, out Part? part))
        {
            part = Part.Take(area);
            _parts.Add(area, part);
            _used.Add(part);
        }

        _last = part;
        return part;
    }

    private sealed class Part
    {
        /// <summary>Spare ones a thread keeps, for the areas of one commit.</summary>
        private const int MostSpare = 512;

        [ThreadStatic]
        private static Stack<Part>? _spare;

        private readonly Dictionary<(int Series, WindowSize Size, long StartInMs), PartialWindow> _windows = [];

        public string Area { get; private set; } = "";

        public Observation Observation { get; } = new();

        public Dictionary<(string Id, string Type), int> MemberAt { get; } = [];

        public static Part Take(string area)
        {
            Part part = _spare is { } spare && spare.TryPop(out Part? used) ? used : new Part();
            part.Area = area;
            return part;
        }

        public PartialWindow WindowOf(string type, string metric, string unit, WindowSize size, long startInMs)
        {
            int series = Observation.SeriesOf(type, metric, unit);
            if (!_windows.TryGetValue((series, size, startInMs), out PartialWindow? window))
            {
                window = Observation.AddWindow(series, size, startInMs);
                _windows.Add((series, size, startInMs), window);
            }

            return window;
        }

        public void GiveBack()
        {
            _windows.Clear();
            MemberAt.Clear();
            Observation.Clear();
            Stack<Part> spare = _spare ??= new Stack<Part>();
            if (spare.Count < MostSpare)
            {
                spare.Push(this);
            }
        }
    }
}
