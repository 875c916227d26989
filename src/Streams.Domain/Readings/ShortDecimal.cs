namespace Streams.Domain.Readings;

/// <summary>
/// The numbers that sensors send (<c>14.2</c>, <c>-3</c>, <c>1013.25</c>) read in a few nanoseconds, to the very same double that the
/// general parser gives: up to 15 digits are exact, and so is the power of ten they are divided by (Clinger's fast path).
/// </summary>
internal static class ShortDecimal
{
    private const int MostDigits = 15;

    private static readonly double[] Powers =
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

    /// <param name="text">A number by JSON's grammar.</param>
    /// <param name="value">Set when true.</param>
    /// <returns>False for a number with an exponent or more digits: use the general parser.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        int at = text[0] == '-' ? 1 : 0;
        if (text.Length - at > MostDigits + 1)
        {
            return false;
        }

        long digits = 0;
        int decimals = 0;
        bool inDecimals = false;
        for (int i = at; i < text.Length; i++)
        {
            int digit = text[i] - '0';
            if ((uint)digit <= 9)
            {
                digits = (digits * 10) + digit;
                decimals += inDecimals ? 1 : 0;
            }
            else if (text[i] == '.')
            {
                inDecimals = true;
            }
            else
            {
                return false;
            }
        }

        if (!inDecimals && text.Length - at > MostDigits)
        {
            return false;
        }

        value = digits / Powers[decimals];
        value = at == 1 ? -value : value;
        return true;
    }
}
