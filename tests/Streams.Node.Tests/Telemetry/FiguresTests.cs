using System.Diagnostics.Metrics;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Streams.Node.Tests.Records;
using Streams.Tests;

namespace Streams.Node.Tests.Telemetry;

/// <summary>What a node that has seen everything gives on <c>/metrics</c>, held against the manual, the rules and the dashboard.</summary>
public sealed partial class FiguresTests(CityRun city)
{
    private static readonly string s_root = RecordedData.RepositoryRoot;
    private static readonly string s_manual = File.ReadAllText(Path.Combine(s_root, "docs", "operating.md"));

    /// <summary>The manual's table: name, type, labels.</summary>
    private static readonly Dictionary<string, (string Type, string Labels)> s_described = TableRow().Matches(s_manual)
        .ToDictionary(row => row.Groups[1].Value, row => (row.Groups[2].Value, row.Groups[3].Value.Trim()));

    [Fact]
    public async Task Every_figure_is_in_the_manual_with_its_type_and_labels()
    {
        await city.Lived;
        string[] lines = await ScrapeAsync();
        Dictionary<string, string> types = lines.Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')).ToDictionary(parts => parts[2], parts => parts[3]);
        Assert.True(types.Count > 50, $"only {types.Count} figures");
        foreach ((string name, string type) in types)
        {
            Assert.True(s_described.ContainsKey(name), $"{name} is not in docs/operating.md");
            Assert.Equal((name, type), (name, s_described[name].Type));
        }

        foreach (Match sample in lines.Select(line => Sample().Match(line)).Where(match => match.Success))
        {
            string name = Family(sample.Groups[1].Value, types);
            string[] labels = [.. Label().Matches(sample.Groups[2].Value).Select(label => label.Groups[1].Value).Where(label => label != "le")];
            string[] allowed = s_described[name].Labels.Split(", ", StringSplitOptions.RemoveEmptyEntries);
            Assert.True(labels.All(allowed.Contains), $"{sample.Value}: the manual has the labels {string.Join(", ", allowed)}");
        }
    }

    [Fact]
    public async Task The_manual_describes_no_figure_that_is_not_there()
    {
        await city.Lived;
        using MeterListener listener = new();
        HashSet<string> instruments = [];
        listener.InstrumentPublished = (instrument, _) => instruments.Add(NameOf(instrument));
        listener.Start();
        Assert.Empty(s_described.Keys.Where(name => name.StartsWith("streams_", StringComparison.Ordinal)).Except(instruments));
        Assert.Empty(s_described.Keys.Except(instruments));
    }

    [Theory]
    [InlineData("alerts.yaml")]
    [InlineData("dashboard.json")]
    public async Task Rules_and_dashboard_ask_for_figures_that_are_there(string file)
    {
        await city.Lived;
        string text = await File.ReadAllTextAsync(Path.Combine(s_root, "observability", file), TestContext.Current.CancellationToken);
        string[] asked = [.. Asked().Matches(text).Select(match => match.Value).Where(name => name != "streams_info").Distinct()];
        Assert.True(asked.Length > 10, $"only {asked.Length} figures");
        Assert.DoesNotContain(asked, name => !s_described.ContainsKey(name) && !s_described.ContainsKey(SuffixOfHistogram().Replace(name, "")));
    }

    [Fact]
    public async Task Every_runbook_is_in_the_manual()
    {
        string[] anchors = [.. Regex.Matches(await File.ReadAllTextAsync(Path.Combine(s_root, "observability", "alerts.yaml"), TestContext.Current.CancellationToken), @"runbook: docs/operating\.md#(\S+)").Select(match => match.Groups[1].Value)];
        string[] headings = [.. Regex.Matches(s_manual, "^#+ (.+)$", RegexOptions.Multiline).Select(match => match.Groups[1].Value.ToLowerInvariant().Replace(' ', '-'))];
        Assert.NotEmpty(anchors);
        Assert.Empty(anchors.Except(headings));
        Assert.Empty(Regex.Matches(s_manual, @"\]\(#(\S+?)\)").Select(match => match.Groups[1].Value).Except(headings));
    }

