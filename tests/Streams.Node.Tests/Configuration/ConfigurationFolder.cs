using Streams.Node.Configuration;
using Streams.Tests;

namespace Streams.Node.Tests.Configuration;

/// <summary>A throwaway folder of configuration files; by default the least that loads.</summary>
internal sealed class ConfigurationFolder : IDisposable
{
    public const string LeastTypes = """
        types:
          noise_meter:
            title: Noise meter
            domain: noise
            interval: 1h
            metrics:
              laeq_1h: { unit: dB(A) }
        """;

    /// <summary>The least that a <c>city.yaml</c> needs beside its names and its place.</summary>
    public const string Climate = """
        climate:
          temperature: [1, 2, 5, 9, 13, 17, 19, 19, 15, 11, 6, 3]
          dailySwing: [5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5]
          rain: [50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50, 50]
          rainyDays: [9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9]
          wind: [3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3]
          sunshine: [99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99]
        """;

    public static string Shipped { get; } = Path.Combine(RecordedData.RepositoryRoot, "cluster-config");

    /// <summary>The shipped configuration, read once: it is never changed, only copied with other settings.</summary>
    public static ClusterConfiguration AsShipped => ReadOnce.Value;

    private static readonly Lazy<ClusterConfiguration> ReadOnce = new(() => ClusterConfiguration.Load(Shipped, new Dictionary<string, string>()).Configuration!);

    public string Root { get; } = Directory.CreateTempSubdirectory("streams-configuration-").FullName;

    public ConfigurationFolder(string name = "device-types.yaml", string text = LeastTypes)
    {
        Write("device-types.yaml", LeastTypes);
        Write(name, text);
    }

    public void Write(string name, string text)
    {
        string path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public void Delete(string name) => File.Delete(Path.Combine(Root, name));

    public ClusterConfiguration Load(params (string Name, string Value)[] environment)
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = Read(environment);
        Assert.Empty(faults);
        return configuration!;
    }

    /// <summary>The faults as printed, the folder left out.</summary>
    public string[] Faults(params (string Name, string Value)[] environment)
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = Read(environment);
        Assert.Null(configuration);
        Assert.NotEmpty(faults);
        Assert.All(faults, fault => Assert.NotEmpty(fault.Allowed));
        return [.. faults.Select(fault => fault.ToString().Replace(Root + Path.DirectorySeparatorChar, "", StringComparison.Ordinal))];
    }

    /// <summary>The one that there is.</summary>
    public string Fault() => Assert.Single(Faults());

    public void Dispose() => Directory.Delete(Root, recursive: true);

    private (ClusterConfiguration? Configuration, IReadOnlyList<ConfigurationFault> Faults) Read((string Name, string Value)[] environment) =>
        ClusterConfiguration.Load(Root, environment.ToDictionary(each => each.Name, each => each.Value));
}
