namespace Streams.Domain.Cap;

/// <summary>Takes up what is found in one document, up to a limit.</summary>
internal sealed class CapFindings(CapLimits limits)
{
    private readonly List<CapFinding> _found = [];
    private int _leftOut;

    public CapLimits Limits { get; } = limits;

    public bool AnyRefused { get; private set; }

    public void Refuse(XmlTree where, string rule, string what, string allowed) =>
        Add(new CapFinding(CapFindingKind.Refused, rule, where.Line, where.Path, what, allowed));

    public void Advise(XmlTree where, string rule, string what, string allowed) =>
        Add(new CapFinding(CapFindingKind.Advice, rule, where.Line, where.Path, what, allowed));

    public void Add(CapFinding finding)
    {
        AnyRefused |= finding.Kind == CapFindingKind.Refused;
        if (_found.Count < Limits.MaxFindings)
        {
            _found.Add(finding);
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