    [Fact]
    public async Task A_label_never_names_a_device_an_area_or_an_alert()
    {
        await city.Lived;
        string figures = string.Join('\n', await ScrapeAsync());
        Assert.DoesNotContain("dijon", figures, StringComparison.Ordinal);
        Assert.DoesNotContain("demo-", figures, StringComparison.Ordinal);
        Assert.InRange(figures.Split('\n').Length, 200, 5_000);
    }

    [Fact]
    public async Task The_city_that_was_lived_is_counted()
    {
        await city.Lived;
        string[] lines = await ScrapeAsync();
        Assert.True(ValueOf(lines, "streams_records_applied_total{kind=\"device\"}") > 1000);
        Assert.True(lines.Count(line => line.StartsWith("streams_records_refused_total{reason=", StringComparison.Ordinal)) > 2);
        Assert.True(lines.Count(line => line.StartsWith("streams_alerts_total{", StringComparison.Ordinal)) > 5);
        Assert.Contains(lines, line => line.StartsWith("streams_decision_latency_seconds_count{topic=\"city.alerts\"}", StringComparison.Ordinal));
        Assert.Equal(1, ValueOf(lines, "streams_health{part=\"store\"}"));
    }

    /// <summary>As Prometheus reads it, where promtool is installed.</summary>
    [Fact]
    public async Task Promtool_finds_nothing_to_say_of_figures_and_rules()
    {
        if (!Path.Exists("/usr/bin/promtool"))
        {
            Assert.Skip("promtool is not installed (Debian: prometheus)");
        }

        await city.Lived;
        string rules = Path.Combine(s_root, "observability", "alerts.yaml");
        Assert.Equal("", await PromtoolAsync(string.Join('\n', await ScrapeAsync()), "check", "metrics"));
        Assert.Contains("SUCCESS", await PromtoolAsync("", "check", "rules", rules), StringComparison.Ordinal);
        Assert.Contains("SUCCESS", await PromtoolAsync("", "test", "rules", Path.Combine(s_root, "tests", "observability", "alerts.test.yaml")), StringComparison.Ordinal);
    }

    private static async Task<string> PromtoolAsync(string input, params string[] arguments)
    {
        using Process promtool = Process.Start(new ProcessStartInfo("/usr/bin/promtool", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> said = promtool.StandardOutput.ReadToEndAsync(), complained = promtool.StandardError.ReadToEndAsync();
        await promtool.StandardInput.WriteAsync(input);
        promtool.StandardInput.Close();
        await promtool.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(promtool.ExitCode == 0, await said + await complained);
        return await said + await complained;
    }

    private async Task<string[]> ScrapeAsync() => (await city.Client.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Split('\n');

    private static double ValueOf(string[] lines, string series) =>
        double.Parse(Assert.Single(lines, line => line.StartsWith(series + " ", StringComparison.Ordinal))[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);

    private static string Family(string sample, Dictionary<string, string> types) => types.ContainsKey(sample) ? sample : SuffixOfHistogram().Replace(sample, "");

    /// <summary>OpenTelemetry's rule for names: dots to underscores, then the unit, then what a counter is.</summary>
    private static string NameOf(Instrument instrument)
    {
        string unit = instrument.Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
        bool isCounter = instrument.GetType().Name.StartsWith("Counter", StringComparison.Ordinal) || instrument.GetType().Name.StartsWith("ObservableCounter", StringComparison.Ordinal);
        return instrument.Name.Replace('.', '_') + unit + (isCounter ? "_total" : "");
    }

    [GeneratedRegex(@"^\| `([a-z_]+)` \| (gauge|counter|histogram) \| ([a-z_, ]*)\|", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"^([a-z_]+)\{([^}]*)\} ")]
    private static partial Regex Sample();

    [GeneratedRegex("([a-z_]+)=\"")]
    private static partial Regex Label();

    [GeneratedRegex("\\b(streams|dotnet|http_server)_[a-z_]+\\b(?!=)")]
    private static partial Regex Asked();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex SuffixOfHistogram();
}
