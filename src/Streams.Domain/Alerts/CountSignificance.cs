namespace Streams.Domain.Alerts;

/// <summary>
/// How likely it is that a count came about by chance, when all that is known of the usual is an earlier count. Both counts are
/// uncertain: given their sum, the newer one is binomial (the exact test for two Poisson rates; Przyborowski and Wilenski 1940), so few
/// earlier windows make the test careful instead of wrong.
/// </summary>
internal static class CountSignificance
{
    /// <summary>Chance of at least <paramref name="now"/> events in <paramref name="windows"/> windows after <paramref name="before"/> events in <paramref name="earlierWindows"/>, at the same rate.</summary>
    /// <param name="dispersion">Variance over mean of the earlier counts; above 1 the counts are clustered and weigh less (quasi-Poisson).</param>
    public static double AtLeast(double now, double windows, double before, double earlierWindows, double dispersion)
    {
        double k = now / Math.Max(1, dispersion);
        double rest = before / Math.Max(1, dispersion);
        double p = windows / (windows + earlierWindows);

        // P(X >= k), X ~ Binomial(k + rest, p), is the regularised incomplete beta function I_p(k, rest + 1).
        return k <= 0 ? 1 : IncompleteBeta(p, k, rest + 1);
    }

    /// <summary>The chance of at most so many.</summary>
    public static double AtMost(double now, double windows, double before, double earlierWindows, double dispersion)
    {
        double k = now / Math.Max(1, dispersion);
        double rest = before / Math.Max(1, dispersion);
        double p = windows / (windows + earlierWindows);
        return rest <= 0 ? 1 : 1 - IncompleteBeta(p, k + 1, rest);
    }

    /// <summary>Continued fraction of Lentz (Numerical Recipes, 6.4), good to about 1e-10.</summary>
    internal static double IncompleteBeta(double x, double a, double b)
    {
        if (x <= 0)
        {
            return 0;
        }

        if (x >= 1)
        {
            return 1;
        }

        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + (a * Math.Log(x)) + (b * Math.Log(1 - x)));
        return x < (a + 1) / (a + b + 2)
            ? front * Fraction(x, a, b) / a
            : 1 - (front * Fraction(1 - x, b, a) / b);
    }

    private static double Fraction(double x, double a, double b)
    {
        const double tiny = 1e-300;
        double c = 1;
        double d = 1 - ((a + b) * x / (a + 1));
        d = 1 / (Math.Abs(d) < tiny ? tiny : d);
        double h = d;
        for (int m = 1; m <= 500; m++)
        {
            double even = m * (b - m) * x / ((a + (2 * m) - 1) * (a + (2 * m)));
            d = 1 + (even * d);
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = 1 + (even / c);
            c = Math.Abs(c) < tiny ? tiny : c;
            h *= d * c;
            double odd = -(a + m) * (a + b + m) * x / ((a + (2 * m)) * (a + (2 * m) + 1));
            d = 1 + (odd * d);
            d = 1 / (Math.Abs(d) < tiny ? tiny : d);
            c = 1 + (odd / c);
            c = Math.Abs(c) < tiny ? tiny : c;
            double step = d * c;
            h *= step;
            if (Math.Abs(step - 1) < 1e-11)
            {
                break;
            }
        }

        return h;
    }

    /// <summary>Lanczos approximation for positive arguments, good to about 2e-10.</summary>
    private static double LogGamma(double x)
    {
        ReadOnlySpan<double> g =
        [
            76.18009172947146, -86.50532032941677, 24.01409824083091, -1.231739572450155, 0.1208650973866179e-2, -0.5395239384953e-5,
        ];
        double y = x;
        double t = x + 5.5;
        t -= (x + 0.5) * Math.Log(t);
        double series = 1.000000000190015;
        foreach (double coefficient in g)
        {
            series += coefficient / ++y;
        }

        return -t + Math.Log(2.5066282746310005 * series / x);
    }
}
