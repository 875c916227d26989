using Streams.Domain.Detection;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Takes what a device has to say, in order, when it is drained: the node turns it into records, tests look at it.</summary>
public interface IDeviceOutput : IHistoryOutput
{
    /// <summary>The device is known from now on, was taught one more type, or was given another place or name.</summary>
    void Registered(DeviceRegistration registration);

    /// <summary>The device is in another area from now on; what comes after belongs there.</summary>
    void Moved(DeviceRegistration registration, string fromArea);

    void Anomaly(AnomalyEvent anomaly);

    /// <summary>A window closed or was revised. The argument is valid during the call only.</summary>
    void Closed(in ClosedWindow window);
}

/// <param name="Type">The type this is about: the primary one, or the one just added.</param>
/// <param name="Location">Null where unknown.</param>
/// <param name="Name">For people; empty where none was given.</param>
public sealed record DeviceRegistration(string DeviceId, string Type, string Area, GeoPoint? Location, string Name = "");
