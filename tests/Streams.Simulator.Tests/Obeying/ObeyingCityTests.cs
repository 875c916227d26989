using Streams.Domain.Dispatch;
using Streams.Simulator.Obeying;
using Streams.Simulator.Tests.Living;
using static Streams.Simulator.Tests.Obeying.TestSystems;

namespace Streams.Simulator.Tests.Obeying;

public sealed class ObeyingCityTests
{
    private static CommandStatus[] Statuses(IEnumerable<SystemAnswer> answers) => [.. answers.Select(each => each.Result.Status)];

    [Fact]
    public void A_command_is_accepted_in_seconds_then_carried_out_then_done_under_its_key()
    {
        string id = GoodId("c", "cameras", "point-at");
        ObeyingCity city = New();

        List<SystemAnswer> said = city.Obey(To(id, "cameras", "point-at"));

        Assert.Equal([CommandStatus.Accepted, CommandStatus.Executing, CommandStatus.Done], Statuses(said));
        Assert.All(said, each => Assert.Equal($"{SmallCity.Centre}/cameras", each.Key));
        Assert.InRange(said[0].Result.TimeInMs - Begin, 200, 3_000);
        Assert.InRange(said[2].Result.TimeInMs - said[1].Result.TimeInMs, 2_000, 12_000);
        Deed deed = Assert.Single(city.TakeDeeds());
        Assert.Equal((id, "point-at", 0, said[2].Result.TimeInMs), (deed.CommandId, deed.Action, deed.Units, deed.TimeInMs));
        Assert.Equal(0, city.UnderWay);
    }

    [Fact]
    public void Every_action_of_every_system_is_done_well_within_its_time()
    {
        foreach ((SystemKind system, SystemAction action) in All.SelectMany(system => system.Actions.Values.Select(action => (system, action))))
        {
            string id = GoodId("each", system.Name, action.Name);
            List<SystemAnswer> said = New().Obey(To(id, system.Name, action.Name, parameters: Needed(system.Name, action.Name)));
            Assert.InRange(said[^1].Result.TimeInMs - said[0].Result.TimeInMs, 1, action.Within.TotalMilliseconds * 0.8);
        }
    }

    [Fact]
    public void A_unit_is_on_its_way_for_three_to_twelve_minutes_and_each_counts()
    {
        string unit = City.Devices.First(device => device.Type == "fire_unit").Id;
        string id = GoodId("engine", "fire-and-rescue", "send-engine", unit + " other");
        ObeyingCity city = New();

        List<SystemAnswer> said = city.Obey(To(id, "fire-and-rescue", "send-engine", targets: [unit, "other"]));

        Assert.InRange(said[1].Result.TimeInMs - said[0].Result.TimeInMs, 20 * Second, 90 * Second);
        Assert.InRange(said[2].Result.TimeInMs - said[1].Result.TimeInMs, 7 * Minute, 22 * Minute);
        Assert.Equal(2, Assert.Single(city.TakeDeeds()).Units);
    }

    [Fact]
    public void The_same_id_again_is_answered_as_it_stands_and_does_nothing_new()
    {
        string id = GoodId("twice", "water", "raise-pumps");
        ObeyingCity city = New();
        Command command = To(id, "water", "raise-pumps");
        city.Obey(command, until: Begin + (5 * Second));
        Assert.True(city.Receive(command with { Attempt = 2 }, command.Key, Begin + (6 * Second), Begin));
        SystemAnswer[] soon = [.. city.TakeAnswers()];
        city.Advance(Begin + Hour);
        city.TakeAnswers();
        Assert.True(city.Receive(command with { Attempt = 3 }, command.Key, Begin + Hour, Begin + (48 * Hour)));

        Assert.Equal(CommandStatus.Executing, Assert.Single(soon, each => each.Result.TimeInMs == Begin + (6 * Second)).Result.Status);
        Assert.Equal(CommandStatus.Done, Assert.Single(city.TakeAnswers()).Result.Status);
        city.Advance(Begin + (24 * Hour));
        Assert.Empty(city.TakeAnswers());
        Assert.Single(city.TakeDeeds());
    }

