using System.Collections.Frozen;

namespace Streams.Domain.Readings;

/// <summary>
/// Conversion between units of one quantity. Units are UCUM codes (case-sensitive), and beside them the spellings that city feeds
/// and SenML (RFC 8428) really use. A unit is its quantity and <c>base = value * factor + offset</c>.
/// </summary>
public static class Units
{
    private const double Fahrenheit = 5.0 / 9;
    private const double Mile = 1609.344;
    private const double Foot = 0.3048;

    private static readonly Dictionary<string, Unit> Table = Build();

    private static readonly Utf8Names<Unit> ByBytes = new(Table);

    private static readonly FrozenDictionary<string, Unit> ByName = Table.ToFrozenDictionary();

    /// <summary>All names of units.</summary>
    public static IReadOnlyCollection<string> Names => Table.Keys;

    /// <summary>True for a unit this table knows. Others can still be used as they are: only the very same name fits them.</summary>
    public static bool IsKnown(string unit) => ByName.ContainsKey(unit);

    /// <summary>
    /// How to turn a value in <paramref name="from"/> into <paramref name="to"/>: <c>value * factor + offset</c>. False where the two
    /// measure different things, or one is not known and the names differ.
    /// </summary>
    public static bool TryConvert(ReadOnlySpan<byte> from, string to, out double factor, out double offset)
    {
        factor = 1;
        offset = 0;
        if (System.Text.Ascii.Equals(from, to))
        {
            return true;
        }

        if (!ByBytes.TryGet(from, out Unit source) || !ByName.TryGetValue(to, out Unit target) || source.Quantity != target.Quantity)
        {
            return false;
        }

        factor = source.Factor / target.Factor;
        offset = (source.Offset - target.Offset) / target.Factor;
        return true;
    }

    /// <summary>The same for a unit given as text.</summary>
    public static bool TryConvert(string from, string to, out double factor, out double offset) =>
        TryConvert(System.Text.Encoding.UTF8.GetBytes(from), to, out factor, out offset);

    private static Dictionary<string, Unit> Build()
    {
        var table = new Dictionary<string, Unit>(StringComparer.Ordinal);

        void Add(string quantity, double factor, double offset, params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
            {
                table.Add(name, new Unit(quantity, factor, offset));
            }
        }

        Add("temperature", 1, 0, "K");
        Add("temperature", 1, 273.15, "Cel", "degC", "°C");
        Add("temperature", Fahrenheit, 273.15 - (32 * Fahrenheit), "[degF]", "degF", "°F");

        Add("pressure", 1, 0, "Pa");
        Add("pressure", 100, 0, "hPa", "mbar");
        Add("pressure", 1000, 0, "kPa");
        Add("pressure", 100_000, 0, "bar");
        Add("pressure", 133.322387415, 0, "mm[Hg]", "mmHg");
        Add("pressure", 3386.388640341, 0, "[in_i'Hg]", "inHg");

        Add("speed", 1, 0, "m/s");
        Add("speed", 1 / 3.6, 0, "km/h", "kmh", "km/hr");
        Add("speed", Mile / 3600, 0, "[mi_i]/h", "mph");
        Add("speed", 1852.0 / 3600, 0, "[kn_i]", "kn", "kt");
        Add("speed", Foot, 0, "[ft_i]/s", "ft/s");

        Add("length", 1, 0, "m");
        Add("length", 1e-6, 0, "um");
        Add("length", 0.001, 0, "mm");
        Add("length", 0.01, 0, "cm");
        Add("length", 1000, 0, "km");
        Add("length", Foot, 0, "[ft_i]", "ft");
        Add("length", 0.0254, 0, "[in_i]", "in");
        Add("length", Mile, 0, "[mi_i]", "mi");

        Add("rain rate", 1, 0, "mm/h");
        Add("rain rate", 25.4, 0, "[in_i]/h", "in/h");

        Add("concentration by mass", 1e-9, 0, "ng/m3");
        Add("concentration by mass", 1e-6, 0, "ug/m3", "µg/m3", "µg/m³", "ug/m^3");
        Add("concentration by mass", 0.001, 0, "mg/m3", "mg/m³", "mg/m^3");
        Add("concentration by mass", 1, 0, "g/m3");
        Add("concentration by mass", 1.0, 0, "mg/L", "mg/l");
        Add("concentration by mass", 0.001, 0, "ug/L", "ug/l");

        Add("concentration by volume", 1e-6, 0, "[ppm]", "ppm");
        Add("concentration by volume", 1e-9, 0, "[ppb]", "ppb");

        Add("energy", 1, 0, "J");
        Add("energy", 1000, 0, "kJ");
        Add("energy", 1e6, 0, "MJ");
        Add("energy", 3600, 0, "W.h", "Wh");
        Add("energy", 3.6e6, 0, "kW.h", "kWh");
        Add("energy", 3.6e9, 0, "MW.h", "MWh");

        Add("power", 0.001, 0, "mW");
        Add("power", 1, 0, "W");
        Add("power", 1000, 0, "kW");
        Add("power", 1e6, 0, "MW");

        Add("voltage", 0.001, 0, "mV");
        Add("voltage", 1, 0, "V");
        Add("voltage", 1000, 0, "kV");
        Add("current", 0.001, 0, "mA");
        Add("current", 1, 0, "A");

        Add("volume", 1e-6, 0, "mL", "ml");
        Add("volume", 0.001, 0, "L", "l", "litre", "liter");
        Add("volume", 1, 0, "m3", "m^3", "m³");
        Add("volume", 0.003785411784, 0, "[gal_us]", "gal");

        Add("flow", 1, 0, "m3/s");
        Add("flow", 1.0 / 3600, 0, "m3/h");
        Add("flow", 0.001, 0, "L/s", "l/s");
        Add("flow", 0.001 / 60, 0, "L/min", "l/min");

        Add("mass", 1e-6, 0, "mg");
        Add("mass", 0.001, 0, "g");
        Add("mass", 1, 0, "kg");
        Add("mass", 1000, 0, "t");
        Add("mass", 0.45359237, 0, "[lb_av]", "lb");

        Add("time", 0.001, 0, "ms");
        Add("time", 1, 0, "s", "sec");
        Add("time", 60, 0, "min");
        Add("time", 3600, 0, "h");
        Add("time", 86_400, 0, "d");

        Add("share", 1, 0, "1", "/");
        Add("share", 0.01, 0, "%", "percent", "%RH", "%EL");

        Add("number", 1, 0, "count", "{count}", "{#}");
        Add("calls", 1, 0, "call", "{call}");
        Add("requests", 1, 0, "request", "{request}");

        Add("sound level, A-weighted", 1, 0, "dB(A)", "dBA", "dB[A]");
        Add("level", 1, 0, "dB");
        Add("level", 10, 0, "B");
        Add("illuminance", 1, 0, "lx", "lux");
        Add("irradiance", 1, 0, "W/m2", "W/m^2");

        Add("angle", 1, 0, "deg", "°");
        Add("angle", 180 / Math.PI, 0, "rad");
        Add("frequency", 1, 0, "Hz");
        Add("frequency", 1.0 / 60, 0, "1/min", "/min");
        Add("acidity", 1, 0, "[pH]", "pH");
        Add("conductivity", 1, 0, "S/m");
        Add("conductivity", 0.0001, 0, "uS/cm");
        return table;
    }

    private readonly record struct Unit(string Quantity, double Factor, double Offset);
}
