using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

public sealed class YamlFileTests
{
    private enum Colour
    {
        Red,
        DarkBlue,
    }

    [Fact]
    public void Values_of_every_kind_are_read()
    {
        YamlSection root = Read("""
            name: Dijon
            share: 0.25
            many: 1_000
            on: true
            iso: PT5M
            brief: 90s
            colour: dark_blue
            words: [a, b]
            one: alone
            below: { deep: { deeper: 7 } }
            points: [[5.04, 47.3], [5.05, 47.4]]
            """, out ConfigurationFaults faults, out YamlFile file);

        Assert.Equal("Dijon", root.Required("name", Form.Text()));
        Assert.Equal(0.25, root.Required("share", Form.Number(0, 1)));
        Assert.Equal(1000, root.Required("many", Form.Whole(1, 2000)));
        Assert.True(root.Required("on", Form.Flag));
        Assert.Equal(TimeSpan.FromMinutes(5), root.Required("iso", Form.Duration()));
        Assert.Equal(TimeSpan.FromSeconds(90), root.Required("brief", Form.Duration()));
        Assert.Equal(Colour.DarkBlue, root.Required("colour", Form.Choice<Colour>()));
        Assert.Equal(["a", "b"], root.List("words", Form.Text()));
        Assert.Equal(["alone"], root.List("one", Form.Text()));
        Assert.Equal(7, root.Section("below").Section("deep").Required("deeper", Form.Whole()));
        Assert.Equal(47.4, root.Rows("points", Form.Number(), 2)[1][1]);
        Assert.Equal(3, root.Optional("absent", Form.Number(), 3));
        Assert.Null(root.Maybe("absent", Form.Number()));
        Assert.Equal(4, root.Section("absentToo").Optional("absent", Form.Number(), 4));
        file.Finish();
        Assert.Empty(faults.InOrder());
    }

    [Theory]
    [InlineData("v: fast", "f.yaml:1:4: v is fast; allowed: a number from 0 to 1")]
    [InlineData("v: 2", "f.yaml:1:4: v is 2; allowed: a number from 0 to 1")]
    [InlineData("v: .nan", "f.yaml:1:4: v is .nan; allowed: a number from 0 to 1")]
    [InlineData("v: \"0.5\"", "f.yaml:1:4: v is the text \"0.5\"; allowed: a number from 0 to 1")]
    [InlineData("v:", "f.yaml:1:3: v has no value; allowed: a number from 0 to 1")]
    [InlineData("v: [1]", "f.yaml:1:4: v is a list; allowed: a number from 0 to 1")]
    [InlineData("v: {a: 1}", "f.yaml:1:4: v is a map of keys and values; allowed: a number from 0 to 1")]
    [InlineData("# none\nother: 1", "f.yaml:2:1: v is missing; expected: a number from 0 to 1")]
    public void A_wrong_value_is_a_fault_with_its_place_and_what_is_allowed(string text, string expected)
    {
        YamlSection root = Read(text, out ConfigurationFaults faults, out _);
        root.Required("v", Form.Number(0, 1));
        Assert.Equal(expected, Assert.Single(faults.InOrder()).ToString());
    }

    [Theory]
    [InlineData("yes", "true or false")]
    [InlineData("True", "true or false")]
    public void Only_true_and_false_are_flags(string written, string allowed)
    {
        YamlSection root = Read("v: " + written, out ConfigurationFaults faults, out _);
        root.Required("v", Form.Flag);
        Assert.Equal("allowed: " + allowed, Assert.Single(faults.InOrder()).Allowed);
    }

    [Theory]
    [InlineData("PT5M", 300.0)]
    [InlineData("P1DT2H", 93_600.0)]
    [InlineData("P2W", 1_209_600.0)]
    [InlineData("PT0.5S", 0.5)]
    [InlineData("500ms", 0.5)]
    [InlineData("2d", 172_800.0)]
    [InlineData("0s", 0.0)]
    [InlineData("P", null)]
    [InlineData("PT", null)]
    [InlineData("P1M", null)]
    [InlineData("5", null)]
    [InlineData("5 m", null)]
    [InlineData("-5m", null)]
    [InlineData("999999999d", null)]
    [InlineData("1h30m", null)]
    public void Durations_are_iso_8601_or_short(string text, double? seconds)
    {
        bool good = Durations.TryParse(text, out TimeSpan duration);
        Assert.Equal(seconds, good ? duration.TotalSeconds : null);
        if (good)
        {
            Assert.True(Durations.TryParse(Durations.Short(duration), out TimeSpan again));
            Assert.Equal(duration, again);
        }
    }

    [Fact]
    public void All_faults_of_a_file_come_at_once_in_line_order()
    {
        YamlSection root = Read("a: x\nb: y\nlisst: []\nb: 2\nsection:\n  c: z", out ConfigurationFaults faults, out YamlFile file);
        root.Section("section").Required("c", Form.Whole());
        root.Required("b", Form.Flag);
        root.Required("a", Form.Whole());
        root.List("list", Form.Text());
        file.Finish();
        Assert.Equal(
            [
                "f.yaml:1:4: a is x; allowed: a whole number",
                "f.yaml:2:4: b is y; allowed: true or false",
                "f.yaml:3:1: lisst is not a key known here (did you mean list?); allowed: a, b, list, section",
                "f.yaml:4:1: the key b stands here again (first in line 2); allowed: each key once",
                "f.yaml:6:6: section.c is z; allowed: a whole number",
            ],
            faults.InOrder().Select(fault => fault.ToString()));
    }

