using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>The figures that an area shows, and what they usually are at this hour.</summary>
public sealed partial class Area
{
    /// <summary>Ordered, so that the same area makes the same bytes.</summary>
    private readonly SortedDictionary<string, UsualHours> _usual = new(StringComparer.Ordinal);

    private void NoteFigures(Lane lane, Slot slot)
    {
        TimeZoneInfo zone = _rules.Register.TimeZoneOf(Id);
        foreach (AreaFigure figure in _rules.Settings.Figures.Of(lane.Type))
        {
            if (figure.Size == lane.Size && slot.Find(figure.Metric) is { } window)
            {
                if (!_usual.TryGetValue(figure.Key, out UsualHours? hours))
                {
                    _usual.Add(figure.Key, hours = new UsualHours());
                }

                hours.Note(window.StartInMs, zone, figure.ValueOf(window));
            }
        }
    }

    /// <summary>Another configuration may show other figures: what nobody shows is not remembered.</summary>
    private void ForgetFigures()
    {
        HashSet<string> shown = [.. _byType.Keys.SelectMany(type => _rules.Settings.Figures.Of(type)).Select(figure => figure.Key)];
        foreach (string key in _usual.Keys.Where(key => !shown.Contains(key)).ToList())
        {
            _usual.Remove(key);
        }
    }

    /// <summary>Every figure with the newest closed window that has it.</summary>
    private void WriteFigures(Utf8JsonWriter json, AlertRules rules)
    {
        json.WriteStartArray("figures");
        foreach (AreaFigure figure in _byType.Keys.SelectMany(type => rules.Settings.Figures.Of(type)))
        {
            AreaAggregate? newest = null;
            foreach (Lane lane in _lanes.All)
            {
                if (lane.Type == figure.Type && lane.Size == figure.Size)
                {
                    newest = lane.Closed.Reverse().Select(slot => slot.Find(figure.Metric)).FirstOrDefault(window => window is not null);
                }
            }

            if (newest is not null)
            {
                WriteFigure(json, figure, newest, rules);
            }
        }

        json.WriteEndArray();
    }

    private void WriteFigure(Utf8JsonWriter json, AreaFigure figure, AreaAggregate window, AlertRules rules)
    {
        double value = figure.ValueOf(window);
        json.WriteStartObject();
        json.WriteString("domain", rules.Settings.Figures.DomainOf(figure.Type));
        json.WriteString("type", figure.Type);
        json.WriteString("metric", figure.Metric);
        json.WriteString("label", figure.Label);
        json.WriteString("statistic", figure.Statistic);
        json.WriteNumber("value", Rounded(value));
        json.WriteString("unit", figure.Unit);
        json.WriteStartObject("window");
        json.WriteString("size", window.Size.Iso());
        json.WriteString("start", Rfc3339.Format(window.StartInMs));
        json.WriteString("end", Rfc3339.Format(window.EndInMs));
        json.WriteEndObject();
        json.WriteNumber("members", window.Members);
        if (_usual.GetValueOrDefault(figure.Key)?.At(window.StartInMs, rules.Register.TimeZoneOf(Id)) is { } usual)
        {
            json.WriteStartObject("usual");
            json.WriteNumber("value", Rounded(usual.Value));
            json.WriteNumber("hours", usual.Hours);
            json.WriteNumber("difference", Rounded(value - usual.Value));
            if (usual.Value > 0)
            {
                json.WriteNumber("ratio", Rounded(value / usual.Value));
            }

            json.WriteString("word", usual.Word(value));
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("usual");
        }

        json.WriteEndObject();
    }

    /// <summary>Four significant digits: what a person reads off a gauge.</summary>
    private static double Rounded(double value)
    {
        if (value == 0 || !double.IsFinite(value))
        {
            return 0;
        }

        int digits = Math.Clamp(3 - (int)Math.Floor(Math.Log10(Math.Abs(value))), 0, 12);
        return Math.Round(value, digits);
    }
}
