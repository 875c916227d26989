using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;
using Streams.Domain.Tests.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Alerts;

/// <summary>An alert is said in the languages of its area's city.</summary>
public sealed class CityLanguageTests
{
    private static readonly AlertRule Haze = new()
    {
        Id = "haze",
        Condition = new AlertCondition.Threshold { Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour },
        Steps = [new SeverityStep(AlertSeverity.Moderate, 100, 80)],
        MinChildren = 0,
        Texts = [Text("en", "Haze in {area}"), Text("fr", "Brume : {area}")],
        Translations = [Text("nl", "Nevel in {area}"), Text("ko", "{area}: 연무"), Text("zh", "{area}：霾"), Text("ms", "Jerebu di {area}")],
    };

    [Theory]
    [InlineData("songdo", "ko en", "ko {area}: 연무|en Haze in {area}")]
    [InlineData("dijon", "fr en", "fr Brume : {area}|en Haze in {area}")]
    [InlineData("singapore", "en zh ms", "en Haze in {area}|zh {area}：霾|ms Jerebu di {area}")]
    [InlineData("amsterdam", "nl", "nl Nevel in {area}")]
    public void An_alert_is_in_the_languages_of_its_city_the_main_one_first(string city, string languages, string said)
    {
        AreaStory story = new(Rules([Haze], (city, languages)));
        Hour(story, $"{city}/centre", 0, 130);
        Hour(story, $"{city}/centre", 1, 20);
        Assert.Equal(said.Replace("{area}", "Centre", StringComparison.Ordinal), Said(story.Alerts[0]));
        Assert.Equal(Languages(story.Alerts[0]), Languages(story.Alerts[1]));
        Assert.All(story.Alerts[1].Texts, text => Assert.StartsWith(AlertLanguage.Of(text.Language).Over, text.Headline, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_text_of_an_alert_has_the_names_of_its_language()
    {
        AlertRule wind = Haze with { Id = "wind", Texts = [Text("en", "{value} {unit} of {metric}")], Translations = [Text("nl", "{metric}: {value} {unit}"), Text("ms-MY", "{metric}: {value} {unit}")] };
        CityRegister register = new([new CityPlan(City("amsterdam", "nl ms-MY en"), [])]);
        AreaStory story = new(new AlertRules([wind], null, null, register, new Dictionary<string, AlertNames>
        {
            ["nl"] = new([new("µg/m³", "microgram/m³")], [new("pm2_5", "fijnstof")]),
            ["ms"] = new([], [new("pm2_5", "zarah halus")]),
        }));
        Hour(story, "amsterdam/centre", 0, 130);
        Assert.Equal("nl fijnstof: 130 microgram/m³|ms-MY zarah halus: 130 µg/m³|en 130 µg/m³ of pm2_5", Said(Assert.Single(story.Alerts)));
    }

    [Theory]
    [InlineData("lyon/centre")]
    [InlineData("songdo-west/centre")]
    public void Where_no_city_says_what_it_speaks_rules_speak_as_they_are_written(string area)
    {
        AreaStory story = new(Rules([Haze], ("songdo", "ko en"), ("lyon", "")));
        Hour(story, area, 0, 130);
        Assert.Equal("en Haze in Centre|fr Brume : Centre", Said(Assert.Single(story.Alerts)));
    }

    [Fact]
    public void A_rule_that_has_none_of_the_citys_languages_is_not_silent()
    {
        AreaStory story = new(Rules([Haze with { Translations = [] }], ("songdo", "ko")));
        Hour(story, "songdo/centre", 0, 130);
        Assert.Equal("en Haze in Centre|fr Brume : Centre", Said(Assert.Single(story.Alerts)));
    }

    [Theory]
    [InlineData("ko en", "ko Centre: haze 감시가 종료되었습니다|en Centre: haze is no longer watched")]
    [InlineData("fr", "fr Centre : haze n'est plus surveillé")]
    [InlineData("nl zh ms", "nl Centre: haze wordt niet meer bewaakt|zh Centre：不再监测 haze|ms Centre: haze tidak lagi dipantau")]
    [InlineData("", "en Centre: haze is no longer watched|fr Centre : haze n'est plus surveillé")]
    [InlineData("de", "en Centre: haze is no longer watched|fr Centre : haze n'est plus surveillé")]
    public void That_a_rule_was_taken_away_is_said_in_them_too(string languages, string said)
    {
        AreaStory story = new(Rules([Haze], ("songdo", languages)));
        Hour(story, "songdo/centre", 0, 130);
        story.Rules = Rules([], ("songdo", languages));
        story.SaveAndRestoreAll();
        Hour(story, "songdo/centre", 1, 130);
        Alert last = story.Alerts[^1];
        Assert.Equal(AlertState.Cancelled, last.State);
        Assert.Equal(said, Said(last));
        Assert.All(last.Texts, text => Assert.NotEmpty(text.Description));
    }

    private static AlertText Text(string language, string headline) => new(language, "haze", headline, "{since}", "");

    private static string Said(Alert alert) => string.Join('|', alert.Texts.Select(text => $"{text.Language} {text.Headline}"));

    private static string Languages(Alert alert) => string.Join(' ', alert.Texts.Select(text => text.Language));

    private static AlertRules Rules(ImmutableArray<AlertRule> rules, params (string Name, string Languages)[] cities) =>
        new(rules, null, null, new CityRegister([.. cities.Select(city => new CityPlan(City(city.Name, city.Languages), []))]));

    private static City City(string name, string languages) => new()
    {
        Name = name, Title = name, TimeZone = TimeZoneInfo.Utc, Latitude = 0, Longitude = 0, Climate = new Climate([], [], [], [], [], []), Areas = [], Devices = [],
        Languages = [.. languages.Split(' ', StringSplitOptions.RemoveEmptyEntries)],
    };

    private static void Hour(AreaStory story, string area, int hour, double value) =>
        story.Window(area, "a", WindowSize.Hour, AreaStory.Minutes(60 * hour), values: value);
}
