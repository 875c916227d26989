using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>How a kind of device makes readings of what is around it.</summary>
/// <param name="Say">Adds its metrics to the draft (none: it has nothing to say now) and answers its <see cref="Condition"/>.</param>
/// <param name="Figures">What its groups in <c>population.yaml</c> may say of it, with what holds where they don't; the model finds them by place.</param>
/// <param name="Notices">Quantities that its condition follows: when a scenario changes one of them, it looks, and speaks at once if its condition is another.</param>
/// <param name="RouteInKm">About how long the way is that it drives; null for what stands.</param>
internal sealed record DeviceModel(
    string Type,
    Func<ReadingDraft, byte> Say,
    (string Name, double Default)[] Figures,
    CityQuantity[]? Notices = null,
    double? RouteInKm = null)
{
    /// <summary>Every kind of device that speaks by itself. Desks for calls and requests (<see cref="EventKinds"/>) speak when there is one.</summary>
    public static IReadOnlyDictionary<string, DeviceModel> ByType { get; } = new DeviceModel[][]
    {
        AirModels.All, WaterModels.All, EnergyModels.All, StreetModels.All, VehicleModels.All, PlaceModels.All,
    }.SelectMany(models => models).ToDictionary(model => model.Type, StringComparer.Ordinal);
}
