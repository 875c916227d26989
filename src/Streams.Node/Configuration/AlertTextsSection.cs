using System.Collections.Immutable;
using Streams.Domain.Alerts;

namespace Streams.Node.Configuration;

/// <summary>A rule's <c>texts</c>: what its alerts say, by language.</summary>
internal static class AlertTextsSection
{
    public static readonly Form<string> Language = Form.Text("^[a-z]{2}(-[A-Z]{2})?$", "a language such as en or fr-FR");

    private static readonly Form<string> Text = Form.Text(2000);

    private static readonly ImmutableArray<string> Names = [.. AlertWording.Names.Keys.Order(StringComparer.Ordinal)];

    public static ImmutableArray<AlertText> Read(YamlSection rule)
    {
        YamlSection texts = rule.Section("texts", required: true);
        if (rule.IsSound("texts") && !texts.Keys.Any())
        {
            rule.Fault("texts", "are none", "texts in at least one language, such as en");
        }

        return [.. texts.Entries(Language).Select(entry => ReadOne(entry.Name, entry.Section, needsInstruction: false))];
    }

    /// <param name="needsInstruction">True where people are told what to do in another language.</param>
    public static AlertText ReadOne(string language, YamlSection text, bool needsInstruction) => new(
        language,
        Filled(text, "event", required: true),
        Filled(text, "headline", required: true),
        Filled(text, "description", required: true),
        Filled(text, "instruction", needsInstruction));

    private static string Filled(YamlSection section, string key, bool required)
    {
        string text = required ? section.Required(key, Text) : section.Optional(key, Text, "");
        if (AlertWording.UnknownNames(text).FirstOrDefault() is { } unknown)
        {
            section.Fault(
                key,
                $"has {{{unknown}}}, which nothing can fill{Spelling.DidYouMean(unknown, Names)}",
                $"in braces {string.Join(", ", Names)}, or a choice of words such as {{count:sensor|sensors}} (also of members)");
        }

        return text;
    }
}
