using System.Text.Json;
using Streams.Domain.Cities;
using Streams.Simulator.Obeying;

namespace Streams.Simulator.Living;

/// <summary>What a simulation has to remember to go on after any stop: <c>simulation.json</c> in the data folder.</summary>
/// <param name="TimeInMs">Event time it had come to.</param>
public sealed record SimulationState(string City, ulong Seed, long TimeInMs, IReadOnlyList<ScenarioRun> Runs)
{
    /// <summary>What city systems did that stands, the oldest first.</summary>
    public IReadOnlyList<Deed> Deeds { get; init; } = [];
}

/// <summary>Reads and writes a <see cref="SimulationState"/>; a file is whole or not there, whenever the process ends.</summary>
public static class SimulationFile
{
    public const string Name = "simulation.json";

    private static readonly JsonSerializerOptions Form = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>Null where there is none yet.</summary>
    /// <exception cref="InvalidDataException">The file is not one of these.</exception>
    public static SimulationState? Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<SimulationState>(File.ReadAllBytes(path), Form) is { City: not null, Runs: not null } state && state.Runs.All(run => run is { Id: not null, Scenario: not null, Area: not null, Reliefs.IsDefault: false }) && state.Deeds?.All(IsWhole) == true
                ? state
                : throw new InvalidDataException($"{path} does not describe a simulation. Delete it to begin a new one.");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{path} does not describe a simulation: {malformed.Message} Delete it to begin a new one.", malformed);
        }
    }

    private static bool IsWhole(Deed deed) =>
        deed is { CommandId: not null, System: not null, Action: not null, Area: not null, Targets.IsDefault: false, Parameters: not null, Undoes.IsDefault: false };

    public static void Write(string folder, SimulationState state)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Name);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(state, Form));
        File.Move(path + ".new", path, overwrite: true);
    }
}
