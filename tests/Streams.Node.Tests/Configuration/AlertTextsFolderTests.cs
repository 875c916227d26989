using Streams.Domain.Alerts;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>Texts in further languages, whole and with one mistake at a time.</summary>
public sealed class AlertTextsFolderTests
{
    private const string Rules = """
        rules:
          loud:
            when: { threshold: { metrics: laeq_1h, statistic: mean, window: PT1H } }
            steps: [{ severity: Minor, raise: 80 }]
            category: [Env]
            texts:
              en: { event: Loud, headline: "{area}: {value} {unit}", description: "Since {since}.", instruction: Close the window. }
              fr: { event: Bruit, headline: "{area} : {value} {unit}", description: "Depuis le {since}.", instruction: Fermez la fenêtre. }
          silent:
            when: { silence: {} }
            steps: [{ severity: Minor, raise: 50 }]
            category: [Infra]
            texts:
              en: { event: Silent, headline: "{area}: {count} silent", description: "Since {since}." }
              fr: { event: Muet, headline: "{area} : {count} muets", description: "Depuis le {since}." }
        """;

    private const string Dutch = """
        # Dutch
        texts:
          loud:
            event: Lawaai
            headline: "{area}: {value} {unit}"
            description: "Sinds {since}."
            instruction: Sluit het raam.
          silent:
            event: Stil
            headline: "{area}: {count} {count:meter|meters} stil"
            description: "Sinds {since}."
        units:
          min: minuten
        metrics:
          laeq_1h: geluidsniveau
          delay: vertraging
        """;

    private const string Types = ConfigurationFolder.LeastTypes + """

          bus:
            title: Bus
            domain: transit
            interval: 1m
            metrics:
              delay: { unit: s }
        """;

    private const string City = $$"""
        title: Town
        timeZone: Europe/Amsterdam
        languages: [nl, en]
        centre: [5.05, 47.05]
        {{ConfigurationFolder.Climate}}
        """;

    [Fact]
    public void A_file_gives_every_rule_a_text_more_and_cities_may_speak_its_language()
    {
        using ConfigurationFolder folder = Whole();
        ClusterConfiguration configuration = folder.Load();
        AlertRule loud = configuration.AlertRules.Find("loud")!;
        Assert.Equal(["en", "fr"], loud.Texts.Select(text => text.Language));
        Assert.Equal([new AlertText("nl", "Lawaai", "{area}: {value} {unit}", "Sinds {since}.", "Sluit het raam.")], loud.Translations);
        Assert.Equal(["nl", "en"], configuration.Register.LanguagesOf("town/west"));
        Assert.Equal(["nl", "en"], configuration.Cities[0].City.Languages);
        Assert.Equal(("minuten", "dB(A)", "geluidsniveau", "niveau sonore", "delay"), (
            configuration.AlertRules.NamesIn("nl").Unit("min"), configuration.AlertRules.NamesIn("nl").Unit("dB(A)"), configuration.AlertRules.NamesIn("nl").Metric("laeq_1h"),
            configuration.AlertRules.NamesIn("fr-FR").Metric("laeq_1h"), configuration.AlertRules.NamesIn("de").Metric("delay")));
    }

    [Fact]
    public void The_folder_may_be_absent_or_empty_and_a_city_need_not_say_what_it_speaks()
    {
        using ConfigurationFolder folder = Whole();
        Directory.Delete(Path.Combine(folder.Root, "texts"), recursive: true);
        folder.Write("cities/town/city.yaml", City.Replace("languages: [nl, en]\n", "", StringComparison.Ordinal));
        Assert.Empty(folder.Load().Register.LanguagesOf("town"));
        Directory.CreateDirectory(Path.Combine(folder.Root, "texts"));
        Assert.Empty(folder.Load().AlertRules.Find("loud")!.Translations);
    }

