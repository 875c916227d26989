using System.Text.Json;

namespace Streams.Simulator.Obeying;

/// <summary>What a simulated city's systems have to remember to go on after any stop: <c>city-systems.json</c> in the data folder.</summary>
/// <param name="Incarnation">Of the log that <paramref name="Positions"/> belong to.</param>
/// <param name="Positions">By partition of the commands: the first offset that was not read.</param>
public sealed record SystemsMemory(string City, ulong Seed, string Incarnation, IReadOnlyDictionary<int, long> Positions, ObeyingState State);

/// <summary>Reads and writes a <see cref="SystemsMemory"/>; a file is whole or not there, whenever the process ends.</summary>
public static class SystemsMemoryFile
{
    public const string Name = "city-systems.json";

    private static readonly JsonSerializerOptions Form = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Null where there is none yet.</summary>
    /// <exception cref="InvalidDataException">The file is not one of these.</exception>
    public static SystemsMemory? Read(string folder)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            return null;
        }

        const string Otherwise = "Delete it to let them begin anew.";
        try
        {
            return JsonSerializer.Deserialize<SystemsMemory>(File.ReadAllBytes(path), Form) is { City: not null, Incarnation: not null, Positions: not null, State: { UnderWay: not null, Ended: not null } } memory
                && memory.State.UnderWay.All(IsWhole) && memory.State.Ended.All(ended => ended is { CommandId: not null, Reason: not null })
                ? memory
                : throw new InvalidDataException($"{path} does not describe a city's systems. {Otherwise}");
        }
        catch (JsonException malformed)
        {
            throw new InvalidDataException($"{path} does not describe a city's systems: {malformed.Message} {Otherwise}", malformed);
        }
    }

    public static void Write(string folder, SystemsMemory memory)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Name);
        File.WriteAllBytes(path + ".new", JsonSerializer.SerializeToUtf8Bytes(memory, Form));
        File.Move(path + ".new", path, overwrite: true);
    }

    private static bool IsWhole(ObeyedCommand each) =>
        each is { Key: not null, Reason: not null, Command: { CommandId: not null, System: not null, Area: not null, Action: not null, Parameters: not null, Targets.IsDefault: false } };
}
