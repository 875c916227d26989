namespace Streams.Domain.Alerts;

/// <summary>
/// Which alert tells of which of the times that a condition held, as they are known by now. News of what was before may move an onset, make one time
/// of two, or two of one; an alert's id, which has the onset in it that was known first, stays.
/// </summary>
internal static class LifeMatch
{
    /// <summary>
    /// How well they fit, best first. An alert belongs to the time that its id names; only if there is no such time any more does it follow
    /// one that it has told of. One that is over, and only waits to be published, gives way to one that stands.
    /// </summary>
    private static readonly Func<AlertLife, Period, bool>[] Fits =
    [
        static (life, period) => !life.HasEnded && life.IsNamedBy(period),
        static (life, period) => !life.HasEnded && AlertLife.NameOf(period.StartInMs) <= life.NameInMs && life.NameInMs <= period.EndInMs,
        static (life, period) => life.IsNamedBy(period),
        static (life, period) => !life.HasEnded && period.Overlaps(life.Period.StartInMs, life.Period.EndInMs),
        static (life, period) => period.Overlaps(life.Period.StartInMs, life.Period.EndInMs),
    ];

    /// <summary>For each period its alert; null for those that none tells of. No alert tells of two.</summary>
    /// <param name="periods">In order; no two begin within the same second.</param>
    public static AlertLife?[] Of(List<Period> periods, List<AlertLife> lives)
    {
        var found = new AlertLife?[periods.Count];
        if (lives.Count == 0)
        {
            return found;
        }

        foreach (Func<AlertLife, Period, bool> fits in Fits)
        {
            for (int i = 0; i < found.Length; i++)
            {
                found[i] ??= lives.Find(life => fits(life, periods[i]) && Array.IndexOf(found, life) < 0);
            }
        }

        return found;
    }
}
