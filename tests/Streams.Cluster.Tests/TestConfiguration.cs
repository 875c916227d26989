using System.Collections.Immutable;
using Streams.Node.Configuration;

namespace Streams.Cluster.Tests;

/// <summary>The configuration that the processes under test find above their executable.</summary>
internal static class TestConfiguration
{
    public static ClusterConfiguration Load()
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) =
            ClusterConfiguration.Load(Path.Combine(AppContext.BaseDirectory, "cluster-config"), ImmutableDictionary<string, string>.Empty);
        Assert.Empty(faults);
        return configuration!;
    }
}
