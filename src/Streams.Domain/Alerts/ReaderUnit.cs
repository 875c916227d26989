namespace Streams.Domain.Alerts;

/// <summary>
/// A unit as readers of a warning know it. UCUM codes are for machines: nobody reads <c>ug/m3</c>, and nobody knows how strong a wind
/// of 24 m/s is. Evidence and aggregates keep the metric's own unit.
/// </summary>
/// <param name="Symbol">As English has it; other languages may say it otherwise (<see cref="AlertNames"/>).</param>
/// <param name="Factor">Makes a figure in the metric's unit one in this.</param>
internal readonly record struct ReaderUnit(string Symbol, double Factor = 1)
{
    /// <summary>Hours, minutes and what is counted are words; all else is a symbol that is the same everywhere.</summary>
    public bool HasWords => Symbol.Split('/').Any(part => part is "h" or "min" or "people" or "units" or "calls" or "requests" || part.StartsWith('{'));

    public static ReaderUnit Of(string unit) => unit switch
    {
        "m/s" => new("km/h", 3.6),
        "s" => new("min", 1 / 60.0),
        "ug/m3" => new("µg/m³"),
        "mg/m3" => new("mg/m³"),
        "Cel" => new("°C"),
        "[degF]" => new("°F"),
        "deg" => new("°"),
        "kW.h" => new("kWh"),
        "W.h" => new("Wh"),
        "W/m2" => new("W/m²"),
        "m3" => new("m³"),
        "m3/h" => new("m³/h"),
        "m3/s" => new("m³/s"),
        "[ppm]" => new("ppm"),
        "{person}/m2" => new("people/m²"),
        "count" => new("units"),
        "call" => new("calls"),
        "request" => new("requests"),
        _ => new(unit),
    };
}