    [Theory]
    [InlineData("a:\n\tb: 1", 2, "a tab is used to indent")]
    [InlineData("a: [1, 2", 1, "this is not YAML")]
    [InlineData("a: b: c", 1, "this is not YAML")]
    [InlineData("a: \"open", 1, "this is not YAML")]
    [InlineData("a: 1\n---\nb: 2", 2, "a second document begins here")]
    [InlineData("", 1, "the file is empty")]
    [InlineData("- 1\n- 2", 1, "the file does not hold keys and values")]
    [InlineData("a: 1\n? [x]\n: 2", 2, "a key is a list or a map")]
    [InlineData("a: !!binary xyz", 1, "the tag tag:yaml.org,2002:binary is not understood")]
    [InlineData("a: *none", 1, "*none names no anchor")]
    [InlineData("a: &a [*a]", 1, "*a names no anchor")]
    public void What_is_not_plain_yaml_is_a_fault_with_its_line(string text, int line, string what)
    {
        ConfigurationFaults faults = new();
        YamlFile.Parse("f.yaml", text, faults);
        ConfigurationFault fault = faults.InOrder()[0];
        Assert.StartsWith(what, fault.What, StringComparison.Ordinal);
        Assert.Equal(line, fault.Line);
        Assert.NotEmpty(fault.Allowed);
    }

    [Fact]
    public void An_alias_stands_for_what_it_names()
    {
        YamlSection root = Read("a: &x {v: 1}\nb: *x", out _, out _);
        Assert.Equal(1, root.Section("b").Required("v", Form.Whole()));
    }

    [Fact]
    public void Aliases_that_multiply_are_stopped_before_they_take_memory()
    {
        string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + string.Join('\n', Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat("*a" + (i - 1), 10))}]"));
        ConfigurationFaults faults = new();
        Assert.Null(YamlFile.Parse("f.yaml", text, faults));
        Assert.StartsWith("more values", Assert.Single(faults.InOrder()).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_and_long_files_are_stopped()
    {
        ConfigurationFaults faults = new();
        Assert.Null(YamlFile.Parse("f.yaml", new string('[', 1000) + new string(']', 1000), faults));
        Assert.Null(YamlFile.Parse("f.yaml", "a: " + new string('x', YamlTree.MostBytes), faults));
        Assert.Equal(["the file is longer than 1 MB", "nested too deeply"], faults.InOrder().Select(fault => fault.What));
    }

    [Fact]
    public void A_file_that_is_absent_or_not_text_is_a_fault()
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        ConfigurationFaults faults = new();
        Assert.Null(YamlFile.Open(path, faults));
        Assert.NotNull(YamlFile.Open(path, faults, required: false));
        File.WriteAllBytes(path, [0x61, 0x3a, 0x20, 0xff, 0xfe]);
        Assert.Null(YamlFile.Open(path, faults));
        File.Delete(path);
        Assert.Equal(["the file is not there", "the file is not UTF-8"], faults.InOrder().Select(fault => fault.What));
    }

    [Fact]
    public void Environment_variables_stand_in_for_values_and_unknown_ones_are_faults()
    {
        ConfigurationFaults faults = new();
        YamlFile file = YamlFile.Parse("node.yaml", "kafka: {bootstrapServers: a:1}", faults, new Dictionary<string, string>
        {
            ["STREAMS__KAFKA__BOOTSTRAPSERVERS"] = "b:2",
            ["streams__http__port"] = "many",
            ["STREAMS__HTTP__HOSTS"] = "x, y",
            ["STREAMS__HTTP__PROT"] = "1",
        })!;
        Assert.Equal("b:2", file.Root.Section("kafka").Required("bootstrapServers", Form.Text()));
        file.Root.Section("http").Optional("port", Form.Whole(1, 65535), 8080);
        Assert.Equal(["x", "y"], file.Root.Section("http").List("hosts", Form.Text()));
        file.Finish();
        Assert.Equal(
            [
                "environment variable streams__http__port: http.port is many; allowed: a whole number from 1 to 65535",
                "environment variable STREAMS__HTTP__PROT: no configuration key http.prot (did you mean http.port?)",
            ],
            faults.InOrder().Select(fault => fault.ToString().Split("; allowed: STREAMS__")[0]));
    }

    [Fact]
    public void Names_as_keys_are_checked_and_kept_in_order()
    {
        YamlSection root = Read("good_one: {v: 1}\nBad-One: {v: 2}\nnot_a_section: 3", out ConfigurationFaults faults, out _);
        Assert.Equal(["good_one", "Bad-One"], root.Entries(Form.SnakeCase).Select(entry => entry.Name));
        Assert.Equal(["Bad-One is not a good name", "not_a_section is a single value"], faults.InOrder().Select(fault => fault.What));
    }

    private static YamlSection Read(string text, out ConfigurationFaults faults, out YamlFile file)
    {
        faults = new ConfigurationFaults();
        file = YamlFile.Parse("f.yaml", text, faults)!;
        return file.Root;
    }
}
