using System.Collections.Immutable;
using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cap;
using Streams.Node.Configuration;
using Streams.Node.Feeds;

namespace Streams.Node.Actors;

/// <summary>What a document of another agency was found to be.</summary>
/// <param name="Alert">Null where it is refused.</param>
/// <param name="Signature"><c>none</c> or <c>good</c>.</param>
/// <param name="Refusals">Every reason: a stable rule, where, and what is wrong and allowed.</param>
internal sealed record CapJudgement(CapAlert? Alert, string Signature, IReadOnlyList<(string Rule, string At, string What)> Refusals);

/// <summary>Judges what other agencies send, the same over HTTP and from the topic, and says what it means for the city. Immutable; for several threads.</summary>
internal sealed class CapInlet(CapSettings settings, IEnumerable<AreaDescription> areas)
{
    /// <summary>UTF-8 bytes of a sender: it is an actor's id.</summary>
    public const int LongestSender = 200;

    private readonly CapPlaces _places = new(areas);

    /// <summary>What says more is looked at first.</summary>
    private readonly ImmutableArray<KeyValuePair<string, string>> _hazards = [.. settings.Hazards.OrderByDescending(each => each.Key.Length).ThenBy(each => each.Key, StringComparer.Ordinal)];

    public CapJudgement Judge(ReadOnlyMemory<byte> document, long nowInMs)
    {
        CapReading reading = CapReader.Read(document);
        List<(string, string, string)> refusals = [.. reading.Refusals.Select(finding => (finding.Rule, finding.Path, finding.ToString()))];
        if (reading.Alert is not { } alert)
        {
            return new CapJudgement(null, "none", refusals);
        }

        if (Encoding.UTF8.GetByteCount(alert.Sender) > LongestSender)
        {
            refusals.Add(("sender-too-long", "/alert/sender", $"the sender is longer than {LongestSender} bytes; a shorter name"));
        }

        if (alert.Status == AlertStatus.Draft)
        {
            refusals.Add(("draft", "/alert/status", "the status is Draft; what is not to be acted upon is not to be sent"));
        }

        SignatureVerdict verdict = CapSignature.Verify(document, settings.Trust, DateTimeOffset.FromUnixTimeMilliseconds(nowInMs));
        if (verdict.State == SignatureState.Bad)
        {
            refusals.AddRange(verdict.Reasons.Select(reason => (reason.Rule, "signature", $"the signature is bad: {reason.What}")));
        }
        else if (verdict.State == SignatureState.None && settings.Unsigned == UnsignedCap.Refuse)
        {
            refusals.Add(("unsigned", "signature", "the document is not signed; one signed by somebody who is trusted here (cap.unsigned, cap.trust in node.yaml)"));
        }

        return new CapJudgement(refusals.Count == 0 ? alert : null, verdict.State == SignatureState.Good ? "good" : "none", refusals);
    }

    public ImmutableArray<string> AreasOf(CapAlert alert) => _places.Of(alert);

    /// <summary>The playbook for the event; empty for none. A code says more than words, and words more than a category.</summary>
    public string HazardOf(CapAlert alert)
    {
        foreach (Func<CapInfo, string, bool> fits in s_fits)
        {
            foreach ((string key, string playbook) in _hazards)
            {
                if (alert.Infos.Any(info => fits(info, key)))
                {
                    return playbook;
                }
            }
        }

        return "";
    }

    private static readonly Func<CapInfo, string, bool>[] s_fits =
    [
        static (info, key) => info.EventCodes.Any(code => code.Value.Equals(key, StringComparison.OrdinalIgnoreCase)),
        static (info, key) => HoldsWords(info.Event, key),
        static (info, key) => info.Categories.Any(category => category.ToString().Equals(key, StringComparison.OrdinalIgnoreCase)),
    ];

    /// <summary>"Flood" is in "Flood warning" and not in "Floodlights out".</summary>
    private static bool HoldsWords(string text, string words)
    {
        for (int at = text.IndexOf(words, StringComparison.OrdinalIgnoreCase); at >= 0; at = text.IndexOf(words, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            int end = at + words.Length;
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
            {
                return true;
            }
        }

        return false;
    }
}
