using System.Collections.Immutable;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>A closed way through places of the city, in straight lines; the first place is the depot.</summary>
internal sealed class Route
{
    private const double KilometresADegree = 111.2;

    private readonly (double Latitude, double Longitude)[] _places;
    private readonly double[] _startsInKm;

    /// <param name="places">One or more.</param>
    public Route((double Latitude, double Longitude)[] places)
    {
        _places = places;
        _startsInKm = new double[places.Length + 1];
        for (int i = 0; i < places.Length; i++)
        {
            _startsInKm[i + 1] = _startsInKm[i] + Distance(places[i], places[(i + 1) % places.Length]);
        }
    }

    /// <summary>A way from a device's own place, its depot, past some others' in the city that are not far, back to it.</summary>
    /// <param name="lengthInKm">About so long; shorter in a small city.</param>
    public static Route Through(ImmutableArray<PlacedDevice> devices, int device, double lengthInKm, ulong lot)
    {
        const int Stops = 6, Looks = 60;
        (double Latitude, double Longitude) depot = (devices[device].Latitude, devices[device].Longitude);
        var stops = new List<(double Latitude, double Longitude)>();
        for (int look = 0; look < Looks && stops.Count < Stops; look++)
        {
            PlacedDevice other = devices[(int)(Chance.Even(Chance.Mix(lot, 300 + (ulong)look)) * devices.Length)];
            if (Distance(depot, (other.Latitude, other.Longitude)) is > 0.05 and var away && away < lengthInKm / 3)
            {
                stops.Add((other.Latitude, other.Longitude));
            }
        }

        return new Route([depot, .. stops.OrderBy(stop => Math.Atan2(stop.Latitude - depot.Latitude, stop.Longitude - depot.Longitude))]);
    }

    /// <summary>Once around; above 0.</summary>
    public double LengthInKm => Math.Max(0.05, _startsInKm[^1]);

    public (double Latitude, double Longitude) Depot => _places[0];

    /// <summary>Where it is after so many kilometres from the depot, round and round.</summary>
    public (double Latitude, double Longitude) At(double km)
    {
        double on = km - (Math.Floor(km / LengthInKm) * LengthInKm);
        int leg = 0;
        while (leg < _places.Length - 1 && _startsInKm[leg + 1] <= on)
        {
            leg++;
        }

        double length = _startsInKm[leg + 1] - _startsInKm[leg];
        double part = length <= 0 ? 0 : Math.Clamp((on - _startsInKm[leg]) / length, 0, 1);
        (double Latitude, double Longitude) from = _places[leg], to = _places[(leg + 1) % _places.Length];
        return (from.Latitude + (part * (to.Latitude - from.Latitude)), from.Longitude + (part * (to.Longitude - from.Longitude)));
    }

    private static double Distance((double Latitude, double Longitude) from, (double Latitude, double Longitude) to)
    {
        double north = (to.Latitude - from.Latitude) * KilometresADegree;
        double east = (to.Longitude - from.Longitude) * KilometresADegree * Math.Cos(from.Latitude * Math.PI / 180);
        return Math.Sqrt((north * north) + (east * east));
    }
}
