using System.Collections.Immutable;

namespace Streams.Domain.Cities;

/// <summary>A figure that tells devices of one type apart.</summary>
/// <param name="Types">The device types that have it.</param>
public sealed record DeviceFigure(string Name, string Unit, string Meaning, ImmutableArray<string> Types);

/// <summary>The figures that a population group may give its devices, in the unit said here. What is not given the simulator chooses.</summary>
public static class DeviceFigures
{
    public static ImmutableArray<DeviceFigure> All { get; } =
    [
        new("capacity", "1", "Spaces, docks, people, clients or users that fit.", ["parking_lot", "bike_share_station", "building", "wifi_access_point", "cell_site"]),
        new("capacity", "L", "What it holds.", ["waste_bin"]),
        new("capacity", "/h", "Vehicles that can pass.", ["road_detector", "loop_detector", "traffic_counter", "traffic_light"]),
        new("free_speed", "km/h", "On an empty road.", ["road_detector", "loop_detector", "traffic_counter", "travel_time_segment"]),
        new("length", "km", "Of the way between its two ends.", ["travel_time_segment"]),
        new("usual_speed", "km/h", "On the way, stops included.", ["bus", "tram", "street_sweeper", "waste_truck", "service_vehicle", "police_unit", "fire_unit", "ambulance"]),
        new("usual_flow", "/h", "People or vehicles, mean of a day.", ["pedestrian_counter", "bollard", "taxi_fleet"]),
        new("usual_flow", "m3/h", "Mean of a day.", ["water_main_sensor"]),
        new("usual_flow", "L/min", "While open.", ["irrigation_valve"]),
        new("usual_people", "1", "In view, mean of a day.", ["camera"]),
        new("area", "m2", "Of ground in view.", ["camera"]),
        new("rated_power", "W", "At full brightness.", ["street_light"]),
        new("rated_power", "kW", "The most it gives or takes.", ["ev_charger", "solar_installation", "battery_storage", "heat_meter", "building"]),
        new("rated_power", "MW", "At 100 % load.", ["substation"]),
        new("voltage", "kV", "Of the busbar.", ["substation"]),
        new("annual_use", "kW.h", "Mean of such customers.", ["electricity_meter"]),
        new("annual_use", "m3", "Mean of such customers.", ["water_meter", "gas_meter"]),
        new("bank", "m", "Height of the bank above the mean level.", ["water_level_gauge"]),
        new("mean_level", "m", "Its reading in an ordinary week, bank_fill 0 %.", ["water_level_gauge"]),
        new("mean_flow", "m3/s", "Mean of a year; 0 where nothing flows.", ["water_level_gauge"]),
        new("tide", "m", "Amplitude at springs, half of the range then; 0 where there is none.", ["water_level_gauge"]),
    ];

    /// <summary>Those of one type.</summary>
    public static IEnumerable<DeviceFigure> Of(string type) => All.Where(figure => figure.Types.Contains(type));
}
