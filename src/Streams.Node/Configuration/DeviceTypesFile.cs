using System.Collections.Immutable;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Node.Configuration;

/// <summary><c>device-types.yaml</c>: the kinds of devices, as the file's own head describes them.</summary>
public static class DeviceTypesFile
{
    private static readonly Form<string> Domain = Form.Choice(new[]
    {
        "air", "noise", "weather", "water", "energy", "lighting", "traffic", "parking", "transit", "waste", "safety", "citizens", "connectivity",
    }.Select(name => (name, name)));

    private static readonly Form<string> Metric = Form.Text(
        @"^[a-z][a-z0-9_]{0,63}(\.\*)?$", "a snake_case name of at most 64 characters, ending in .* for a family");

    private static readonly Form<string> Unit = new(
        "a UCUM code of at most 32 characters such as Cel, ug/m3 or kW.h; dB(A), count, call, request or 1; or a unit of its own in braces such as {bicycle}",
        static (YamlScalar scalar, out string value) =>
        {
            value = scalar.Text;
            return value.Length <= 32 && value.All(letter => letter is > ' ' and <= '~') && (Units.IsKnown(value) || UcumCode.IsWellFormed(value));
        },
        Units.Names);

    private static readonly string[] FigureForms = ["statistic", "share", "over"];

    private static readonly Form<MetricKind> Kind = Form.Choice<MetricKind>();

    private static readonly Form<WindowSize> Window = Form.Choice(Enum.GetValues<WindowSize>().Select(size => (size.Iso(), size)));

