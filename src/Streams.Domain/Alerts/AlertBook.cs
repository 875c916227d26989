using System.Runtime.InteropServices;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>
/// The last alerts of a case that are over: so that the same time does not raise one again, and what is said again under an id goes on counting its states.
/// </summary>
internal sealed class AlertBook
{
    private const int Most = 32;

    /// <summary>In order of the seconds that they are named by. What is forgotten lies before all that is kept.</summary>
    private readonly List<Entry> _entries = [];

    public IReadOnlyList<Entry> Entries => _entries;

    /// <summary>True if a period is not one of those that are over, or within the cool-down of one and no graver and no longer.</summary>
    public bool IsNew(AlertRule rule, Period period)
    {
        long coolDownInMs = (long)rule.CoolDown.TotalMilliseconds;
        long lastsUntil = period.IsOpen ? period.ConfirmedThroughInMs : period.EndInMs;
        foreach (Entry before in _entries)
        {
            if (before.IsWithdrawn)
            {
                continue;
            }

            bool isNear = period.StartInMs <= before.EndInMs + coolDownInMs && lastsUntil >= before.StartInMs - coolDownInMs;
            bool escapes = lastsUntil > before.EndInMs
                && (period.Severity > before.Severity || lastsUntil > before.EndInMs + coolDownInMs);
            if (isNear && !escapes)
            {
                return false;
            }
        }

        // With the book full, what is older than all of it may have been handled long ago.
        return _entries.Count < Most || AlertLife.NameOf(period.StartInMs) >= _entries[0].NameInMs;
    }

    /// <summary>What was said under the name, by the second of its onset; all zero if nothing was.</summary>
    public Entry Find(long nameInMs) => _entries.Find(entry => entry.NameInMs == nameInMs);

    public void Add(AlertLife life) => Add(new Entry(
        life.NameInMs, life.Period.StartInMs, life.Period.EndInMs, life.SentInMs, life.Revision, life.Period.Severity, IsWithdrawn: false));

    /// <summary>The rule was taken away: should it come back, what holds then is said, and under no id that was used for something else.</summary>
    public void Withdraw(IEnumerable<AlertLife> lives)
    {
        foreach (AlertLife life in lives)
        {
            Add(life);
        }

        foreach (ref Entry entry in CollectionsMarshal.AsSpan(_entries))
        {
            entry = entry with { IsWithdrawn = true };
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_entries.Count);
        foreach (Entry entry in _entries)
        {
            writer.Struct(in entry);
        }
    }

    /// <param name="version">Of the area's snapshot.</param>
    public void Restore(ref SnapshotReader reader, byte version)
    {
        int count = reader.Count(Most);
        for (int i = 0; i < count; i++)
        {
            if (version >= 4)
            {
                _entries.Add(reader.Struct<Entry>());
                continue;
            }

            // Until version 3 an alert that was over was known by when it began, as last known, and not by its id.
            EntryVersion3 old = reader.Struct<EntryVersion3>();
            Add(new Entry(AlertLife.NameOf(old.StartInMs), old.StartInMs, old.EndInMs, old.SentInMs, old.Revision, old.Severity, IsWithdrawn: false));
        }
    }

    private void Add(Entry added)
    {
        _entries.RemoveAll(entry => entry.NameInMs == added.NameInMs);
        int at = _entries.Count;
        while (at > 0 && _entries[at - 1].NameInMs > added.NameInMs)
        {
            at--;
        }

        _entries.Insert(at, added);
        if (_entries.Count > Most)
        {
            _entries.RemoveAt(0);
        }
    }

    /// <summary>An alert that is over. Stored as it lies in memory: change it with the snapshot's version.</summary>
    /// <param name="NameInMs">The second of the onset in its id.</param>
    /// <param name="StartInMs">Its onset as last known, which may be another.</param>
    /// <param name="IsWithdrawn">Its rule was taken away since: it stands in no new alert's way.</param>
    internal readonly record struct Entry(
        long NameInMs, long StartInMs, long EndInMs, long SentInMs, int Revision, AlertSeverity Severity, bool IsWithdrawn);

    private readonly record struct EntryVersion3(long StartInMs, long EndInMs, long SentInMs, int Revision, AlertSeverity Severity);
}
