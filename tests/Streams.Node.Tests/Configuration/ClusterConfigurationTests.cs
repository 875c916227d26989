using System.Globalization;
using System.IO.Compression;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Configuration;
using Streams.Tests;

namespace Streams.Node.Tests.Configuration;

public sealed class ClusterConfigurationTests
{
    [Fact]
    public void The_shipped_files_load_without_faults()
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) =
            ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>());
        Assert.Empty(faults);
        Assert.Equal(32, configuration!.Topics["readings"].Partitions);
        Assert.Contains(configuration.Roles, role => role.Name == "operator");
    }

    [Fact]
    public void The_shipped_node_and_topic_files_say_what_the_defaults_are()
    {
        (ClusterConfiguration? shipped, _) = ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>());
        using ConfigurationFolder empty = new();
        ClusterConfiguration defaults = empty.Load();

        // Hazards name playbooks, which there are none of by default.
        Assert.NotEmpty(shipped!.Node.Cap.Hazards);
        Assert.Equal(defaults.Node, shipped.Node with { Cap = shipped.Node.Cap with { Hazards = defaults.Node.Cap.Hazards } });
        Assert.Equal(defaults.Topics.All, shipped.Topics.All);
    }

    [Fact]
    public void Every_device_type_metric_and_unit_of_the_recorded_data_is_known_and_nearly_all_values_are_possible()
    {
        string folder = RecordedData.Require("data", "city");
        DeviceCatalog types = new(Shipped().DeviceTypes);
        List<string> unknown = [];
        Dictionary<string, Column> columns = [];
        foreach (string file in Directory.GetFiles(folder, "*.csv.gz"))
        {
            using StreamReader reader = new(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            reader.ReadLine();
            while (reader.ReadLine() is { } text)
            {
                // Names of places may be quoted and hold commas, so the last columns are counted from the end.
                ReadOnlySpan<char> line = text;
                int unitAt = line.LastIndexOf(',') + 1;
                int valueAt = line[..(unitAt - 1)].LastIndexOf(',') + 1;
                int metricAt = line[..(valueAt - 1)].LastIndexOf(',') + 1;
                int typeAt = line.IndexOf(',') + 1;
                int typeEnd = typeAt + line[typeAt..].IndexOf(',');
                string key = $"{line[typeAt..typeEnd]} {line[metricAt..(valueAt - 1)]} {line[unitAt..]}";
                if (!columns.TryGetValue(key, out Column? column))
                {
                    columns.Add(key, column = new Column(types.Find(line[typeAt..typeEnd].ToString(), line[metricAt..(valueAt - 1)].ToString())));
                    if (column.Metric is null || !Units.TryConvert(line[unitAt..].ToString(), column.Metric.Unit, out column.Factor, out column.Offset))
                    {
                        unknown.Add($"{Path.GetFileName(file)}: {key}");
                    }
                }

                column.Count(double.Parse(line[valueAt..(unitAt - 1)], CultureInfo.InvariantCulture));
            }
        }

        Assert.Empty(unknown);
        Assert.NotEmpty(columns);
        Assert.Empty(columns.Where(each => each.Value.Impossible > each.Value.Values / 1000.0).Select(each => $"{each.Key}: {each.Value.Impossible} of {each.Value.Values}"));
    }

    /// <summary>What the recordings hold of one metric.</summary>
    private sealed class Column(MetricDefinition? metric)
    {
        public double Factor = 1;
        public double Offset;

        public MetricDefinition? Metric { get; } = metric;

        public long Values { get; private set; }

        public long Impossible { get; private set; }

        public void Count(double value)
        {
            Values++;
            value = (value * Factor) + Offset;
            Impossible += value < Metric?.Min || value > Metric?.Max ? 1 : 0;
        }
    }

    [Fact]
    public void Families_event_devices_and_hourly_stations_are_as_their_kind_is()
    {
        ILookup<string, DeviceType> types = Shipped().DeviceTypes.ToLookup(type => type.Name);
        DeviceType dispatch = types["emergency_dispatch"].Single();
        Assert.Equal(TimeSpan.Zero, dispatch.Interval);
        Assert.Null(dispatch.SilentAfter);
        Assert.Contains(dispatch.Metrics, metric => metric is { Name: "ems_call.*", IsFamily: true, Kind: MetricKind.Count });
        Assert.Equal([WindowSize.Hour, WindowSize.Day], types["air_quality_station"].Single().Windows);
        Assert.Equal(TimeSpan.FromDays(1), types["parking_lot"].Single().Metrics.Single(metric => metric.Name == "free_spaces").Detectors.StuckAfter);
        Assert.Equal(["off", "on", "dimmed", "failed"], types["street_light"].Single().Metrics.Single(metric => metric.Name == "lamp").States);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_a_fault()
    {
        string folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder);
        Assert.Null(configuration);
        Assert.Equal($"{folder}: the folder is not there; expected: a folder that holds device-types.yaml", Assert.Single(faults).ToString());
    }

    [Fact]
    public void Faults_of_all_files_come_at_once()
    {
        using ConfigurationFolder folder = new("device-types.yaml", "types:\n  A: {}");
        folder.Write("topics.yaml", "prefix: 'a b'");
        folder.Write("node.yaml", "pace: {replayWork: 2h}");
        folder.Write("roles.yaml", "roles: {viewer: {may: [raed]}}");
        Assert.Equal(
            ["node.yaml:1:20", "topics.yaml:1:9", "device-types.yaml:2:3", "device-types.yaml:2:6", "roles.yaml:1:24"],
            folder.Faults().Select(fault => fault[..fault.IndexOf(": ", StringComparison.Ordinal)]).Distinct());
    }

    [Theory]
    [InlineData("domain: noise", "domain: nois", "4:13: types.noise_meter.domain is nois (did you mean noise?); allowed: one of air, noise, weather")]
    [InlineData("interval: 1h", "interval: -1h", "5:15: types.noise_meter.interval is -1h; allowed: a duration from 1ms to 31d, such as PT5M, 30s or 1h, or none for event devices")]
    [InlineData("interval: 1h", "interval: 1h\n    silentAfter: 30m", "6:18: types.noise_meter.silentAfter is not longer than the interval; allowed: more than 1h")]
    [InlineData("interval: 1h", "interval: none\n    silentAfter: 30m", "6:18: types.noise_meter.silentAfter is 30m although the type has no interval")]
    [InlineData("interval: 1h", "interval: 1h\n    windows: [PT1H, PT1M]", "6:14: types.noise_meter.windows are not in ascending order")]
    [InlineData("interval: 1h", "interval: 1h\n    windows: [PT5M]", "6:15: types.noise_meter.windows[0] is PT5M (did you mean PT15M?); allowed: one of PT1M, PT15M, PT1H, P1D")]
    [InlineData("interval: 1h", "interval: 1h\n    lateness: 2d", "6:15: types.noise_meter.lateness is 2d; allowed: a duration from 0s to 1d")]
    [InlineData("{ unit: dB(A) }", "{}", "7:16: types.noise_meter.metrics.laeq_1h.unit is missing; expected: a UCUM code")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), min: 5, max: 5 }", "7:44: types.noise_meter.metrics.laeq_1h.max is not above min (5)")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), knd: gauge }", "7:31: types.noise_meter.metrics.laeq_1h.knd is not a key known here (did you mean kind?)")]
    [InlineData("{ unit: dB(A) }", "{ unit: '1', kind: state, states: [a] }", "7:50: types.noise_meter.metrics.laeq_1h.states are too few")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), states: [a, b] }", "7:39: types.noise_meter.metrics.laeq_1h.states are given for another kind")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), detectors: { stuckAfter: 0s } }", "7:56: types.noise_meter.metrics.laeq_1h.detectors.stuckAfter is 0s")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), detectors: { level: { for: 1h } } }", "7:51: types.noise_meter.metrics.laeq_1h.detectors.level.high and low are both missing")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), detectors: { level: { high: 1, highClear: 2 } } }", "7:73: types.noise_meter.metrics.laeq_1h.detectors.level.highClear does not lie at or below high")]
    [InlineData("{ unit: dB(A) }", "{ unit: dB(A), detectors: { unusual: 3 } }", "7:53: types.noise_meter.metrics.laeq_1h.detectors.unusual is 3; allowed: a number from 0.05 to 1")]
    [InlineData("laeq_1h:", "Laeq:", "7:7: types.noise_meter.metrics.Laeq is not a good name")]
    public void A_wrong_device_type_is_a_fault(string right, string wrong, string expected)
    {
        Assert.Contains(right, ConfigurationFolder.LeastTypes, StringComparison.Ordinal);
        using ConfigurationFolder folder = new("device-types.yaml", ConfigurationFolder.LeastTypes.Replace(right, wrong, StringComparison.Ordinal));
        Assert.StartsWith("device-types.yaml:" + expected, folder.Fault(), StringComparison.Ordinal);
    }

    private static ClusterConfiguration Shipped() =>
        ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>()).Configuration!;
}
