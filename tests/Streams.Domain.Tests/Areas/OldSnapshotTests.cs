using System.IO.Compression;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;

namespace Streams.Domain.Tests.Areas;

/// <summary>Areas as an earlier program stored them: two stuck devices in each of two districts, and the city's alert that speaks for both.</summary>
public sealed class OldSnapshotTests
{
    // Deflated.
    private static readonly Dictionary<string, string> Version2 = new()
    {
        ["dijon/centre"] =
            "Y+JJyczKz9NPTs0rKUplZE7MLPoPA4wHVrI3fLl9YGo6MwdEXjeRASIAIRkZGGASSQwNv9eDJMAkkkQyugTYDgaEJQyMDAdOXQGpmPUTpIK1INco3pS1NF0/15iBkYmBiYGBDUiwMIDBD3sI/cCege" +
            "UCP4MKULcS0AjW4pLS5GywyQwQA9iAemVgrtYFS+sampsbmRgaGBmAANxLDf+79k1N/4dwENQFYD0Q2z7Ynz0DAm/sBWG6FDKLFcAqYJYkoVpigWJJUsO8K6RbkgS3BBhs6uCI0oNI6YFF9YD+1TMy" +
            "MDIzMDYwCjEAeywK3SZYVDEixxxE7v1/iM0MDmg0AwsbA8QcSLThUEaJcnBkQ0gGJmjUM0Ecx8CIFE4MjAoQj5Pg4641k6elg9MZxD1sDMCUzATiwyMdEvx4Ewh6ukDWn4SqH2vcYzgL7MkH7/4cmJ" +
            "oOAA==",
        ["dijon"] =
            "Y2JNyczKz2NkTsws+g8DjAdWsjf8Xn9gajoTD1haPzk1r6QolREiCCGZGRi4IJIF+UUl6FIMjKzFJaXJ2SBzgTweoACTOli5HsQsPbC0HlBaz8jAyMzA2MAoxMDAyMDAIArFzoZ5V/ZNTf8HdxojAw" +
            "w4wGghiErdJB0FKCtRFWIVyGV4LEJyPxHW8IHUgSwB04kMjAoQS3Cbj24oJHQYGVECiwEVOKDRDCwMDBBzUJQ7UFH5rJ8gx4BJBkYIzcjU8PrRpGnpjAwI16OmBaSwAxrRtWbytHS4UWAeAA==",
        ["dijon/port"] =
            "Y+JKyczKz9MvyC8qYWROzCz6DwOMB1ayN3y5fWBqOjMbSFY3kQHChZCMDAwQ4SSGht/rQcJgEi6cjC4MNp0BYTwDI8OBU1dAKmb9BKlgLcg1ijdlLU3XzzVmYGRiYAKaBCRYGMDghz2EfmDPwHKBn0" +
            "EFqFsJaARrcUlpcjbYZAaIAWxAvVIQ9+qCJXUNzc2NTAwNjAxAAOqVhv9d+6am/0M4Bmo7WAfEpg/2Z8+AwBt7fogehcxiBbA8xPgkVOMtkIxPaph3hVTjk+DGA4NKFRwpeiAJPbCYHtCHekYGRmYG" +
            "xgZGIQZgz0Sh2wKLGEbkeILIvf8PsZXBAY1mYGFjgJgDiSgcyihRDo5eCMnABI1sJojjGBiRwoiBUQHibRJ83LVm8rR0cMqCuIeNAZhqmUB8aERDAh5PgkBPCQi9Sch6scY2hnPAnnvw7s+BqekA",
    };

