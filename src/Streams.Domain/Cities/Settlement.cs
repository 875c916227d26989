using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Areas;

namespace Streams.Domain.Cities;

/// <summary>
/// Gives every device of a city its id, area and spot. Deterministic, and each group by itself: a further group, or a higher number
/// in one, moves no other device.
/// </summary>
public sealed class Settlement
{
    /// <summary>Spots tried in a bounding box before an outline counts as having no ground; a thin diagonal strip has one in fifty.</summary>
    private const int MostTries = 10_000;

    // The plastic number's powers: points n * (a, b) modulo 1 fill a square evenly, however many there are (M. Roberts, "The R2 sequence").
    private const double StepX = 0.754877666246692760;
    private const double StepY = 0.569840290998053266;

    /// <summary>The golden ratio's: the same on a line.</summary>
    private const double StepAlong = 0.618033988749894848;

    private readonly City _city;
    private readonly CityArea[] _leaves;
    private readonly Outline[] _outlines;

    /// <param name="city">Its devices are not looked at.</param>
    public Settlement(City city)
    {
        _city = city;
        HashSet<string> parents = [.. city.Areas.Select(area => AreaPath.ParentOf(area.Id)).OfType<string>()];
        _leaves = [.. city.Areas.Where(area => !parents.Contains(area.Id))];
        _outlines = [.. _leaves.Select(area => new Outline(area.Description.Polygon))];
    }

    /// <summary>The smallest areas: devices stand in these.</summary>
    public IReadOnlyList<CityArea> Leaves => _leaves;

    /// <summary>The smallest area around a point; null outside of the city.</summary>
    public CityArea? At(double latitude, double longitude)
    {
        int leaf = Array.FindIndex(_outlines, outline => outline.Contains(latitude, longitude));
        return leaf < 0 ? null : _leaves[leaf];
    }

    /// <summary>Each smallest area's share of a group, in their order; the sum is 1, or 0 where no area has what it is spread by.</summary>
    public double[] SharesOf(PopulationGroup group)
    {
        double[] factors = [.. _leaves.Select(leaf => FactorOf(group, leaf.Id))];
        double[] shares = group.Spread.IsEmpty ? factors : new double[_leaves.Length];
        foreach ((AreaQuality quality, double weight) in group.Spread)
        {
            double[] amounts = [.. _leaves.Select((leaf, i) => AmountOf(quality, leaf, _outlines[i]) * factors[i])];
            double sum = amounts.Sum();
            for (int i = 0; i < shares.Length && sum > 0; i++)
            {
                shares[i] += weight * amounts[i] / sum;
            }
        }

        double total = shares.Sum();
        return total > 0 ? [.. shares.Select(share => share / total)] : shares;
    }

    /// <summary>The devices of a group in the order of their numbers.</summary>
    public IEnumerable<PlacedDevice> Place(PopulationGroup group) =>
        !group.Places.IsEmpty ? group.Places.Select(place => AtPlace(group, place))
        : group.OnePerArea ? OneInEach(group)
        : !group.Along.IsEmpty ? OnLines(group)
        : InAreas(group);

    public ImmutableArray<PlacedDevice> Place(ImmutableArray<PopulationGroup> groups)
    {
        ImmutableArray<PlacedDevice>.Builder devices = ImmutableArray.CreateBuilder<PlacedDevice>(groups.Sum(group => group.Group.Count));
        foreach (PopulationGroup group in groups)
        {
            devices.AddRange(Place(group));
        }

        return devices.ToImmutable();
    }

    private static double FactorOf(PopulationGroup group, string leaf)
    {
        double factor = group.Areas.IsEmpty ? 1 : 0;
        foreach ((string area, double weight) in group.Areas)
        {
            factor += AreaPath.IsWithin(leaf, area) ? weight : 0;
        }

        return factor;
    }

    private static double AmountOf(AreaQuality quality, CityArea area, Outline outline) => quality switch
    {
        AreaQuality.Residents => area.Residents,
        AreaQuality.Surface => outline.SurfaceInKm2,
        AreaQuality.Centre => area.Character.Centre * outline.SurfaceInKm2,
        AreaQuality.Industry => area.Character.Industry * outline.SurfaceInKm2,
        AreaQuality.Green => area.Character.Green * outline.SurfaceInKm2,
        AreaQuality.River => area.Character.River * outline.SurfaceInKm2,
        _ => throw new ArgumentOutOfRangeException(nameof(quality), quality, null),
    };

    private PlacedDevice AtPlace(PopulationGroup group, NamedPlace place)
    {
        DeviceGroup own = place.Figures.IsEmpty ? group.Group : group.Group with { Figures = group.Group.Figures.SetItems(place.Figures) };
        return new PlacedDevice(
            $"{_city.Name}-{group.Group.Name}-{place.Key}", group.Group.Type, At(place.Latitude, place.Longitude)?.Id ?? _city.Name,
            place.Latitude, place.Longitude, group.Interval, own) { Name = place.Title };
    }