    [Theory]
    [InlineData("telepathy", "send-engine", SmallCity.Centre, "there is no system telepathy; there are: ambulance, buildings")]
    [InlineData("cameras", "dance", SmallCity.Centre, "cameras can not dance; it can: point-at, preset-home, record, stop-recording")]
    [InlineData("cameras", "point-at", "testville/nowhere", "Testville has no area testville/nowhere")]
    [InlineData("cameras", "withdraw", SmallCity.Centre, "compensates does not say what is withdrawn")]
    [InlineData("street-lighting", "set-brightness", SmallCity.Centre, "the parameter brightness is missing")]
    [InlineData("street-lighting", "set-brightness", SmallCity.Centre, "brightness is 101; allowed: a number from 0 to 100", "brightness", "101")]
    [InlineData("street-lighting", "set-brightness", SmallCity.Centre, "brightness is NaN; allowed: a number from 0 to 100", "brightness", "NaN")]
    [InlineData("cameras", "point-at", SmallCity.Centre, "point-at has no parameter zoom; it has: none", "zoom", "3")]
    public void What_can_not_be_obeyed_is_rejected_with_the_reason_and_what_can(string system, string action, string area, string expected, string? parameter = null, string value = "")
    {
        List<SystemAnswer> said = New().Obey(To("bad", system, action, area, parameters: parameter is null ? [] : [(parameter, value)]));

        SystemAnswer answer = Assert.Single(said);
        Assert.Equal(CommandStatus.Rejected, answer.Result.Status);
        Assert.StartsWith(expected, answer.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Past_its_deadline_it_is_too_late_and_another_citys_is_nobodys_here()
    {
        ObeyingCity city = New();
        SystemAnswer late = Assert.Single(city.Obey(To("late", "cameras", "point-at", deadline: Begin)));
        Assert.Equal((CommandStatus.Rejected, "too late: its deadline is over"), (late.Result.Status, late.Result.Reason));

        Assert.False(city.Receive(To("there", "cameras", "point-at", "elsewhere/centre"), "k", Begin, Begin));
        city.Advance(Begin + Hour);
        Assert.Empty(city.TakeAnswers());
        Assert.Empty(city.TakeDeeds());
    }

    [Fact]
    public void What_is_withdrawn_before_it_began_is_not_done_and_a_unit_on_its_way_turns_back()
    {
        string id = GoodId("w", "fire-and-rescue", "send-engine"), other = GoodId("back", "fire-and-rescue", "send-pump");
        foreach ((long after, long takes) in ((long, long)[])[(5 * Second, 3 * Second), (4 * Minute, 6 * Minute)])
        {
            ObeyingCity city = New();
            city.Obey(To(id, "fire-and-rescue", "send-engine"), until: Begin + after);
            List<SystemAnswer> before = [.. city.TakeAnswers()];
            city.Receive(To(other, "fire-and-rescue", "withdraw", compensates: id), "key-of-the-withdrawal", Begin + after, Begin);
            city.Advance(Begin + (24 * Hour));
            SystemAnswer[] said = [.. city.TakeAnswers()];

            SystemAnswer failed = Assert.Single(said, each => each.Result.CommandId == id);
            Assert.Equal((CommandStatus.Failed, "withdrawn", $"{SmallCity.Centre}/fire-and-rescue"), (failed.Result.Status, failed.Result.Reason, failed.Key));
            SystemAnswer done = said.Last(each => each.Result.CommandId == other);
            Assert.Equal((CommandStatus.Done, "key-of-the-withdrawal"), (done.Result.Status, done.Key));
            Assert.InRange(done.Result.TimeInMs - Begin - after, 0, takes);
            Assert.Empty(city.TakeDeeds());
        }
    }

    [Fact]
    public void What_is_no_units_and_has_begun_goes_on_and_what_is_done_stays_done()
    {
        string id = GoodId("road", "traffic-control", "close-road"), other = GoodId("back", "cameras", "point-at");
        foreach ((long after, string reason) in ((long, string)[])[(2 * Minute, $"{id} has begun and goes on"), (Hour, $"{id} is done already")])
        {
            ObeyingCity city = New();
            city.Obey(To(id, "traffic-control", "close-road"), until: Begin + after);
            city.Receive(To(other, "traffic-control", "withdraw", compensates: id), "k", Begin + after, Begin);
            city.Advance(Begin + (24 * Hour));

            CommandResult last = city.TakeAnswers().Last(each => each.Result.CommandId == other).Result;
            Assert.Equal((CommandStatus.Failed, reason), (last.Status, last.Reason));
            Assert.Equal(id, Assert.Single(city.TakeDeeds()).CommandId);
        }
    }

    [Fact]
    public void What_is_withdrawn_before_it_came_is_not_done_when_it_comes()
    {
        string id = GoodId("never", "cameras", "point-at"), other = GoodId("back", "cameras", "record");
        ObeyingCity city = New();
        city.Obey(To(other, "cameras", "withdraw", compensates: id));

        List<SystemAnswer> said = city.Obey(To(id, "cameras", "point-at"), Begin + (25 * Hour), Begin + (26 * Hour));

        Assert.Equal((CommandStatus.Failed, "withdrawn"), (Assert.Single(said).Result.Status, said[0].Result.Reason));
        Assert.Empty(city.TakeDeeds());
    }

    [Fact]
    public void A_withdrawal_is_not_withdrawn()
    {
        string first = GoodId("first", "cameras", "record"), second = GoodId("second", "cameras", "record");
        ObeyingCity city = New();
        city.Receive(To(first, "cameras", "withdraw", compensates: "any"), "k", Begin, Begin);
        Assert.Equal($"{first} withdraws something itself", city.Obey(To(second, "cameras", "withdraw", compensates: first))[^1].Result.Reason);
    }

    [Fact]
    public void What_the_configuration_lost_over_a_stop_fails()
    {
        string id = GoodId("lost", "heat", "send-crew");
        ObeyingCity before = New();
        before.Obey(To(id, "heat", "send-crew"), until: Begin + Minute);

        ObeyingCity after = new(City, All.Where(system => system.Name != "heat"), 1, before.State());
        after.Advance(Begin + (24 * Hour));

        CommandResult last = after.TakeAnswers()[^1].Result;
        Assert.Equal((CommandStatus.Failed, "it is no longer known how"), (last.Status, last.Reason));
        Assert.Empty(after.TakeDeeds());
    }

    [Fact]
    public void An_undo_says_what_it_takes_back()
    {
        string id = GoodId("undo", "traffic-control", "normal-signals");
        ObeyingCity city = New();
        city.Obey(To(id, "traffic-control", "normal-signals", compensates: "before"));

        Deed deed = Assert.Single(city.TakeDeeds());
        Assert.Equal(("flash-amber green-wave", "before"), (string.Join(' ', deed.Undoes), deed.Compensates));
    }

    [Fact]
    public void Most_commands_are_done_some_rejected_or_failed_and_some_answers_are_lost_by_the_seed()
    {
        Dictionary<string, CommandStatus> Play(ulong seed)
        {
            ObeyingCity city = New(seed);
            Dictionary<string, CommandStatus> last = [];
            for (int i = 0; i < 5_000; i++)
            {
                city.Receive(To($"many-{i}", "cameras", "point-at"), "k", Begin + (i * Second), Begin);
            }

            city.Advance(Begin + (24 * Hour));
            SystemAnswer[] said = [.. city.TakeAnswers()];
            Assert.Equal(said.Select(each => each.Result.TimeInMs), said.Select(each => each.Result.TimeInMs).Order());
            Assert.InRange(said.Select(each => each.Result.CommandId).Distinct().Count(), 5_000, 5_000);
            Assert.InRange(5_000 - said.Count(each => each.Result.Status == CommandStatus.Executing), 100 + 20, 100 + 90);
            return said.GroupBy(each => each.Result.CommandId).ToDictionary(each => each.Key, each => each.Last().Result.Status);
        }

        Dictionary<string, CommandStatus> one = Play(1);
        Assert.Equal(one, Play(1));
        Assert.NotEqual(one, Play(2));
        Assert.InRange(one.Values.Count(status => status == CommandStatus.Rejected), 60, 140);
        Assert.InRange(one.Values.Count(status => status == CommandStatus.Failed), 60, 140);
        Assert.Equal(5_000, one.Values.Count(status => status is CommandStatus.Rejected or CommandStatus.Failed or CommandStatus.Done));
    }

    /// <summary>However time is cut and whenever the systems are stopped and go on, the same is said and done, but for last words that were lost and were to be said again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_said_and_done_does_not_hang_on_when_one_looks_nor_on_stops(int seed)
    {
        (string Said, string Done) Play(bool stops, int stepInMs)
        {
            var chance = new Random(seed);
            (SystemKind System, SystemAction Action)[] actions = [.. All.SelectMany(system => system.Actions.Values.OrderBy(each => each.Name, StringComparer.Ordinal).Select(action => (system, action)))];
            ObeyingCity city = New((ulong)seed);
            List<string> said = [], done = [];
            long now = Begin;
            for (int i = 0; i < 400; i++)
            {
                (SystemKind system, SystemAction action) = actions[chance.Next(actions.Length)];
                string? back = chance.Next(10) == 0 ? $"any-{chance.Next(i + 3)}" : null;
                long at = Begin + (i * 20_000L) + chance.Next(20_000);
                for (; now + stepInMs < at; now += stepInMs)
                {
                    city.Advance(now);
                }

                now = at;
                city.Receive(back is null ? To($"any-{i}", system.Name, action.Name, parameters: Needed(system.Name, action.Name)) : To($"any-{i}", system.Name, "withdraw", compensates: back), $"{i}", at, at);
                Take();
                if (stops && i % 7 == 3)
                {
                    city = New((ulong)seed, city.State());
                }
            }

            city.Advance(now + (48 * Hour));
            Take();
            return (string.Join('\n', said.Distinct().Order(StringComparer.Ordinal)), string.Join('\n', done));

            void Take()
            {
                said.AddRange(city.TakeAnswers().Where(each => each.Result.Status is CommandStatus.Accepted or CommandStatus.Executing).Select(each => $"{each.Key} {each.Result}"));
                done.AddRange(city.TakeDeeds().Select(each => $"{each.CommandId} {each.System} {each.Action} {each.TimeInMs}"));
            }
        }

        (string Said, string Done) whole = Play(stops: false, 1_000_000_000);
        Assert.Equal(whole, Play(stops: false, 777));
        Assert.Equal(whole, Play(stops: true, 5_000));
    }

    [Fact]
    public void So_many_are_remembered_and_no_more_and_so_many_are_under_way_and_no_more()
    {
        ObeyingCity city = New();
        for (int i = 0; i < ObeyingCity.MostEnded + 5; i++)
        {
            city.Refuse($"bad-{i}", "k", "it is no JSON object", Begin + i);
        }

        city.TakeAnswers();
        city.Refuse("bad-3", "k", "another fault", Begin + ObeyingCity.MostEnded + 10);
        city.Refuse("bad-50", "k", "another fault", Begin + ObeyingCity.MostEnded + 10);
        Assert.Equal(["another fault", "it is no JSON object"], city.TakeAnswers().Select(each => each.Result.Reason));

        ObeyingCity busy = New();
        for (int i = 0; i <= ObeyingCity.MostUnderWay; i++)
        {
            busy.Receive(To($"work-{i}", "heat", "send-crew"), "k", Begin, Begin);
        }

        busy.Advance(Begin + (10 * Second));
        Assert.Equal("10000 commands are under way already", Assert.Single(busy.TakeAnswers(), each => each.Result.CommandId == $"work-{ObeyingCity.MostUnderWay}").Result.Reason);
    }
}
