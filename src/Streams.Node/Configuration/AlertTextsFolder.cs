using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;

namespace Streams.Node.Configuration;

/// <summary>
/// <c>texts/LANGUAGE.yaml</c>: what the rules say in further languages, and what each language calls units and metrics; each whole: nothing is to be found untranslated when an alert speaks.
/// </summary>
/// <remarks><code>
/// units: { km/h: km/u }
/// metrics: { pm2_5: fijnstof (PM2,5) }
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

    private static readonly Form<string> Word = Form.Text(60);

    /// <summary>The rules with what the folder adds to them, and names by language. It may be absent. Faults go to the list; what was read around them is still given.</summary>
    /// <param name="areRulesSound">False where their own file has faults: then nobody is blamed for what it does or does not name.</param>
    /// <param name="types">Null where their file has faults, likewise.</param>
    public static (ImmutableArray<AlertRule> Rules, ImmutableDictionary<string, AlertNames> Names) Read(
        string folder, ImmutableArray<AlertRule> rules, bool areRulesSound, IReadOnlyList<DeviceType>? types, ConfigurationFaults faults)
    {
        if (File.Exists(folder))
        {
            faults.Add(new YamlPlace(folder, 0, 0), "this is a file", "expected: a folder with a file for each language");
        }

        string[] paths = Directory.Exists(folder) ? [.. Directory.GetFiles(folder, "*.y*ml").Order(StringComparer.Ordinal)] : [];
        if (paths.Length > MostLanguages)
        {
            faults.Add(new YamlPlace(folder, 0, 0), $"{paths.Length} languages lie here", $"allowed: at most {MostLanguages}");
        }

        if (paths.Length > 0 && areRulesSound && rules.IsEmpty)
        {
            faults.Add(new YamlPlace(folder, 0, 0), "there are texts in further languages, and no rules that could say them", "expected: the rules in alert-rules.yaml");
            return (rules, ImmutableDictionary<string, AlertNames>.Empty);
        }

        string[] unnamed = paths.Length > 0 && areRulesSound ? [.. OwnLanguages(rules).Except(paths.Select(Path.GetFileNameWithoutExtension))!] : [];
        if (unnamed.Length > 0)
        {
            faults.Add(
                new YamlPlace(folder, 0, 0), $"{string.Join(" and ", unnamed.Select(language => language + ".yaml"))} {(unnamed.Length == 1 ? "is" : "are")} not here",
                "expected: the names of units and metrics in every language, those of alert-rules.yaml too");
        }

        LanguageFile[] files = [.. paths.Take(MostLanguages).Select(path => ReadFile(path, rules, areRulesSound, types, faults)).OfType<LanguageFile>()];
        ILookup<string, AlertText> texts = files.SelectMany(file => file.Texts).ToLookup(each => each.Rule, each => each.Text);
        return ([.. rules.Select(rule => rule with { Translations = [.. texts[rule.Id]] })], files.ToImmutableDictionary(file => file.Language, file => file.Names));
    }

    /// <summary>
    /// The languages that a city may be alerted in: those that every rule has, and the folder's, be they faulty or not, for each fault is named once.
    /// </summary>
    public static ImmutableArray<string> Languages(string folder, IReadOnlyList<AlertRule> rules)
    {
        IEnumerable<string> further = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.y*ml").Select(path => Path.GetFileNameWithoutExtension(path)) : [];
        return [.. OwnLanguages(rules).Concat(further.Order(StringComparer.Ordinal)).Distinct()];
    }

    /// <summary>Those that every rule has where it stands.</summary>
    private static IEnumerable<string> OwnLanguages(IReadOnlyList<AlertRule> rules) =>
        rules.SelectMany(rule => rule.Texts.Select(text => text.Language)).CountBy(language => language).Where(each => each.Value == rules.Count).Select(each => each.Key);

    private static LanguageFile? ReadFile(string path, ImmutableArray<AlertRule> rules, bool areRulesSound, IReadOnlyList<DeviceType>? types, ConfigurationFaults faults)
    {
        string language = Path.GetFileNameWithoutExtension(path);
        if (Path.GetExtension(path) != ".yaml" || !AlertTextsSection.Language.TryRead(new YamlScalar(default, language, quoted: true), out _))
        {
            faults.Add(new YamlPlace(path, 0, 0), "nothing reads a file of this name", $"allowed: {AlertTextsSection.Language.Allowed}, ending in .yaml, such as nl.yaml");
            return null;
        }

        if (YamlFile.Open(path, faults) is not { } file)
        {
            return null;
        }

        // Of a language that all rules have where they stand there is nothing more to say than names.
        string[] untold = [.. rules.Where(rule => !rule.Texts.Any(text => text.Language == language)).Select(rule => rule.Id)];
        List<(string Rule, AlertText Text)> texts = [];
        YamlSection section = file.Root.Section("texts", required: areRulesSound && untold.Length > 0);
        foreach ((string id, YamlSection text) in section.Entries(AnyName))
        {
            AlertRule? rule = rules.FirstOrDefault(each => each.Id == id);
            texts.Add((id, AlertTextsSection.ReadOne(language, text, needsInstruction: rule?.Texts[0].Instruction.Length > 0)));
        }

        if (areRulesSound && file.Root.Find("texts") is YamlMap)
        {
            CheckRules(file.Root, section, language, rules, untold);
        }

        IEnumerable<string> units = types is null ? [] : AlertNames.UnitsOf(types), words = types is null ? [] : AlertNames.WordsOf(types), metrics = types is null ? [] : AlertNames.MetricsOf(types);
        AlertNames names = new(
            ReadNames(file.Root, "units", [.. words], types is null ? null : [.. units], "is no unit that alerts have figures in", "units of device-types.yaml as readers of English know them"),
            ReadNames(file.Root, "metrics", [.. metrics], types is null ? null : [.. metrics], "is no metric", "the metrics of device-types.yaml"));
        file.Finish();
        return new LanguageFile(language, names, texts);
    }

    /// <param name="needed">Each is to be named.</param>
    /// <param name="known">All that may be named; null where that is not known.</param>
    private static KeyValuePair<string, string>[] ReadNames(YamlSection root, string key, string[] needed, string[]? known, string unknown, string allowed)
    {
        YamlSection section = root.Section(key, required: needed.Length > 0);
        string[] keys = [.. section.Keys];
        if (known is not null && root.Find(key) is YamlMap)
        {
            CheckAll(root, key, section, needed, known, unknown, allowed, "a name for each, or alerts would call it by its id");
        }

        return [.. keys.Select(each => KeyValuePair.Create(each, section.Required(each, Word)))];
    }

    /// <summary>Every rule once in the language, here or in <c>alert-rules.yaml</c>.</summary>
    private static void CheckRules(YamlSection root, YamlSection texts, string language, ImmutableArray<AlertRule> rules, string[] untold)
    {
        string[] twice = [.. texts.Keys.Intersect(rules.Select(rule => rule.Id)).Except(untold)];
        if (twice.Length > 0)
        {
            string others = twice.Length > 1 ? $", as have {twice.Length - 1} more here" : "";
            texts.Fault(twice[0], $"has a text in {language} in alert-rules.yaml already{others}", "each rule once in a language: take it out of one of the two");
        }

        CheckAll(root, "texts", texts, untold, [.. rules.Select(rule => rule.Id)], "is no rule", "the ids of alert-rules.yaml", "a text for every rule, or alerts would come in other languages only");
    }

    /// <summary>What stands in the section is known, and nothing that is needed is missing.</summary>
    private static void CheckAll(YamlSection root, string key, YamlSection section, string[] needed, string[] known, string unknown, string allowed, string whole)
    {
        List<string> missing = [.. needed.Except(section.Keys)];
        foreach (string name in section.Keys.Except(known).ToArray())
        {
            // A misspelt name is one mistake, not two.
            string? meant = Spelling.Nearest(name, missing);
            missing.Remove(meant ?? "");
            section.Fault(name, unknown + (meant is null ? "" : $" (did you mean {meant}?)"), allowed);
        }

        if (missing.Count > 0)
        {
            string more = missing.Count > MostNames ? $" and {missing.Count - MostNames} more" : "";
            root.Fault(key, $"lack {string.Join(", ", missing.Take(MostNames))}{more}", whole);
        }
    }

    private sealed record LanguageFile(string Language, AlertNames Names, List<(string Rule, AlertText Text)> Texts);
}
