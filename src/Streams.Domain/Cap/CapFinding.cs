namespace Streams.Domain.Cap;

/// <summary>What a finding means for the document.</summary>
public enum CapFindingKind : byte
{
    /// <summary>The document is not CAP 1.2.</summary>
    Refused = 0,

    /// <summary>It is, and could be better.</summary>
    Advice = 1,
}

/// <summary>One thing that is wrong with a document.</summary>
/// <param name="Rule">Stable, lower-case words with hyphens, for programs; see docs/cap.md.</param>
/// <param name="Line">From 1; 0 for the document as a whole.</param>
/// <param name="Path">The element, such as <c>/alert/info[2]/area/polygon</c>; empty for the document as a whole.</param>
/// <param name="What">What is there.</param>
/// <param name="Allowed">What may be there, or what to do.</param>
public sealed record CapFinding(CapFindingKind Kind, string Rule, int Line, string Path, string What, string Allowed)
{
    public override string ToString() => (Line, Path) switch
    {
        (0, "") => $"{What}; {Allowed}",
        (_, "") => $"line {Line}: {What}; {Allowed}",
        _ => $"line {Line}, {Path}: {What}; {Allowed}",
    };
}

/// <summary>What came of reading a document.</summary>
/// <param name="Alert">Null if the document is refused.</param>
/// <param name="Findings">Every reason for a refusal, and advice, in the order of the document.</param>
public sealed record CapReading(CapAlert? Alert, CapList<CapFinding> Findings)
{
    public bool IsAccepted => Alert is not null;

    public IEnumerable<CapFinding> Refusals => Findings.Where(finding => finding.Kind == CapFindingKind.Refused);

    public IEnumerable<CapFinding> Advice => Findings.Where(finding => finding.Kind == CapFindingKind.Advice);
}