    [Theory]
    [InlineData("  loud:\n", "  lood:\n", "4:5: texts.lood is no rule (did you mean loud?); allowed: the ids of alert-rules.yaml")]
    [InlineData("  loud:\n", "  thunder: { event: a, headline: b, description: c }\n  loud:\n", "3:12: texts.thunder is no rule; allowed: the ids of alert-rules.yaml")]
    [InlineData("  silent:\n    event: Stil\n    headline: \"{area}: {count} {count:meter|meters} stil\"\n    description: \"Sinds {since}.\"", "", "3:3: texts lack silent; allowed: a text for every rule")]
    [InlineData("    event: Lawaai\n", "", "4:5: texts.loud.event is missing; expected: text of 1 to 2000 characters")]
    [InlineData("    instruction: Sluit het raam.\n", "", "4:5: texts.loud.instruction is missing")]
    [InlineData("description: \"Sinds {since}.\"\n    instruction", "description: \"Sinds {sinse}.\"\n    instruction", "6:18: texts.loud.description has {sinse}, which nothing can fill (did you mean since?); allowed: in braces area")]
    [InlineData("{count:meter|meters}", "{count:meter}", "10:15: texts.silent.headline has {count:meter}, which nothing can fill")]
    [InlineData("    event: Stil", "    evnt: Stil", "9:5: texts.silent.evnt is not a key known here (did you mean event?)")]
    [InlineData("  min: minuten\n", "  mun: minuten\n", "13:8: units.mun is no unit that alerts have figures in (did you mean min?); allowed: units of device-types.yaml as readers of English know them")]
    [InlineData("units:\n  min: minuten\n", "", "2:1: units is missing; expected: keys and values below it")]
    [InlineData("  min: minuten\n", "  s: seconden\n  min: minuten\n", "13:6: units.s is no unit that alerts have figures in; allowed")]
    [InlineData("  laeq_1h: geluidsniveau\n", "", "15:3: metrics lack laeq_1h; allowed: a name for each, or alerts would call it by its id")]
    [InlineData("  delay: vertraging", "  dely: vertraging", "16:9: metrics.dely is no metric (did you mean delay?); allowed: the metrics of device-types.yaml")]
    [InlineData("  delay: vertraging", "  delay: vertraging\n  speed: snelheid", "17:10: metrics.speed is no metric; allowed")]
    [InlineData("  delay: vertraging", "  delay: \"\"", "16:10: metrics.delay is")]
    [InlineData("texts:\n", "text:\n", "2:1: text is not a key known here (did you mean texts?)")]
    [InlineData("# Dutch\ntexts:\n", "# Dutch\ntexts:\n  <<: {}\n", "3:3: texts.<< is a merge key")]
    public void A_fault_is_named_with_its_place_and_what_is_allowed(string right, string wrong, string expected)
    {
        using ConfigurationFolder folder = Whole();
        Assert.Contains(right, Dutch, StringComparison.Ordinal);
        folder.Write("texts/nl.yaml", Dutch.Replace(right, wrong, StringComparison.Ordinal));
        Assert.StartsWith("texts/nl.yaml:" + expected, folder.Fault(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("en.yaml", "texts/en.yaml:4:5: texts.loud has a text in en in alert-rules.yaml already, as have 1 more here")]
    [InlineData("fr.yaml", "texts/fr.yaml:4:5: texts.loud has a text in fr in alert-rules.yaml already, as have 1 more here; allowed: each rule once in a language: take it out of one of the two")]
    [InlineData("dutch.yaml", "texts/dutch.yaml: nothing reads a file of this name; allowed: a language such as en or fr-FR, ending in .yaml, such as nl.yaml")]
    [InlineData("NL.yaml", "texts/NL.yaml: nothing reads a file of this name")]
    [InlineData("be.yml", "texts/be.yml: nothing reads a file of this name")]
    public void A_file_under_a_wrong_name_or_in_a_language_that_is_there(string name, string expected)
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("texts/" + name, Dutch);
        Assert.StartsWith(expected, folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_place_of_the_folder()
    {
        using ConfigurationFolder folder = Whole();
        Directory.Delete(Path.Combine(folder.Root, "texts"), recursive: true);
        folder.Write("texts", Dutch);
        folder.Write("cities/town/city.yaml", City.Replace("[nl, en]", "[en]", StringComparison.Ordinal));
        Assert.Equal("texts: this is a file; expected: a folder with a file for each language", folder.Fault());
    }

    [Fact]
    public void A_fault_in_a_file_is_not_blamed_on_the_cities_nor_one_in_the_rules_on_the_texts()
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("texts/nl.yaml", "texts: [");
        Assert.StartsWith("texts/nl.yaml:1:", folder.Fault(), StringComparison.Ordinal);
        folder.Write("texts/nl.yaml", Dutch);
        folder.Write("alert-rules.yaml", Rules.Replace("  silent:", "  Silent:", StringComparison.Ordinal));
        Assert.StartsWith("alert-rules.yaml:9:3: rules.Silent is not a good name", folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_language_of_the_rules_needs_its_names_where_one_has_them()
    {
        using ConfigurationFolder folder = Whole();
        folder.Delete("texts/fr.yaml");
        Assert.Equal("texts: fr.yaml is not here; expected: the names of units and metrics in every language, those of alert-rules.yaml too", folder.Fault());
        folder.Delete("texts/en.yaml");
        Assert.StartsWith("texts: en.yaml and fr.yaml are not here; expected", folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_fault_in_the_types_is_not_blamed_on_the_names()
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("device-types.yaml", Types.Replace("interval: 1m", "interval: 1x", StringComparison.Ordinal));
        Assert.StartsWith("device-types.yaml:", folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Texts_without_rules_are_one_fault()
    {
        using ConfigurationFolder folder = Whole();
        folder.Delete("alert-rules.yaml");
        Assert.Equal("texts: there are texts in further languages, and no rules that could say them; expected: the rules in alert-rules.yaml", folder.Fault());
    }

    [Fact]
    public void A_language_that_a_rule_lacks_is_none_that_a_city_can_speak()
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("alert-rules.yaml", Rules.Replace("fr: { event: Muet", "de: { event: Muet", StringComparison.Ordinal));
        folder.Delete("texts/fr.yaml");
        folder.Write("cities/town/city.yaml", City.Replace("[nl, en]", "[fr, nl]", StringComparison.Ordinal));
        Assert.StartsWith("cities/town/city.yaml:3:13: languages[0] is fr; allowed: one of en, nl", folder.Fault(), StringComparison.Ordinal);

        // What is not written with one rule may be written for it alone.
        folder.Write("texts/fr.yaml", "units: { min: min }\nmetrics: { laeq_1h: niveau sonore, delay: retard }\ntexts:\n  silent: { event: Muet, headline: Muet, description: Muet. }\n");
        Assert.Equal(["fr"], folder.Load().AlertRules.Find("silent")!.Translations.Where(text => text.Language != "nl").Select(text => text.Language));
    }

    private static ConfigurationFolder Whole()
    {
        ConfigurationFolder folder = new("device-types.yaml", Types);
        folder.Write("texts/en.yaml", "units: { min: min }\nmetrics: { laeq_1h: noise level, delay: delay }\n");
        folder.Write("texts/fr.yaml", "units: { min: min }\nmetrics: { laeq_1h: niveau sonore, delay: retard }\n");
        folder.Write("alert-rules.yaml", Rules);
        folder.Write("texts/nl.yaml", Dutch);
        folder.Write("cities/town/city.yaml", City);
        folder.Write("cities/town/areas.yaml", "areas:\n  town: { name: Town }\n");
        return folder;
    }
}
