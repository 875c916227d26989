using System.Text;
using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Areas;

public sealed class ObservationTests
{
    [Fact]
    public void An_observation_comes_back_as_it_was_written()
    {
        Observation observation = Full();
        byte[] bytes = Write(observation);
        var again = new Observation();
        Assert.True(ObservationCodec.TryRead(bytes, again, out string? fault), fault);
        Assert.Equal(observation.Series, again.Series);
        Assert.Equal(observation.Members, again.Members);
        Assert.Equal(observation.Anomalies, again.Anomalies);
        Assert.Equal(observation.Conditions, again.Conditions);
        Assert.Equal(observation.Coverage, again.Coverage);
        Assert.Equal(observation.Windows.Select(one => (one.Moments, one.Members, one.StartInMs)), again.Windows.Select(one => (one.Moments, one.Members, one.StartInMs)));
        Assert.Equal(bytes, Write(again));
    }

    [Fact]
    public void Cut_short_anywhere_it_is_refused_and_never_throws()
    {
        byte[] bytes = Write(Full());
        var into = new Observation();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.False(ObservationCodec.TryRead(bytes.AsSpan(0, length), into, out string? fault));
            Assert.NotNull(fault);
            Assert.True(into.IsEmpty);
        }
    }

    [Fact]
    public void Damaged_bytes_never_throw()
    {
        byte[] bytes = Write(Full());
        var random = new Random(7);
        var into = new Observation();
        for (int i = 0; i < 5000; i++)
        {
            byte[] damaged = [.. bytes];
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            _ = ObservationCodec.TryRead(damaged, into, out _);
        }
    }

    [Fact]
    public void Windows_of_several_devices_of_an_area_are_merged_on_the_way()
    {
        var builder = new ObservationBuilder();
        AreaStory.AddWindow(builder, "x/y", WindowSize.Minute, AreaStory.Start, [1, 2], false);
        AreaStory.AddWindow(builder, "x/y", WindowSize.Minute, AreaStory.Start, [3], false);
        AreaStory.AddWindow(builder, "x/y", WindowSize.Minute, AreaStory.Start, [4], true);
        AreaStory.AddWindow(builder, "x/z", WindowSize.Minute, AreaStory.Start, [4], false);
        Assert.Equal(["x/y", "x/z"], builder.Observations.Select(one => one.Area));
        PartialWindow window = Assert.Single(builder.Observations.First().Observation.Windows);
        Assert.Equal((4, 10.0, 2), (window.Moments.Count, window.Moments.Sum, window.Members));
        builder.Clear();
        Assert.True(builder.IsEmpty);
    }

    [Theory]
    [InlineData("dijon", true)]
    [InlineData("dijon/toison-dor", true)]
    [InlineData("", false)]
    [InlineData("/dijon", false)]
    [InlineData("dijon/", false)]
    [InlineData("dijon//x", false)]
    [InlineData("dijon/to son", false)]
    [InlineData("dijon/nr.1_a-b", true)]
    [InlineData("../etc", false)]
    [InlineData("dijon/.hidden", false)]
    [InlineData("Dijon", false)]
    [InlineData("dijon/île", false)]
    public void Area_ids_are_paths(string id, bool isValid) => Assert.Equal(isValid, AreaPath.IsValid(Encoding.UTF8.GetBytes(id)));

    [Fact]
    public void A_path_names_its_parents()
    {
        Assert.Equal("a/b", AreaPath.ParentOf("a/b/c"));
        Assert.Null(AreaPath.ParentOf("a"));
        Assert.Equal("a", AreaPath.RootOf("a/b/c"));
        Assert.True(AreaPath.IsWithin("a/b", "a"));
        Assert.False(AreaPath.IsWithin("ab", "a"));
        Assert.Equal("Toison Dor", AreaPath.TitleOf("dijon/toison-dor"));
    }

    private static Observation Full()
    {
        var builder = new ObservationBuilder();
        AreaStory.AddWindow(builder, "x", WindowSize.Hour, AreaStory.Start, [1, 2.5, -3], false);
        AreaStory.AddWindow(builder, "x", WindowSize.Minute, AreaStory.Start, [7.25], true, "no2");
        builder.AddMember("x", AreaStory.Member("a", AreaStory.Start));
        Observation observation = builder.Observations.Single().Observation;
        observation.Anomalies.Add(new AnomalyNotice
        {
            Id = "i", DeviceId = "d", Type = "air", Metric = "pm2_5", Kind = "stuck", IsRaised = true, TimeInMs = 5, SinceInMs = 3,
            Value = 1.5, Expected = 2.5, Score = 0.99, Explanation = "stuck at 1.5",
        });
        observation.Conditions.Add(new ConditionNotice
        {
            Key = new ConditionKey("r", "air", ""), Area = "x/y", AlertId = "a1", Severity = AlertSeverity.Severe, OnsetInMs = 1, EndInMs = long.MaxValue, Measure = 3,
        });
        observation.Coverage.Add(new CoverageNotice(new ConditionKey("r", "air", ""), "a2", 1, 9));
        return observation;
    }

    private static byte[] Write(Observation observation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        ObservationCodec.Write(observation, bytes);
        return bytes.WrittenSpan.ToArray();
    }
}
