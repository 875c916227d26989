namespace Streams.Domain.Alerts;

/// <summary>What stands in for the braces of a text in one language.</summary>
public sealed class AlertWords
{
    private readonly AlertLanguage _language;
    private readonly AlertFigures _figures;
    private readonly AlertNames _names;

    /// <param name="language">RFC 5646, such as <c>en</c> or <c>fr-FR</c>.</param>
    /// <param name="names">Null where the language names nothing.</param>
    public AlertWords(string language, AlertFigures figures, AlertNames? names = null)
    {
        _names = names ?? AlertNames.None;
        _language = AlertLanguage.Of(language);
        _figures = figures;
    }

    /// <summary>Null for what is no name: it stays as it stands.</summary>
    /// <param name="inBraces">A name of <see cref="AlertWording.Names"/>, or a choice such as <c>count:sensor|sensors</c>.</param>
    public string? Of(string inBraces) => inBraces switch
    {
        "area" => _figures.Area,
        "value" => _language.Number(_figures.Value),
        "worst" => _language.Number(_figures.Worst),
        "measure" => _language.Number(_figures.Measure),
        "distance" => _language.Number(Math.Abs(_figures.Measure)),
        "percent" => _language.Number(100 * _figures.Measure),
        "threshold" => _language.Number(_figures.Threshold),
        "unit" => _names.Unit(_figures.Unit),
        "usual" => _language.Number(_figures.Usual),
        "count" => _language.Number(_figures.Count),
        "members" => _language.Number(_figures.Members),
        "devices" => _language.List(_figures.Devices, _figures.DeviceCount),
        "places" => _language.List(_figures.Places, _figures.PlaceCount),
        "metric" => _figures.Metric.Length > 0 ? _names.Metric(_figures.Metric) : "-",
        "since" => _language.Time(_figures.SinceInMs, _figures.Zone),
        "until" => _figures.UntilInMs is { } until ? _language.Time(until, _figures.Zone) : "-",
        "eta" => _figures.EtaInMs is { } eta ? _language.Duration(eta) : "-",
        "window" => _figures.WindowInMs is { } length ? _language.Duration(length) : "-",
        "explanation" => _figures.Newest is { } newest ? _language.Explain(newest, _names.MetricFirst(newest.Metric)) : "",
        _ => Choice(inBraces),
    };

    /// <summary>Says before a headline that the alert is over, if it is: many read no further.</summary>
    public string Headline(string filled, AlertState state) => state switch
    {
        AlertState.Cleared or AlertState.Cancelled => _language.Over + filled,
        AlertState.Expired => _language.Unconfirmed + filled,
        _ => filled,
    };

    /// <summary>Says after a description since when the alert is over, if it is.</summary>
    public string Description(string filled, AlertState state) => (state, _figures.UntilInMs) switch
    {
        (AlertState.Cleared or AlertState.Cancelled, { } until) => (filled + _language.Gap + _language.OverSince(until, _figures.Zone)).TrimStart(),
        (AlertState.Expired, { } until) => (filled + _language.Gap + _language.LastConfirmed(until, _figures.Zone)).TrimStart(),
        _ => filled,
    };

    private string? Choice(string inBraces)
    {
        if (!AlertWording.TryChoice(inBraces, out string name, out string one, out string many))
        {
            return null;
        }

        return _language.IsSingular(name == "count" ? _figures.Count : _figures.Members) ? one : many;
    }
}
