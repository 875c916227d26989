using System.Collections.Immutable;
using Streams.Domain.Alerts;

namespace Streams.Node.Configuration;

/// <summary><c>texts/LANGUAGE.yaml</c>: what the rules say in further languages, each whole: no rule is to be found untranslated when it speaks.</summary>
/// <remarks><code>
/// texts:
///   fine-particles: { event: ..., headline: "{area}: ...", description: ..., instruction: ... }
/// </code></remarks>
internal static class AlertTextsFolder
{
    /// <summary>The languages of the Union are 24; more than this many files are no translations.</summary>
    private const int MostLanguages = 100;

    /// <summary>More names than this are no help to anybody.</summary>
    private const int MostNames = 10;

    /// <summary>What is wrong with a name is said with what it may have meant.</summary>
    private static readonly Form<string> AnyName = Form.Text(100);

    /// <summary>The rules with what the folder adds to them. It may be absent. Faults go to the list; what was read around them is still given.</summary>
    /// <param name="areRulesSound">False where their own file has faults: then nobody is blamed for what it does or does not name.</param>
    public static ImmutableArray<AlertRule> Read(string folder, ImmutableArray<AlertRule> rules, bool areRulesSound, ConfigurationFaults faults)
    {
        if (File.Exists(folder))
        {
            faults.Add(new YamlPlace(folder, 0, 0), "this is a file", "expected: a folder with a file for each further language");
        }

        string[] paths = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.y*ml").Order(StringComparer.Ordinal)] : [];
        if (paths.Length > MostLanguages)
        {
            faults.Add(new YamlPlace(folder, 0, 0), $"{paths.Length} languages lie here", $"allowed: at most {MostLanguages}");
        }

        if (paths.Length > 0 && areRulesSound && rules.IsEmpty)
        {
            faults.Add(new YamlPlace(folder, 0, 0), "there are texts in further languages, and no rules that could say them", "expected: the rules in alert-rules.yaml");
            return rules;
        }

        ILookup<string, AlertText> texts = paths.Take(MostLanguages).SelectMany(path => ReadFile(path, rules, areRulesSound, faults)).ToLookup(each => each.Rule, each => each.Text);
        return [.. rules.Select(rule => rule with { Translations = [.. texts[rule.Id]] })];
    }

    /// <summary>
    /// The languages that a city may be alerted in: those that every rule has, and the folder's, be they faulty or not, for each fault is named once.
    /// </summary>
    public static ImmutableArray<string> Languages(string folder, IReadOnlyList<AlertRule> rules)
    {
        IEnumerable<string> own = rules.SelectMany(rule => rule.Texts.Select(text => text.Language)).CountBy(language => language)
            .Where(each => each.Value == rules.Count).Select(each => each.Key);
        IEnumerable<string> further = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.y*ml").Select(path => Path.GetFileNameWithoutExtension(path)) : [];
        return [.. own.Concat(further.Order(StringComparer.Ordinal)).Distinct()];
    }

    private static List<(string Rule, AlertText Text)> ReadFile(string path, ImmutableArray<AlertRule> rules, bool areRulesSound, ConfigurationFaults faults)
    {
        string language = Path.GetFileNameWithoutExtension(path);
        if (Path.GetExtension(path) != ".yaml" || !AlertTextsSection.Language.TryRead(new YamlScalar(default, language, quoted: true), out _))
        {
            faults.Add(new YamlPlace(path, 0, 0), "nothing reads a file of this name", $"allowed: {AlertTextsSection.Language.Allowed}, ending in .yaml, such as nl.yaml");
            return [];
        }

        if (YamlFile.Open(path, faults) is not { } file)
        {
            return [];
        }

        List<(string Rule, AlertText Text)> texts = [];
        YamlSection section = file.Root.Section("texts", required: true);
        foreach ((string id, YamlSection text) in section.Entries(AnyName))
        {
            AlertRule? rule = rules.FirstOrDefault(each => each.Id == id);
            texts.Add((id, AlertTextsSection.ReadOne(language, text, needsInstruction: rule?.Texts[0].Instruction.Length > 0)));
        }

        if (areRulesSound && file.Root.Find("texts") is YamlMap)
        {
            CheckRules(file.Root, section, language, rules);
        }

        file.Finish();
        return texts;
    }

    /// <summary>Every rule once in the language, here or in <c>alert-rules.yaml</c>.</summary>
    private static void CheckRules(YamlSection root, YamlSection texts, string language, ImmutableArray<AlertRule> rules)
    {
        ILookup<bool, string> written = rules.ToLookup(rule => rule.Texts.Any(text => text.Language == language), rule => rule.Id);
        string[] twice = [.. texts.Keys.Intersect(written[true])];
        if (twice.Length > 0)
        {
            string others = twice.Length > 1 ? $", as have {twice.Length - 1} more here" : "";
            texts.Fault(twice[0], $"has a text in {language} in alert-rules.yaml already{others}", "each rule once in a language: take it out of one of the two");
        }

        List<string> missing = [.. written[false].Except(texts.Keys)];
        foreach (string unknown in texts.Keys.Except(rules.Select(rule => rule.Id)).ToArray())
        {
            // A misspelt name is one mistake, not two.
            string? meant = Spelling.Nearest(unknown, missing);
            missing.Remove(meant ?? "");
            texts.Fault(unknown, "is no rule" + (meant is null ? "" : $" (did you mean {meant}?)"), "the ids of alert-rules.yaml");
        }

        if (missing.Count > 0)
        {
            string more = missing.Count > MostNames ? $" and {missing.Count - MostNames} more" : "";
            root.Fault("texts", $"lack {string.Join(", ", missing.Take(MostNames))}{more}", "a text for every rule, or alerts would come in other languages only");
        }
    }
}