    private IEnumerable<PlacedDevice> OneInEach(PopulationGroup group)
    {
        for (int leaf = 0; leaf < _leaves.Length; leaf++)
        {
            string area = _leaves[leaf].Id;
            if (FactorOf(group, area) > 0)
            {
                (double latitude, double longitude) = new Spots(_outlines[leaf], Seed(group, area)).Next();
                yield return new PlacedDevice(
                    $"{_city.Name}-{group.Group.Name}-{area[(area.LastIndexOf('/') + 1)..]}", group.Group.Type, area, latitude, longitude, group.Interval, group.Group);
            }
        }
    }

    /// <summary>Each next device goes where its group is most behind its share, so that more of them leave the earlier ones where they are.</summary>
    private IEnumerable<PlacedDevice> InAreas(PopulationGroup group)
    {
        double[] shares = SharesOf(group);
        int[] given = new int[shares.Length];
        Spots?[] spots = new Spots?[shares.Length];
        for (int number = 1; number <= group.Group.Count; number++)
        {
            int next = 0;
            double most = double.MinValue;
            for (int i = 0; i < shares.Length; i++)
            {
                double behind = shares[i] > 0 ? (shares[i] * number) - given[i] : double.MinValue;
                if (behind > most)
                {
                    (next, most) = (i, behind);
                }
            }

            given[next]++;
            Spots within = spots[next] ??= new Spots(_outlines[next], Seed(group, _leaves[next].Id));
            (double latitude, double longitude) = within.Next();
            yield return Numbered(group, number, _leaves[next].Id, latitude, longitude);
        }
    }

    private IEnumerable<PlacedDevice> OnLines(PopulationGroup group)
    {
        (double Length, double Y0, double X0, double Y1, double X1)[] pieces = [.. group.Along.SelectMany(PiecesOf)];
        double total = pieces.Sum(piece => piece.Length);
        double at = Fraction(Seed(group, ""));
        int tries = 0;
        for (int number = 1; number <= group.Group.Count && tries < MostTries; tries++)
        {
            at = (at + StepAlong) % 1;
            double rest = at * total;
            int i = 0;
            for (; i < pieces.Length - 1 && rest > pieces[i].Length; i++)
            {
                rest -= pieces[i].Length;
            }

            (double length, double y0, double x0, double y1, double x1) = pieces[i];
            double part = length > 0 ? Math.Min(rest / length, 1) : 0;
            (double latitude, double longitude) = (Rounded(y0 + ((y1 - y0) * part)), Rounded(x0 + ((x1 - x0) * part)));

            // Rivers and roads go on outside of the city.
            if (At(latitude, longitude) is { } area && FactorOf(group, area.Id) > 0)
            {
                yield return Numbered(group, number++, area.Id, latitude, longitude);
                tries = 0;
            }
        }
    }

    private static IEnumerable<(double Length, double Y0, double X0, double Y1, double X1)> PiecesOf(CityLine line)
    {
        for (int i = 1; i < line.Points.Length; i++)
        {
            ((double y0, double x0), (double y1, double x1)) = (line.Points[i - 1], line.Points[i]);
            yield return (Math.Sqrt(Math.Pow(y1 - y0, 2) + Math.Pow((x1 - x0) * Math.Cos(y0 * Math.PI / 180), 2)), y0, x0, y1, x1);
        }
    }

    private PlacedDevice Numbered(PopulationGroup group, int number, string area, double latitude, double longitude)
    {
        string digits = number.ToString("D" + group.Digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return new PlacedDevice($"{_city.Name}-{group.Group.Name}-{digits}", group.Group.Type, area, latitude, longitude, group.Interval, group.Group);
    }

    /// <summary>FNV-1a: the same on every machine and in every version.</summary>
    private ulong Seed(PopulationGroup group, string area)
    {
        ulong hash = 14_695_981_039_346_656_037;
        foreach (char each in $"{_city.Name}\n{group.Group.Name}\n{area}")
        {
            hash = (hash ^ each) * 1_099_511_628_211;
        }

        return hash;
    }

    private static double Fraction(ulong seed) => (seed >> 11) * (1.0 / (1UL << 53));

    /// <summary>To a decimetre.</summary>
    private static double Rounded(double degrees) => Math.Round(degrees, 6);

    /// <summary>The spots of one group in one area, one after the other.</summary>
    private sealed class Spots(Outline outline, ulong seed)
    {
        private double _x = Fraction(seed);
        private double _y = Fraction(seed * 6_364_136_223_846_793_005);

        public (double Latitude, double Longitude) Next()
        {
            double latitude = 0;
            double longitude = 0;
            for (int tries = 0; tries < MostTries; tries++)
            {
                (_x, _y) = ((_x + StepX) % 1, (_y + StepY) % 1);
                latitude = Rounded(outline.South + ((outline.North - outline.South) * _y));
                longitude = Rounded(outline.West + ((outline.East - outline.West) * _x));
                if (outline.Contains(latitude, longitude))
                {
                    break;
                }
            }

            return (latitude, longitude);
        }
    }
}