    /// <summary>Event devices have no interval: "none".</summary>
    private static readonly Form<TimeSpan> Interval = new(
        Form.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(31)).Allowed + ", or none for event devices",
        static (YamlScalar scalar, out TimeSpan value) =>
        {
            value = TimeSpan.Zero;
            return scalar.Text == "none" || (Durations.TryParse(scalar.Text, out value) && value > TimeSpan.Zero && value <= TimeSpan.FromDays(31));
        });

    /// <summary>In the order of the file. Faults go to the file's list; what was read around them is still given.</summary>
    public static ImmutableArray<DeviceType> Read(YamlFile file)
    {
        ImmutableArray<DeviceType>.Builder types = ImmutableArray.CreateBuilder<DeviceType>();
        foreach ((string name, YamlSection section) in file.Root.Section("types", required: true).Entries(Form.SnakeCase))
        {
            types.Add(ReadType(name, section));
        }

        file.Finish();
        return types.ToImmutable();
    }

    private static DeviceType ReadType(string name, YamlSection section)
    {
        DeviceType defaults = new() { Name = name, Title = "", Domain = "", Interval = default, Metrics = [] };
        DeviceType type = defaults with
        {
            Title = section.Required("title", Form.Text(80)),
            Domain = section.Required("domain", Domain),
            Interval = section.Required("interval", Interval),
            Lateness = section.Optional("lateness", Form.Duration(max: TimeSpan.FromDays(1)), defaults.Lateness),
            Retention = section.Optional("retention", Form.Duration(max: TimeSpan.FromDays(7)), defaults.Retention),
            SilentAfter = section.Maybe("silentAfter", Form.Duration(TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(366))),
            MostPerSecond = section.Optional("mostPerSecond", Form.Number(0.001, 1_000_000), defaults.MostPerSecond),
            Windows = section.List("windows", Window, defaults.Windows),
            Metrics = [.. section.Section("metrics", required: true).Entries(Metric).Select(entry => ReadMetric(entry.Name, entry.Section))],
        };

        if (section.IsSound("windows") && (type.Windows.IsEmpty || !type.Windows.SequenceEqual(type.Windows.Distinct().Order())))
        {
            section.Fault("windows", "are not in ascending order, each once", "one or more of PT1M, PT15M, PT1H, P1D, shortest first");
        }

        if (section.IsSound("metrics") && (type.Metrics.IsEmpty || type.Metrics.Length > 128))
        {
            section.Fault("metrics", $"are {type.Metrics.Length}", "1 to 128 metrics");
        }

        if (!section.IsSound("interval", "silentAfter"))
        {
            return type;
        }

        if (type.SilentAfter is { } silentAfter && type.Interval == TimeSpan.Zero)
        {
            section.Fault("silentAfter", $"is {Durations.Short(silentAfter)} although the type has no interval", "silentAfter only where interval is not none");
        }
        else if (type.SilentAfter <= type.Interval)
        {
            section.Fault("silentAfter", "is not longer than the interval", $"more than {Durations.Short(type.Interval)}");
        }

        return type;
    }

    private static MetricDefinition ReadMetric(string name, YamlSection section)
    {
        YamlSection detectors = section.Section("detectors");
        MetricDefinition metric = new()
        {
            Name = name,
            Unit = section.Required("unit", Unit),
            Kind = section.Optional("kind", Kind, MetricKind.Gauge),
            Min = section.Maybe("min", Form.Number()),
            Max = section.Maybe("max", Form.Number()),
            States = section.List("states", Form.Text(64)),
            Detectors = ReadDetectors(detectors),
            Figures = [.. section.Sections("figures").Select(ReadFigure)],
        };

        if (section.IsSound("min", "max") && metric.Min >= metric.Max)
        {
            section.Fault("max", $"is not above min ({metric.Min})", "max greater than min");
        }

        if (!section.IsSound("kind", "states"))
        {
            return metric;
        }

        bool isState = metric.Kind == MetricKind.State;
        if (!isState && section.Has("states"))
        {
            section.Fault("states", "are given for another kind than state", "states only where kind is state");
        }
        else if (section.Has("states") && (metric.States.Length is < 2 or > 64 || metric.States.Distinct().Count() != metric.States.Length))
        {
            section.Fault("states", "are too few, too many or repeated", "2 to 64 different names; without states the metric is true or false");
        }

        if (isState && (metric.Min ?? metric.Max) is not null)
        {
            section.Fault("min", "or max is given for kind state", "no range for states");
        }

        if (section.IsSound("figures"))
        {
            CheckFigures(metric, isState, section.Sections("figures"));
        }

        if (section.IsSound("detectors"))
        {
            CheckDetectors(metric, isState, detectors);
        }

        return metric;
    }

    /// <summary>States alarm by name, numbers by limits.</summary>
    private static void CheckDetectors(MetricDefinition metric, bool isState, YamlSection detectors)
    {
        if (isState && metric.Detectors.Level is not null)
        {
            detectors.Fault("level", "is given for kind state", "alarm, with the names of the states that alarm");
        }

        if (!isState && detectors.Has("alarm"))
        {
            detectors.Fault("alarm", "is given for another kind than state", "level, with limits");
        }
        else if (detectors.Has("alarmAfter") && !detectors.Has("alarm"))
        {
            detectors.Fault("alarmAfter", "is given without alarm", "alarm, with the names of the states that alarm");
        }

        string[] states = metric.States.IsEmpty ? ["false", "true"] : [.. metric.States];
        for (int i = 0; i < metric.Detectors.Alarm.Length && isState; i++)
        {
            if (!states.Contains(metric.Detectors.Alarm[i]))
            {
                detectors.FaultOfItem("alarm", i, $"is {metric.Detectors.Alarm[i]}{Spelling.DidYouMean(metric.Detectors.Alarm[i], states)}", string.Join(", ", states));
            }
        }
    }

    private static MetricFigure ReadFigure(YamlSection section)
    {
        MetricFigure figure = new(section.Required("label", Form.Text(60)))
        {
            Statistic = section.Optional("statistic", Form.Choice<FigureStatistic>(), FigureStatistic.Mean),
            Share = section.List("share", Form.Text(64)),
            Over = section.Maybe("over", Form.Number(0)),
        };
        if (FigureForms.Count(section.Has) > 1)
        {
            section.Fault("statistic", "is given with share or over, or both of these", "one of statistic, share, over");
        }

        return figure;
    }

    /// <summary>A share is of states, anything else of numbers.</summary>
    private static void CheckFigures(MetricDefinition metric, bool isState, IReadOnlyList<YamlSection> figures)
    {
        string[] states = !isState ? [] : metric.States.IsEmpty ? ["false", "true"] : [.. metric.States];
        foreach ((YamlSection section, MetricFigure figure) in figures.Zip(metric.Figures))
        {
            if (isState != section.Has("share"))
            {
                section.Fault("share", isState ? "is missing for kind state" : "is given for another kind than state", isState ? string.Join(", ", states) : "statistic or over");
                continue;
            }

            for (int i = 0; i < figure.Share.Length; i++)
            {
                if (!states.Contains(figure.Share[i]))
                {
                    section.FaultOfItem("share", i, $"is {figure.Share[i]}{Spelling.DidYouMean(figure.Share[i], states)}", string.Join(", ", states));
                }
            }
        }
    }

    private static DetectorSettings ReadDetectors(YamlSection section)
    {
        Form<TimeSpan> span = Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(366));
        return new DetectorSettings
        {
            StuckAfter = section.Maybe("stuckAfter", span),
            StuckExcept = section.List("stuckExcept", Form.Number()),
            RatePerMinute = section.Maybe("ratePerMinute", Form.Number(1e-9)),
            Spike = section.Maybe("spike", Form.Number(3, 1000)),
            Alarm = section.List("alarm", Form.Text(64)),
            AlarmAfter = section.Optional("alarmAfter", span, TimeSpan.Zero),
            Unusual = section.Maybe("unusual", Form.Number(0.05, 1)),
            Level = section.MaybeSection("level") is { } level && section.IsSound("level") ? ReadLevel(level) : null,
        };
    }

    private static LevelLimits ReadLevel(YamlSection section)
    {
        LevelLimits level = new(
            section.Maybe("high", Form.Number()),
            section.Maybe("highClear", Form.Number()),
            section.Maybe("low", Form.Number()),
            section.Maybe("lowClear", Form.Number()),
            section.Optional("for", Form.Duration(TimeSpan.Zero, TimeSpan.FromDays(31)), TimeSpan.Zero));
        if (!section.IsSound("high", "highClear", "low", "lowClear"))
        {
            return level;
        }

        if (level.High is null && level.Low is null)
        {
            // Said of the one whose clearing limit is there: that is the one that was meant.
            section.Fault(level.LowClear is null ? "high" : "low", level.LowClear is null ? "and low are both missing" : "and high are both missing", "at least one of them");
            return level;
        }

        if ((level.HighClear is not null && level.High is null) || level.HighClear > level.High)
        {
            section.Fault("highClear", "does not lie at or below high", "highClear at most high, and only with high");
        }

        if ((level.LowClear is not null && level.Low is null) || level.LowClear < level.Low)
        {
            section.Fault("lowClear", "does not lie at or above low", "lowClear at least low, and only with low");
        }

        if (level.Low >= level.High)
        {
            section.Fault("low", "is not below high", "low less than high");
        }

        return level;
    }
}
