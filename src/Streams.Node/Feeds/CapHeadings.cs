using System.Collections.Concurrent;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds;

/// <summary>What an entry of a feed says of a CAP document.</summary>
internal sealed record CapHeading(string Identifier, DateTimeOffset Sent, CapMessageType Type, AlertSeverity Severity, IReadOnlyList<CapHeading.Text> Texts)
{
    public sealed record Text(string Language, string Title, string Summary, string Area, IReadOnlyList<AlertCategory> Categories);

    /// <summary>In the language asked for, or one of its kin (<c>fr</c> for <c>fr-FR</c>), else in the alert's first.</summary>
    public Text In(string? language) => language is null ? Texts[0]
        : Texts.FirstOrDefault(text => text.Language.Equals(language, StringComparison.OrdinalIgnoreCase))
            ?? Texts.FirstOrDefault(text => text.Language.Split('-')[0].Equals(language.Split('-')[0], StringComparison.OrdinalIgnoreCase))
            ?? Texts[0];
}

/// <summary>Headings of documents, kept by identifier, for documents never change and reading one costs a hundred times looking it up. Thread-safe.</summary>
internal sealed class CapHeadings
{
    /// <summary>Ten pages; some 2 KB each. When it is full it begins anew.</summary>
    private const int Most = 1_000;

    private readonly ConcurrentDictionary<string, CapHeading?> _known = new(StringComparer.Ordinal);

    /// <summary>Null for a document that can not be read, which the store should not hold.</summary>
    public CapHeading? Of(Document document)
    {
        if (_known.TryGetValue(document.Id, out CapHeading? known))
        {
            return known;
        }

        if (_known.Count >= Most)
        {
            _known.Clear();
        }

        return _known[document.Id] = Read(document.Body);
    }

    private static CapHeading? Read(ReadOnlyMemory<byte> document) => CapReader.Read(document).Alert is { Infos.IsEmpty: false } alert
        ? new CapHeading(alert.Identifier, alert.Sent, alert.MessageType, alert.Infos[0].Severity, [.. alert.Infos.Select(Text)])
        : null;

    private static CapHeading.Text Text(CapInfo info)
    {
        string summary = string.Join("\n\n", new[] { info.Description, info.Instruction }.Where(text => !string.IsNullOrWhiteSpace(text)));
        return new CapHeading.Text(
            info.Language ?? CapInfo.DefaultLanguage, info.Headline ?? info.Event, summary.Length > 0 ? summary : info.Headline ?? info.Event,
            string.Join(", ", info.Areas.Select(area => area.Description)), [.. info.Categories]);
    }
}
