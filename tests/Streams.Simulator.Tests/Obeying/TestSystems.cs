using System.Collections.Immutable;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Node.Configuration;
using Streams.Simulator.Obeying;
using Streams.Simulator.Tests.Living;
using Streams.Tests;

namespace Streams.Simulator.Tests.Obeying;

/// <summary>The shipped systems, and commands to them.</summary>
internal static class TestSystems
{
    public const long Begin = 1_795_000_000_000, Second = 1_000, Minute = 60_000, Hour = 60 * Minute;

    private static readonly Lazy<ClusterConfiguration> s_shipped = new(() =>
        ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>()).Configuration!);

    public static ClusterConfiguration Shipped => s_shipped.Value;

    public static ImmutableArray<SystemKind> All => Shipped.Systems;

    public static City City { get; } = SmallCity.Of(2, of: type => type.Name is "fire_unit" or "camera");

    public static ObeyingCity New(ulong seed = 1, ObeyingState? before = null) => new(City, All, seed, before);

    public static Command To(
        string id, string system, string action, string area = SmallCity.Centre, string? compensates = null, int attempt = 1, long? deadline = null, string[]? targets = null, params (string Name, string Value)[] parameters) =>
        new(id, "incident-1", system, area, action, [.. targets ?? []], parameters.ToImmutableSortedDictionary(each => each.Name, each => each.Value), 5, Begin, deadline ?? Begin + (24 * Hour), attempt, compensates);

    /// <summary>Gives it, waits until it is over, and answers all that was said of it, in order.</summary>
    public static List<SystemAnswer> Obey(this ObeyingCity city, Command command, long nowInMs = Begin, long until = Begin + (24 * Hour))
    {
        Assert.True(city.Receive(command, command.Key, nowInMs, nowInMs));
        city.Advance(until);
        return [.. city.TakeAnswers().Where(answer => answer.Result.CommandId == command.CommandId)];
    }

    /// <summary>The first id of those that begin so with which all goes well and nothing is lost; what becomes of an id follows from it.</summary>
    public static string GoodId(string beginning, string system, string action, string? targets = null)
    {
        for (int number = 0; ; number++)
        {
            string id = $"{beginning}-{number}";
            ObeyingCity city = New();
            List<SystemAnswer> said = city.Obey(To(id, system, action, targets: targets?.Split(' '), parameters: Needed(system, action)));
            if (said.Select(each => each.Result.Status).SequenceEqual([CommandStatus.Accepted, CommandStatus.Executing, CommandStatus.Done]))
            {
                return id;
            }
        }
    }

    public static (string Name, string Value)[] Needed(string system, string action) =>
    [
        .. All.First(each => each.Name == system).Actions[action].Parameters.Values.Where(parameter => parameter.IsRequired).Select(parameter =>
            (parameter.Name, parameter.Kind == ParameterKind.Number ? System.Math.Max(1, parameter.Least).ToString(System.Globalization.CultureInfo.InvariantCulture) : "text")),
    ];
}
