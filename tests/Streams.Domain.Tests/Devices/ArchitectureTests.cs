using Streams.Domain.Devices;

namespace Streams.Domain.Tests.Devices;

public sealed class ArchitectureTests
{
    [Fact]
    public void The_domain_references_the_base_library_only() =>
        Assert.All(typeof(DeviceType).Assembly.GetReferencedAssemblies(), reference => Assert.StartsWith("System.", reference.Name));
}
