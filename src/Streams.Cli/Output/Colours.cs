namespace Streams.Cli.Output;

/// <summary>The severities and states that matter most stand out.</summary>
internal static class Colours
{
    public static string? Of(string word) => word switch
    {
        "Extreme" or "Severe" or "silent" or "fenced" or "lost" or "failed" or "forbidden" or "awaits_person" or "undo_awaits_person" => "red",
        "Moderate" or "raised" or "anomalous" or "active" or "late" or "draining" or "drained" or "open" or "awaits_approval" or "backing_off" => "yellow",
        "Minor" or "acknowledged" or "ending" or "under_way" or "being_undone" => "aqua",
        "cleared" or "expired" or "cancelled" or "closed" or "skipped" or "undone" or "waiting" => "grey",
        "ok" or "ready" or "live" or "working" or "came" or "running" or "done" => "green",
        _ => null,
    };

    /// <summary>CAP's severities, the worst first; what is none of them comes after.</summary>
    public static int RankOf(string severity) => Array.IndexOf(Severities, severity) is >= 0 and int rank ? rank : Severities.Length;

    public static readonly string[] Severities = ["Extreme", "Severe", "Moderate", "Minor"];
}
