namespace Streams.Runtime.Storage;

/// <summary>
/// Lineages that a store had until it was restored from a backup, each with the last outbox number of every source as the backup has it. Numbering goes on
/// after them, so all these lineages and the present one are one sequence; what an ended one numbered beyond its end belongs to a future that the
/// restored store does not know, and is done again.
/// </summary>
public sealed class EndedLineages
{
    public static readonly EndedLineages None = new([]);

    private readonly Dictionary<long, Dictionary<int, long>> _ends = [];

    /// <param name="ends">Lineage, source (see <see cref="Actors.SourceMarks.SourceOf"/>) and last number.</param>
    public EndedLineages(IEnumerable<(long Lineage, int Source, long Number)> ends)
    {
        foreach ((long lineage, int source, long number) in ends)
        {
            if (!_ends.TryGetValue(lineage, out Dictionary<int, long>? last))
            {
                _ends.Add(lineage, last = []);
            }

            last[source] = number;
        }
    }

    public bool IsEmpty => _ends.Count == 0;

    public bool Has(long lineage) => _ends.ContainsKey(lineage);

    /// <summary>Numbered after the backup that the store was restored from.</summary>
    public bool IsVoid(long lineage, int source, long number) => _ends.TryGetValue(lineage, out Dictionary<int, long>? last) && number > last.GetValueOrDefault(source);
}