    /// <summary>The centre had an alert before, which is over.</summary>
    private static readonly Dictionary<string, string> Version3 = new()
    {
        ["dijon/centre"] =
            "Y+ZJyczKz9NPTs0rKUplZE7MLPoPA4wHVrI3zPp5YGo6MwcDB0SFbiJEhIGRkYOdMYkBSDOwMyYzABmsxSWlydkgExgYWAtyjeJN2RgYWVhkoBqTdcHyuobm5kYmBpZmZgZAADM1+UDnyb1T0xuWyU" +
            "K1Qk1jYGIUEoSpUcgsVgCLws1MwWdmCgPIOEZkI1LgRrDCjEhENsLQwMgA2YjEA18dUU1IxDQhCdUECxQTkhrme6KakAQ3ARhm6uDQ14NI6YFF9YABqGdkYGRmYGxgFGIAdlFUw7wr+6am/4PHDCQS" +
            "GBmgDAgJkXv/nwECHNBoBhY2Bog50CjErowC5QcONxycmg4hGZggNCMTLMEgXM/AmKB0c/UcRgaGB6fvQGgBgTUgmgmUkEBYARIwxIfIgc2bJ09LBydgiIVA56xkZwHx4bEJSVp4Y77hfxeKscj6k1" +
            "D1Y413dGch609G1Y81Q0DywYHn/58Bcx2S3hRUvSmE9MLiAhwqAA==",
        ["dijon/port"] =
            "Y+ZKyczKz9MvyC8qYWROzCz6DwOMB1ayN8z6eWBqOjMHAxtIXjcRwmdgZORgZUxiANIMrIzJDEAGa3FJaXI2SD8DA2tBrlG8KRsDIxOrFESbLlhW19Dc3MjE0MDIAARgJv7v2gc0EaIHagwDE6MQP0" +
            "RaIbNYASwGNSoJ1SgLJKOSGuZ7MjAi9CbB9QLdpwr2pR5IQg8spgd0qp6RgZGZgbGBUYgB2FFRDfOuAB3zDx4CEO8yMkAZEBIi9/4/AwQ4oNEMLGwMEHOggYVdGQXKDxxuODg1HUIyMEFoRiZY1CBc" +
            "D/S2AsTbxPv4wObNk6elgxMCxECgdSvZmUB8aIRBYgpPxEJiFGEkQm8Ssl6sMYnuHJhfwa4CAA==",
        ["dijon"] =
            "Y2ZNyczKz2NkTsws+g8DjAdWsjfM+nlgajoTIwMPWIF+cmpeSVEqRJSBmYGRjaUgv6iEAchkYGQtLilNzgYZwcDAwAMUYBZRB+vSg+jSA8vrAeX1jAyMzAyMDYxCDAwMDA0MolBMP9B5cu/U9IZlsk" +
            "BjGFgYWBiFIOK6yToKUFaKKBEmGxlgmDylmxHNzCS4mYmiqhAzQT7CYyIXxESIvyGG8YE4IKPAdCIDowLEJNyGNMy7sm9q+j94UENClJERyoAGMCpwQKOBVjNAzEFR7kA95QcONxycmg4hGRghNCNT" +
            "Q9eaydPSGRkQrmdCCWWUADqweTNQMQPcLDAXAA==",
    };

    [Theory]
    [InlineData(2, "dijon stuck Cancel Cleared Minor")]
    [InlineData(3, "dijon stuck Cancel Cleared Minor; dijon/port stuck Update Active Minor; dijon/port stuck Cancel Cleared Minor superseded")]
    public void An_area_stored_before_goes_on_where_it_was(int version, string said)
    {
        AlertRule rule = new()
        {
            Id = "stuck", Condition = new AlertCondition.Devices { Kinds = ["stuck"] }, Steps = [new SeverityStep(AlertSeverity.Minor, 2, 0)],
            Texts = [new AlertText("en", "Stuck", "{area}: {count} stuck", "{devices}", "")], MinChildren = 2,
        };
        var story = new AreaStory(new AlertRules([rule])) { Now = AreaStory.Minutes(61) };
        foreach ((string id, string packed) in version == 2 ? Version2 : Version3)
        {
            using var unpacked = new MemoryStream();
            using (var zip = new DeflateStream(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress))
            {
                zip.CopyTo(unpacked);
            }

            Assert.Equal(version, unpacked.ToArray()[0]);
            story.Areas.Add(id, Area.Restore(unpacked.ToArray(), out string? fault) ?? throw new InvalidOperationException(fault));
        }

        Assert.Equal((3, 3, 6, 1), (story.Areas["dijon/centre"].Devices, story.Areas["dijon/port"].Devices, story.Areas["dijon"].Devices, story.Areas["dijon"].ActiveAlerts));
        story.SaveAndRestoreAll();
        foreach (string place in new[] { "centre", "port" })
        {
            story.Anomaly($"dijon/{place}", place + "-a", "stuck", false, AreaStory.Minutes(10), AreaStory.Minutes(58));
            story.Anomaly($"dijon/{place}", place + "-b", "stuck", false, AreaStory.Minutes(20), AreaStory.Minutes(59));
        }

        Assert.Equal(said, story.Said());
        int told = story.Alerts.Count;
        Assert.Equal("dijon.stuck.air.20260302T002000Z.2", story.Alerts[0].Identifier);

        // What is over by then is known: the same time makes no alert again.
        story.Anomaly("dijon/centre", "centre-c", "stuck", false, AreaStory.Minutes(1), AreaStory.Minutes(5));
        story.Advance(TimeSpan.FromHours(1));
        Assert.Equal(told, story.Alerts.Count);
    }
}
