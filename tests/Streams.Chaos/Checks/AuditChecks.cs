using System.Text.Json;
using Streams.Chaos.Cluster;
using Streams.Runtime.Audit;

namespace Streams.Chaos.Checks;

/// <summary>I12: the audit chain has no break, says everything that it says on Kafka too, and nothing twice.</summary>
internal static class AuditChecks
{
    /// <summary>Whether all entries that there are were seen on Kafka: nodes tell them every few seconds.</summary>
    public static bool IsPublished(ChaosCluster cluster)
    {
        long stored = cluster.TryAsk("SELECT count(*) FROM audit") ?? long.MaxValue;
        bool isPublished = false;
        cluster.Facts.Locked(() => isPublished = cluster.Facts.Audited.Count >= stored);
        return isPublished;
    }

    /// <returns>Entries.</returns>
    public static long Check(ChaosCluster cluster)
    {
        AuditChain chain = new(AuditLink.Beginning, AuditLink.Beginning, 0);
        cluster.Query("SELECT head_number, head_hash FROM audit_chain", row => chain = new AuditChain(new AuditLink(row.GetInt64(0), row.GetString(1)), AuditLink.Beginning, 0));
        AuditWalk walk = new(chain);
        string? fault = null;
        List<string> ids = [];
        cluster.Query("SELECT id, body FROM audit ORDER BY number", row =>
        {
            ids.Add(row.GetString(0));
            using JsonDocument entry = JsonDocument.Parse(row.GetFieldValue<byte[]>(1));
            fault ??= walk.Step(entry.RootElement);
        });
        if ((fault ?? walk.End()) is { } broken)
        {
            cluster.Violations.Add("I12", "the audit chain", broken, "whole");
        }

        cluster.Facts.Locked(() =>
        {
            foreach (string id in ids.Where(id => !cluster.Facts.Audited.Contains(id)).Take(20))
            {
                cluster.Violations.Add("I12", $"audit entry {id}", "is in the store and was not published", "published");
            }

            foreach (string id in cluster.Facts.Audited.Except(ids).Take(20))
            {
                cluster.Violations.Add("I12", $"audit entry {id}", "was published and is not in the store", "both");
            }
        });
        return ids.Count;
    }
}
