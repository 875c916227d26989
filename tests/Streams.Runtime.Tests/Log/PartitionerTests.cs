using System.Text;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Log;

public sealed class PartitionerTests
{
    /// <summary>From org.apache.kafka.common.utils.UtilsTest.testMurmur2.</summary>
    [Theory]
    [InlineData("21", -973932308)]
    [InlineData("foobar", -790332482)]
    [InlineData("a-little-bit-long-string", -985981536)]
    [InlineData("a-little-bit-longer-string", -1486304829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971)]
    public void Murmur2_gives_what_the_Java_clients_give(string key, int expected) =>
        Assert.Equal(expected, (int)Partitioner.Murmur2(Encoding.UTF8.GetBytes(key)));

    [Fact]
    public void A_partition_is_never_negative_and_below_the_count()
    {
        for (int i = 0; i < 1000; i++)
        {
            Assert.InRange(Partitioner.PartitionOf(BitConverter.GetBytes(i * 7919), 32), 0, 31);
        }
    }
}
