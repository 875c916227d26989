using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Areas;

public sealed class AreaWindowTests
{
    private const string Leaf = "dijon/centre";
    private const string Other = "dijon/port";
    private const string Root = "dijon";

    [Fact]
    public void A_window_closes_when_every_member_has_sent_its_part()
    {
        var story = new AreaStory();
        story.Tell(builder =>
        {
            builder.AddMember(Leaf, AreaStory.Member("a", AreaStory.Start));
            builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start));
        });
        story.Window(Leaf, "a", WindowSize.Minute, AreaStory.Start, values: [1, 2]);
        Assert.Empty(story.Aggregates);

        story.Window(Leaf, "b", WindowSize.Minute, AreaStory.Start, values: [3, 6]);
        Snapshot window = Assert.Single(story.Aggregates, one => one.Area == Leaf).Window;
        Assert.Equal((4, 12.0, 2, 0), (window.Moments.Count, window.Moments.Sum, window.Members, window.Revision));
        Snapshot city = Assert.Single(story.Aggregates, one => one.Area == Root).Window;
        Assert.Equal((4, 3.0, 2), (city.Moments.Count, city.Moments.Mean, city.Members));
    }

    [Fact]
    public void A_member_that_lags_is_left_out_after_the_grace_and_revises_the_window_later()
    {
        var story = new AreaStory { Now = AreaStory.Minutes(1.1) };
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start)));
        story.Window(Leaf, "a", WindowSize.Minute, AreaStory.Start, values: [1]);
        Assert.Empty(story.Aggregates);

        // The device's next reading may be a whole interval after the window's end, and only then the grace begins.
        story.Advance(TimeSpan.FromSeconds(80));
        Assert.Empty(story.Aggregates);
        story.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([(Leaf, 0, 1), (Root, 0, 1)], story.Aggregates.Select(one => (one.Area, one.Window.Revision, one.Window.Members)));

        story.Aggregates.Clear();
        story.Window(Leaf, "b", WindowSize.Minute, AreaStory.Start, values: [5]);
        Assert.Equal([(Leaf, 1, 2, 6.0), (Root, 1, 2, 6.0)], story.Aggregates.Select(one => (one.Area, one.Window.Revision, one.Window.Members, one.Window.Moments.Sum)));
    }

    [Fact]
    public void In_a_recording_played_fast_one_device_may_be_months_ahead_of_another()
    {
        var story = new AreaStory { Now = AreaStory.Start + (400L * 86_400_000) };
        story.Tell(builder =>
        {
            builder.AddMember(Leaf, AreaStory.Member("a", AreaStory.Start));
            builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start));
        });
        for (int hour = 0; hour < 2000; hour++)
        {
            story.Window(Leaf, "a", WindowSize.Hour, AreaStory.Start + (hour * 3_600_000L), values: [hour]);
        }

        Assert.Empty(story.Aggregates);
        Assert.Equal(2000, story.Areas[Leaf].OpenWindows);
        for (int hour = 0; hour < 2000; hour++)
        {
            story.Window(Leaf, "b", WindowSize.Hour, AreaStory.Start + (hour * 3_600_000L), values: [hour]);
        }

        List<Snapshot> said = [.. story.Aggregates.Where(one => one.Area == Root).Select(one => one.Window)];
        Assert.Equal(2000, said.Count);
        Assert.All(said, window => Assert.Equal((2, 0, 2), (window.Members, window.Revision, window.Moments.Count)));
        Assert.Equal(said.OrderBy(window => window.Start), said);
    }

    [Fact]
    public void Beyond_the_bound_the_oldest_windows_close_as_they_are()
    {
        var story = new AreaStory(new AlertRules([], new AreaSettings { MaxOpenWindows = 10 }));
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start)));
        for (int minute = 0; minute < 15; minute++)
        {
            story.Window(Leaf, "a", WindowSize.Minute, AreaStory.Minutes(minute), values: [minute]);
        }

        Assert.Equal(5, story.Aggregates.Count(one => one.Area == Leaf));
        Assert.Equal(10, story.Areas[Leaf].OpenWindows);
    }

    [Fact]
    public void A_member_that_left_holds_nothing_up()
    {
        var story = new AreaStory();
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start)));
        story.Window(Leaf, "a", WindowSize.Minute, AreaStory.Start, values: [1]);
        Assert.Empty(story.Aggregates);
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("b", AreaStory.Start, devices: 0)));
        Assert.Equal(2, story.Aggregates.Count);
        Assert.Equal(1, story.Areas[Root].Devices);
    }

    [Fact]
    public void A_city_waits_for_its_districts()
    {
        var story = new AreaStory();
        story.Tell(builder =>
        {
            builder.AddMember(Leaf, AreaStory.Member("a", AreaStory.Start));
            builder.AddMember(Other, AreaStory.Member("c", AreaStory.Start));
        });
        story.Window(Leaf, "a", WindowSize.Minute, AreaStory.Start, values: [1]);
        Assert.DoesNotContain(story.Aggregates, one => one.Area == Root);
        story.Window(Other, "c", WindowSize.Minute, AreaStory.Start, values: [2]);
        Assert.Equal(2, Assert.Single(story.Aggregates, one => one.Area == Root).Window.Members);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Whatever_the_order_of_arrival_and_wherever_it_is_stored_the_windows_are_the_same(int seed)
    {
        var random = new Random(seed);
        string[] devices = ["a", "b", "c", "d"];
        var expected = new Dictionary<long, (long Count, double Sum)>();
        var parts = devices.ToDictionary(device => device, _ => new Queue<(long Start, double[] Values)>());
        foreach (string device in devices)
        {
            for (int minute = 0; minute < 40; minute++)
            {
                if (random.Next(5) == 0)
                {
                    continue;
                }

                double[] values = [.. Enumerable.Range(0, random.Next(1, 4)).Select(_ => (double)random.Next(100))];
                long start = AreaStory.Minutes(minute);
                parts[device].Enqueue((start, values));
                (long count, double sum) = expected.GetValueOrDefault(start);
                expected[start] = (count + values.Length, sum + values.Sum());
            }
        }

        var story = new AreaStory();
        story.Tell(builder =>
        {
            foreach (string device in devices)
            {
                builder.AddMember(device is "a" or "b" ? Leaf : Other, AreaStory.Member(device, AreaStory.Start));
            }
        });
        while (parts.Values.Any(queue => queue.Count > 0))
        {
            string device = devices[random.Next(devices.Length)];
            if (parts[device].TryDequeue(out (long Start, double[] Values) part))
            {
                story.Window(device is "a" or "b" ? Leaf : Other, device, WindowSize.Minute, part.Start, values: part.Values);
            }

            if (random.Next(10) == 0)
            {
                story.SaveAndRestoreAll();
            }
        }

        story.Tell(builder =>
        {
            foreach (string device in devices)
            {
                builder.AddMember(device is "a" or "b" ? Leaf : Other, AreaStory.Member(device, AreaStory.Minutes(100)));
            }
        });
        var actual = story.Aggregates.Where(one => one.Area == Root).ToDictionary(
            one => one.Window.Start, one => (one.Window.Moments.Count, one.Window.Moments.Sum));
        Assert.Equal(expected.OrderBy(pair => pair.Key), actual.OrderBy(pair => pair.Key));
    }

    /// <summary>
    /// An area that was just restored looks at all its windows, one in memory only at those that may have become ripe: they must close the same
    /// ones, in the same order.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(8)]
    public void What_is_looked_at_only_when_it_may_be_ripe_closes_as_if_it_were_looked_at_always(int seed)
    {
        (string Area, Snapshot Window)[] seldom = Play(looksAlways: false);
        Assert.InRange(seldom.Length, 300, int.MaxValue);
        Assert.Equal(seldom, Play(looksAlways: true));

        (string, Snapshot)[] Play(bool looksAlways)
        {
            var random = new Random(seed);
            string[] types = ["air", "bus", "lamp", "tram", "waste"];
            WindowSize[] sizes = [WindowSize.Minute, WindowSize.Quarter, WindowSize.Hour];
            var story = new AreaStory(new AlertRules([], new AreaSettings { MaxOpenWindows = 20 + (10 * random.Next(3)) }));
            var cameTo = new Dictionary<string, long>();
            for (int step = 0; step < 600; step++)
            {
                story.Now += random.Next(20) == 0 ? random.Next(200_000) : random.Next(12_000);
                if (looksAlways)
                {
                    story.SaveAndRestoreAll();
                }

                if (random.Next(4) == 0)
                {
                    story.Advance(TimeSpan.FromMilliseconds(random.Next(40_000)));
                }

                string type = types[random.Next(types.Length)];
                string device = $"{type}-{random.Next(4)}";
                string area = device[^1] is '0' or '1' ? Leaf : Other;
                long from = cameTo.GetValueOrDefault(device, AreaStory.Start);

                // Now and then one lags, runs ahead, or leaves.
                long until = random.Next(12) == 0 ? from : Math.Max(from, story.Now - random.Next(90_000) + (random.Next(15) == 0 ? 900_000 : 0));
                cameTo[device] = until;
                long interval = 60_000 * random.Next(1, 4);
                story.Tell(builder =>
                {
                    foreach (WindowSize size in sizes)
                    {
                        long length = size.LengthInMs();
                        for (long start = from / length * length; start + length <= until; start += length)
                        {
                            AreaStory.AddWindow(builder, area, size, start, [step], false, "m", type);
                        }
                    }

                    builder.AddMember(area, AreaStory.Member(device, until, type, interval, random.Next(60) == 0 ? 0 : 1));
                });
            }

            return [.. story.Aggregates];
        }
    }
}
