using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

/// <summary>Verdicts on documents of others agree with what is expected of them.</summary>
public sealed class CapConformanceTests
{
    private static CapReading Read(string file) => CapReader.Read(File.ReadAllBytes(file));

    [Theory]
    [InlineData("valid")]
    [InlineData("signed")]
    public void Valid_documents_are_accepted(string folder) =>
        Assert.All(CapConformance.In(folder), file => Assert.Equal((file, ""), (file, string.Join('\n', Read(file).Refusals))));

    [Theory]
    [InlineData("invalid")]
    [InlineData("other-versions")]
    [InlineData("xsd-valid-rule-breaking")]
    public void Other_documents_are_refused_with_reasons(string folder) =>
        Assert.All(CapConformance.In(folder), file =>
        {
            CapReading reading = Read(file);
            Assert.False(reading.IsAccepted);
            Assert.NotEmpty(reading.Refusals);
        });

    [Fact]
    public void Documents_of_other_versions_are_told_which_one_they_are() =>
        Assert.All(CapConformance.In("other-versions"), file =>
        {
            string version = File.ReadAllText(file).Contains("www.incident.com/cap/1.0", StringComparison.Ordinal) ? "CAP 1.0" : "CAP 1.1";
            Assert.Contains(version, Assert.Single(Read(file).Refusals).What, StringComparison.Ordinal);
        });

    [Fact]
    public void One_edit_that_breaks_one_rule_gives_one_refusal_or_is_fine()
    {
        Dictionary<string, string> expected = CapConformance.Derived();
        Assert.NotEmpty(expected);
        Assert.All(expected, each =>
        {
            CapReading reading = Read(Path.Combine(CapConformance.Folder, each.Key));
            Assert.Equal((each.Key, each.Value == "accept"), (each.Key, reading.IsAccepted));
            if (!reading.IsAccepted && each.Key != "derived/polygon-lon-lat.xml")
            {
                Assert.Single(reading.Refusals);
            }
        });
    }

    /// <summary>The manifest's findings by our names for them.</summary>
    [Fact]
    public void Findings_of_the_prose_rules_are_those_that_the_manifest_lists()
    {
        var names = new Dictionary<string, string>
        {
            ["utc-as-plus-zero"] = "utc-as-plus-zero",
            ["area-no-geometry-or-geocode"] = "area-no-geometry-or-geocode",
            ["info-without-area"] = "info-without-area",
            ["expires-not-after-sent"] = "expires-not-after-sent",
            ["self-reference"] = "self-reference",
            ["polygon-malformed"] = "point-form",
            ["Update-without-references"] = "references-missing",
        };
        Assert.All(CapConformance.Manifest().Where(each => each.Key.StartsWith("valid/", StringComparison.Ordinal) || each.Key.StartsWith("xsd-valid", StringComparison.Ordinal)), each =>
        {
            string[] found = [.. Read(Path.Combine(CapConformance.Folder, each.Key)).Findings.Select(finding => finding.Rule).Distinct().Where(names.ContainsValue).Order()];
            Assert.Equal((each.Key, string.Join(' ', each.Value.Select(name => names[name]).Order())), (each.Key, string.Join(' ', found)));
        });
    }

    [Fact]
    public void Structure_is_judged_as_the_schema_judges_it() =>
        Assert.All(["valid", "signed", "derived", "xsd-valid-rule-breaking"], folder => Assert.All(CapConformance.In(folder), file =>
        {
            byte[] bytes = File.ReadAllBytes(file);
            string? fault = CapConformance.SchemaFault(bytes);
            Assert.True(fault is null == CapSamples.StructureIsRight(bytes), $"{CapConformance.NameOf(file)}: the schema says {fault ?? "nothing"}");
        }));

    [Fact]
    public void What_was_accepted_is_written_and_reads_back_the_same()
    {
        string[] files = [.. CapConformance.In("valid"), .. CapConformance.In("signed")];
        Assert.All(files, file =>
        {
            CapAlert alert = Read(file).Alert!;
            CapWriting writing = CapWriter.Write(alert);
            Assert.True(writing.IsWritten, string.Join('\n', writing.Findings));
            Assert.Null(CapConformance.SchemaFault(writing.Bytes!));
            Assert.Equal(alert, CapReader.Read(writing.Bytes).Alert);
        });
    }

    [Fact]
    public void Feeds_are_told_apart_and_their_alerts_are_checked()
    {
        Dictionary<string, CapDocument> feeds = CapConformance.In("feeds").ToDictionary(file => Path.GetFileName(file)!, file => CapDocument.Read(File.ReadAllBytes(file)));

        Assert.All(feeds, feed => Assert.Equal((feed.Key, feed.Key.EndsWith(".rss", StringComparison.Ordinal)), (feed.Key, feed.Value.Kind == CapDocumentKind.RssFeed)));
        Assert.Equal(
            ["google-amber.rss", "google-ny_index.rss", "google-weather_index.atom", "kelvinn-sweden.atom", "kelvinn-usgs_alerthub.atom"],
            feeds.Where(feed => feed.Value.IsIndex).Select(feed => feed.Key).Order(StringComparer.Ordinal));
        Assert.True(feeds["google-canada_signed.atom"].IsAccepted);
        Assert.Single(feeds["google-canada_signed.atom"].Alerts);
        Assert.All(["google-no_id.atom", "google-no_title.atom", "google-invalid_element.atom", "google-weather_invalid.atom"], name => Assert.False(feeds[name].IsAccepted));
    }
}
