using System.Collections.Immutable;
using Streams.Node.Configuration;

namespace Streams.Chaos.Cluster;

/// <summary>The configuration that the processes under test find above their executable.</summary>
public static class TestConfiguration
{
    /// <exception cref="InvalidDataException">It has faults.</exception>
    public static ClusterConfiguration Load()
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) =
            ClusterConfiguration.Load(Path.Combine(AppContext.BaseDirectory, "cluster-config"), ImmutableDictionary<string, string>.Empty);
        return configuration ?? throw new InvalidDataException(string.Join(Environment.NewLine, faults));
    }
}
