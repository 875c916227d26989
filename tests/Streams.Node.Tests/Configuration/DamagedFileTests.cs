using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

public sealed class DamagedFileTests
{
    private const string Bits = ":-[]{}#&*!|>'\"%@`,? \n\t0a.";

    [Theory]
    [InlineData("node.yaml")]
    [InlineData("topics.yaml")]
    [InlineData("device-types.yaml")]
    [InlineData("roles.yaml")]
    [InlineData("alert-rules.yaml")]
    [InlineData("systems.yaml")]
    [InlineData("playbooks.yaml")]
    [InlineData("cities/songdo/city.yaml")]
    [InlineData("cities/songdo/areas.yaml")]
    [InlineData("cities/songdo/population.yaml")]
    [InlineData("cities/dijon/scenarios/flood.yaml")]
    public void However_a_shipped_file_is_damaged_reading_it_ends_with_a_configuration_or_with_faults(string name)
    {
        string whole = File.ReadAllText(Path.Combine(ConfigurationFolder.Shipped, name));
        Random random = new(20_261_122);
        using ConfigurationFolder folder = new("device-types.yaml", File.ReadAllText(Path.Combine(ConfigurationFolder.Shipped, "device-types.yaml")));
        foreach (string beside in name.StartsWith("cities/", StringComparison.Ordinal) ? Directory.GetFiles(Path.Combine(ConfigurationFolder.Shipped, "cities", name.Split('/')[1])) : [])
        {
            folder.Write(Path.GetRelativePath(ConfigurationFolder.Shipped, beside), File.ReadAllText(beside));
        }

        for (int i = 0; i < 40; i++)
        {
            string damaged = whole;
            for (int cuts = random.Next(1, 4); cuts > 0; cuts--)
            {
                damaged = Damage(damaged, random);
            }

            folder.Write(name, damaged);
            (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder.Root, new Dictionary<string, string>());
            Assert.True(configuration is null == faults.Count > 0, $"Damage {i} of {name}: neither or both");
            Assert.All(faults, fault => Assert.True(fault.What.Length > 0 && fault.Allowed.Length > 0 && fault.Source.Length > 0, fault.ToString()));
        }
    }

    private static string Damage(string text, Random random)
    {
        int at = random.Next(text.Length);
        int length = Math.Min(random.Next(1, 30), text.Length - at);
        return random.Next(4) switch
        {
            0 => text.Remove(at, length),
            1 => text.Insert(at, Bits[random.Next(Bits.Length)].ToString()),
            2 => text.Insert(at, text.Substring(at, length)),
            _ => string.Concat(text.AsSpan(0, at), Bits[random.Next(Bits.Length)].ToString(), text.AsSpan(at + 1)),
        };
    }
}
