namespace Streams.Domain.Cap;

/// <summary>Takes up what is found in one document, up to a limit.</summary>
internal sealed class CapFindings(CapLimits limits)
{
    private readonly List<CapFinding> _found = [];
    private int _leftOut;

    public CapLimits Limits { get; } = limits;

    public bool AnyRefused { get; private set; }

    public void Refuse(XmlTree where, string rule, string what, string allowed) => Add(CapFindingKind.Refused, where, rule, what, allowed);

    public void Advise(XmlTree where, string rule, string what, string allowed) => Add(CapFindingKind.Advice, where, rule, what, allowed);

    private void Add(CapFindingKind kind, XmlTree where, string rule, string what, string allowed)
    {
        AnyRefused |= kind == CapFindingKind.Refused;
        if (_found.Count < Limits.MaxFindings)
        {
            // The path is looked up among all siblings: never for what is only counted.
            _found.Add(new CapFinding(kind, rule, where.Line, where.Path, what, allowed));
        }
        else
        {
            _leftOut++;
        }
    }

    /// <summary>By line; what was found first stays first within one.</summary>
    public CapList<CapFinding> InOrder()
    {
        IEnumerable<CapFinding> ordered = _found.OrderBy(finding => finding.Line);
        return CapList.From(_leftOut == 0 ? ordered
            : ordered.Append(new CapFinding(
                AnyRefused ? CapFindingKind.Refused : CapFindingKind.Advice, "more-findings", 0, "", $"{_leftOut} more findings are not listed", "put right what is listed first")));
    }
}
