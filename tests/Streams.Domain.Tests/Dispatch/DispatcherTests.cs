using System.Collections.Immutable;
using Streams.Domain.Dispatch;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Dispatch;

/// <summary>Units, devices and places, given out and taken back. The words are <see cref="DispatchStory"/>'s.</summary>
public sealed class DispatcherTests
{
    [Theory]
    [InlineData("a=engine/5", ">a~1.engine(u0)")]
    [InlineData("a=engine/5@1.9", ">a~1.engine(u2)")]
    [InlineData("a=engine/5 ok:a~1 exec:a~1 ok:a~1 done:a~1 failed:a~1", ">a~1.engine(u0) a:Accepted(u0) a:Executing(u0) a:Done(u0)")]
    [InlineData("a=engine/5 b=engine/5 c=engine/5 d=engine/5 done:b~1", ">a~1.engine(u0) >b~1.engine(u1) >c~1.engine(u2) b:Done(u1) >d~1.engine(u1)")]
    [InlineData("a=engine/5*2 done:a~2 done:a~1", ">a~1.engine(u0) >a~2.engine(u1) a:Done(u1,u0)")]
    [InlineData("a=engine/5*5 done:a~1 done:a~2 done:a~3", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2) a:Done(u0,u1,u2)")]
    [InlineData("a=engine/5*2 done:a~2 failed:a~1", ">a~1.engine(u0) >a~2.engine(u1) a:Done(u1)")]
    [InlineData("a=engine/5*2 failed:a~2 failed:a~1", ">a~1.engine(u0) >a~2.engine(u1) a:Failed")]
    public void The_nearest_free_unit_goes(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=engine/5 rejected:a~1 rejected:a~2 rejected:a~3", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2) a:Rejected")]
    [InlineData("a=engine/5 rejected:a~1 done:a~2 b=engine/5", ">a~1.engine(u0) >a~2.engine(u1) a:Done(u1) >b~1.engine(u1)")]
    [InlineData("a=engine/5 rejected:a~1 done:a~2 w61 b=engine/5", ">a~1.engine(u0) >a~2.engine(u1) a:Done(u1) >b~1.engine(u0)")]
    [InlineData("a=engine/5 failed:a~1 w61 b=engine/5 failed:b~1 w61 c=engine/5 w59 d=engine/5", ">a~1.engine(u0) a:Failed >b~1.engine(u0) b:Failed >c~1.engine(u1) >c~1.engine(u1)#2 >c~1.engine(u1)#3 >d~1.engine(u0)")]
    public void Who_failed_or_rejected_rests_for_a_while_that_doubles(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=engine/5!100 w100", ">a~1.engine(u0) >a~1.engine(u0)#2 >a~1.engine(u0)#3 >a~1.engine(u0)#4 >a~1.withdraw(u0) a:Unanswered")]
    [InlineData("a=engine/5!100 ok:a~1 w99 done:a~1", ">a~1.engine(u0) a:Accepted(u0) a:Done(u0)")]
    [InlineData("a=engine/5!100 ok:a~1 w100 done:a~1 b=engine/5", ">a~1.engine(u0) a:Accepted(u0) >a~1.withdraw(u0) a:Unanswered >b~1.engine(u0)")]
    [InlineData("a=cordon/5!100 w100 w20", ">a~1.cordon(u0) >a~1.cordon(u0)#2 >a~1.cordon(u0)#3 >a~1.cordon(u0)#4 >a~1.withdraw(u0) a:Unanswered >a~1.undo1.lift(u0) >a~1.undo1.lift(u0)#2")]
    [InlineData("a=cordon/5!100 ok:a~1 w100 done:a~1.withdraw", ">a~1.cordon(u0) a:Accepted(u0) >a~1.withdraw(u0) a:Unanswered")]
    [InlineData("a=cordon/5!100 exec:a~1 w100 done:a~1.withdraw done:a~1.undo1", ">a~1.cordon(u0) a:Executing(u0) >a~1.withdraw(u0) a:Unanswered >a~1.undo1.lift(u0)")]
    public void What_is_not_accepted_is_sent_again_and_what_is_not_done_in_time_is_withdrawn(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=engine/3 b=engine/4 c=engine/5 d=engine/9 done:a~1.withdraw", ">a~1.engine(u0) >b~1.engine(u1) >c~1.engine(u2) >a~1.withdraw(u0) a:Preempted >d~1.engine(u0)")]
    [InlineData("a=engine/3 b=engine/4 c=engine/5 d=engine/9 w11", ">a~1.engine(u0) >b~1.engine(u1) >c~1.engine(u2) >a~1.withdraw(u0) a:Preempted >b~1.engine(u1)#2 >c~1.engine(u2)#2 >d~1.engine(u0)")]
    [InlineData("a=engine/3 b=engine/4 c=engine/5 d=engine/9 done:b~1 done:a~1.withdraw", ">a~1.engine(u0) >b~1.engine(u1) >c~1.engine(u2) >a~1.withdraw(u0) a:Preempted b:Done(u1) >d~1.engine(u1)")]
    [InlineData("a=engine/5*3 d=engine/5", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2)")]
    [InlineData("a=cordon/3*3 done:a~1 done:a~2 done:a~3 d=engine/5 done:a~1.withdraw a-", ">a~1.cordon(u0) >a~2.cordon(u1) >a~3.cordon(u2) a:Done(u0,u1,u2) >a~1.withdraw(u0) a:Preempted(u1,u2) >d~1.engine(u0) >a~2.undo1.lift(u1) >a~3.undo1.lift(u2)")]
    [InlineData("a=engine/3*3 b=engine/4 c=engine/9 done:a~1.withdraw done:a~2.withdraw", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2) >a~1.withdraw(u0) >a~2.withdraw(u1) >c~1.engine(u0) >b~1.engine(u1)")]
    public void The_more_urgent_takes_a_unit_when_its_withdrawal_is_answered_or_its_time_is_out(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=engine/5*3 b=engine/5!100 ok:a~1 ok:a~2 ok:a~3 w100", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2) a:Accepted(u0,u1,u2) a:Accepted(u0,u1,u2) a:Accepted(u0,u1,u2) b:Failed")]
    [InlineData("a=engine/5*3 b=engine/5 c=engine/6 b! done:a~1 done:a~1.withdraw", ">a~1.engine(u0) >a~2.engine(u1) >a~3.engine(u2) >a~1.withdraw(u0) b:Withdrawn >c~1.engine(u0)")]
    public void What_waits_waits_until_its_deadline(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=cordon/5 done:a~1 a- done:a~1.undo1", ">a~1.cordon(u0) a:Done(u0) >a~1.undo1.lift(u0) a-:Done(u0)")]
    [InlineData("a=cordon/5 done:a~1 b=cordon/5", ">a~1.cordon(u0) a:Done(u0) >b~1.cordon(u1)")]
    [InlineData("a=cordon/5 done:a~1 a- failed:a~1.undo1 a- done:a~1.undo2", ">a~1.cordon(u0) a:Done(u0) >a~1.undo1.lift(u0) a-:Failed >a~1.undo2.lift(u0) a-2:Done(u0)")]
    [InlineData("a=cordon/5 exec:a~1 a! done:a~1 done:a~1.withdraw done:a~1.undo1", ">a~1.cordon(u0) a:Executing(u0) >a~1.withdraw(u0) >a~1.undo1.lift(u0) a:Withdrawn")]
    [InlineData("a=cordon/5 a! done:a~1.withdraw a-", ">a~1.cordon(u0) >a~1.withdraw(u0) a:Withdrawn a-:Done")]
    [InlineData("a=cordon/5 done:a~1 a! done:a~1.undo1 a-", ">a~1.cordon(u0) a:Done(u0) >a~1.undo1.lift(u0) a-:Done")]
    [InlineData("a=cordon/5 done:a~1 a! a- done:a~1.undo1", ">a~1.cordon(u0) a:Done(u0) >a~1.undo1.lift(u0) a-:Done(u0)")]
    [InlineData("a=cordon/5 a- done:a~1.withdraw", ">a~1.cordon(u0) >a~1.withdraw(u0) a-:Done(u0) a:Withdrawn")]
    [InlineData("a=engine/5 a! done:a~1", ">a~1.engine(u0) >a~1.withdraw(u0) a:Done(u0)")]
    public void What_was_done_is_taken_back_by_who_did_it(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=point/5*2@1 done:a~1 b=point/5*2@1", ">a~1.point(d1,d0) a:Done(d1,d0) >b~1.point(d2,d3)")]
    [InlineData("a=point/5*3 done:a~1 b=point/5*3 done:b~1", ">a~1.point(d0,d1,d2) a:Done(d0,d1,d2) >b~1.point(d3) b:Done(d3)")]
    [InlineData("a=point/5 done:a~1 b=point/5 a- done:a~1.undo1", ">a~1.point(d0,d1,d2,d3) a:Done(d0,d1,d2,d3) >a~1.undo1.home(d0,d1,d2,d3) a-:Done(d0,d1,d2,d3) >b~1.point(d0,d1,d2,d3)")]
    [InlineData("a=point/5*3 done:a~1 b=point/6*2 done:b~1 b- done:b~1.undo1 done:a~1.again1 a-", ">a~1.point(d0,d1,d2) a:Done(d0,d1,d2) >b~1.point(d3,d0) b:Done(d3,d0) >b~1.undo1.home(d3) >a~1.again1.point(d0) b-:Done(d3,d0) >a~1.undo2.home(d0,d1,d2)")]
    [InlineData("a=point/5*3 done:a~1 b=point/6*2 done:b~1 a- done:a~1.undo1 b-", ">a~1.point(d0,d1,d2) a:Done(d0,d1,d2) >b~1.point(d3,d0) b:Done(d3,d0) >a~1.undo1.home(d1,d2) a-:Done(d0,d1,d2) >b~1.undo1.home(d3,d0)")]
    [InlineData("a=point/5*3 b=point/6 done:a~1.withdraw", ">a~1.point(d0,d1,d2) >a~1.withdraw(d0,d1,d2) a:Preempted >b~1.point(d0,d1,d2,d3)")]
    [InlineData("a=point/5*1 exec:a~1 b=point/6 w11", ">a~1.point(d0) a:Executing(d0) >a~1.withdraw(d0) a:Preempted >b~1.point(d0,d1,d2,d3)")]
    [InlineData("a=point/5*2 done:a~1 a2=record/5*2 done:a2~1 a- done:a~1.undo1 a2- done:a2~1.undo1", ">a~1.point(d0,d1) a:Done(d0,d1) >a2~1.record(d0,d1) a2:Done(d0,d1) >a~1.undo1.home(d0,d1) a-:Done(d0,d1) >a2~1.undo1.stop(d0,d1) a2-:Done(d0,d1)")]
    public void Devices_are_one_incidents_until_it_gives_them_back(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=close/5 ok:a~1 b=close/5 done:a~1 a- b- done:a~1.undo1", ">a~1.close a:Accepted b:Accepted a:Done b:Done a-:Done >a~1.undo1.open b-:Done")]
    [InlineData("a=close/5 b=close/5 a! done:a~1 b-", ">a~1.close a:Withdrawn b:Done >a~1.undo1.open")]
    [InlineData("a=close/5:v=1 done:a~1 b=close/5:v=2 a- done:a~1.undo1", ">a~1.close a:Done >a~1.undo1.open a-:Done >b~1.close")]
    [InlineData("a=close/5:v=1 done:a~1 b=close/6:v=2 done:b~1 b- done:a~1.again1 a- done:a~1.undo2", ">a~1.close a:Done >b~1.close b:Done b-:Done >a~1.again1.close >a~1.undo2.open a-:Done")]
    [InlineData("a=close/5:v=1 done:a~1 b=close/6:v=2 done:b~1 a- b-", ">a~1.close a:Done >b~1.close b:Done a-:Done >b~1.undo1.open")]
    [InlineData("a=close/5:v=1 done:a~1 b=close/6:v=2 failed:b~1", ">a~1.close a:Done >b~1.close b:Failed >a~1.again1.close")]
    [InlineData("a=close/5:v=1 exec:a~1 b=close/6:v=2 done:a~1.withdraw", ">a~1.close a:Executing >a~1.withdraw a:Preempted >b~1.close")]
    [InlineData("a=close/5:v=1 done:a~1 b=close/6:v=2 done:b~1 b- failed:a~1.again1 w61 done:a~1.again2 a-", ">a~1.close a:Done >b~1.close b:Done b-:Done >a~1.again1.close >a~1.again2.close >a~1.undo3.open")]
    [InlineData("a=narrow/5 done:a~1 a2=close/5 done:a2~1 a2- done:a~1.again1 a-", ">a~1.narrow a:Done >a2~1.close a2:Done a2-:Done >a~1.again1.narrow >a~1.undo2.open")]
    [InlineData("a=close/5 exec:a~1 a! w11 w10 b=close/4 w20", ">a~1.close a:Executing >a~1.withdraw >a~1.undo1.open >a~1.undo1.open#2 a:Withdrawn >b~1.close >b~1.close#2")]
    [InlineData("a=inform/5:m=1 done:a~1 b=inform/3:m=2 done:b~1 a- done:a~1.undo1", ">a~1.inform a:Done >b~1.inform b:Done >a~1.undo1.clear a-:Done")]
    public void A_place_is_in_one_state_and_goes_back_to_what_others_still_want(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Theory]
    [InlineData("a=close/5 done:a~1 b=close/5in:x/y done:b~1 a- done:a~1.undo1", ">a~1.close a:Done >b~1.close b:Done >a~1.undo1.open a-:Done >b~1.again1.close")]
    [InlineData("a=close/5 done:a~1 b=close/5in:x/y done:b~1 b- done:b~1.undo1", ">a~1.close a:Done >b~1.close b:Done >b~1.undo1.close b-:Done")]
    [InlineData("b=close/5:v=2in:x/y done:b~1 a=close/5:v=1 done:a~1", ">b~1.close b:Done >a~1.close a:Done >b~1.again1.close")]
    [InlineData("b=close/4:v=2in:x/y done:b~1 a=close/5:v=1 done:a~1", ">b~1.close b:Done >a~1.close a:Done")]
    public void A_place_within_another_keeps_its_own_state(string words, string told) => Assert.Equal(told, DispatchStory.Of(words));

    [Fact]
    public void The_same_request_again_has_no_second_effect()
    {
        Assert.Equal(">a~1.engine(u0) a:Accepted(u0) a:Accepted(u0) a:Done(u0) a:Done", DispatchStory.Of("a=engine/5 a? ok:a~1 a? done:a~1 a?"));
        Assert.Equal(">a~1.close a:Done a:Done >a~1.undo1.open a-:Done a-:Done a:Done", DispatchStory.Of("a=close/5 done:a~1 a? a- done:a~1.undo1 a-? a?"));
    }

    [Fact]
    public void Nothing_is_moved_for_an_exercise()
    {
        DispatchStory story = new(DispatchStory.Town);
        CommandRequest request = new("a", "i", "s", "fire", "x", "engine", [], DispatchStory.NoParameters, 1, 5, 2_000_000, null, IsExercise: true);
        Assert.Equal(DispatchOutcome.Changed, story.Dispatcher.Ask(request, 1_000_000));
        story.Dispatcher.Drain(story);
        Assert.Equal("a:Accepted a:Done", string.Join(' ', story.Told));
        Assert.Equal("exercise: nothing was moved", story.Heard[1].Reason);
        Assert.Equal((0, 0), (story.Dispatcher.AssetsHeld, story.Dispatcher.OpenRequests));
    }

    [Fact]
    public void An_incident_that_is_closed_lets_go_of_what_stands()
    {
        DispatchStory story = new(DispatchStory.Town);
        story.Tell("a=cordon/5 done:a~1 a2=close/5 done:a2~1 a3=engine/5 close:a");
        Assert.Equal(">a~1.cordon(u0) a:Done(u0) >a2~1.close a2:Done >a3~1.engine(u1) >a3~1.withdraw(u1)", string.Join(' ', story.Told));
        Assert.Equal(["let_go", "let_go"], story.Entries.Select(entry => entry.What));
        Assert.Equal(1, story.Dispatcher.AssetsHeld);
    }

    [Fact]
    public void A_unit_that_was_called_away_without_a_word_and_went_nowhere_takes_back_what_it_did()
    {
        Assert.Equal(
            ">a~1.cordon(u0) a:Executing(u0) >a~1.withdraw(u0) a:Preempted >b~1.engine(u0) >a~1.undo1.lift(u0)",
            DispatchStory.Of("a=cordon/3 exec:a~1 b=engine/5 w10 rejected:b~1 done:a~1.undo1", DispatchStory.Map(1, 0)));
        Assert.Equal(
            ">a~1.cordon(u0) a:Executing(u0) >a~1.withdraw(u0) a:Preempted >b~1.engine(u0) b:Executing(u0) b:Done(u0)",
            DispatchStory.Of("a=cordon/3 exec:a~1 b=engine/5 w10 exec:b~1 done:b~1", DispatchStory.Map(1, 0)));
    }

    [Fact]
    public void A_unit_that_is_no_longer_configured_finishes_what_it_does()
    {
        DispatchStory story = new(DispatchStory.Town);
        story.Tell("a=cordon/5 b=engine/5");
        story.Restart(DispatchStory.Map(0, 0));
        story.Tell("done:a~1 done:b~1 a- done:a~1.undo1 c=engine/5");
        Assert.Equal(">a~1.cordon(u0) >b~1.engine(u1) a:Done(u0) b:Done(u1) >a~1.undo1.lift(u0) a-:Done(u0) c:Rejected", string.Join(' ', story.Told));
        Assert.Equal("no unit of x/fire can engine", story.Dispatcher.Refusal.Length > 0 ? story.Dispatcher.Refusal : story.Heard[^1].Reason);
        Assert.Equal(0, story.Dispatcher.AssetsHeld);
    }

    [Fact]
    public void Refusals_say_why()
    {
        CommandRequest right = new("a", "i", "s", "fire", "x", "engine", [], DispatchStory.NoParameters, 1, 5, 2_000_000, null, false);
        string Why(CommandRequest request, DispatchMap? map = null)
        {
            Dispatcher dispatcher = new(map ?? DispatchStory.Town);
            Assert.Equal(DispatchOutcome.Refused, dispatcher.Ask(request, 1_000_000));
            DispatchStory heard = new(DispatchStory.Town);
            dispatcher.Drain(heard);
            CommandProgress progress = Assert.Single(heard.Heard);
            Assert.Equal((CommandStatus.Rejected, dispatcher.Refusal), (progress.Status, progress.Reason));
            return progress.Reason;
        }

        Assert.StartsWith("fire can not fly; it can: clear, close, cordon", Why(right with { Action = "fly" }), StringComparison.Ordinal);
        Assert.Equal("police of x is not x/fire's", Why(right with { System = "police" }));
        Assert.Equal("fire of y is not x/fire's", Why(right with { Area = "y" }));
        Assert.Equal("x/z has no camera of x/fire", Why(right with { Area = "x/z", Action = "point", Count = 0 }));
        Assert.Equal("no unit of x/fire can engine", Why(right, DispatchStory.Map(0, 0)));
        Assert.Equal("fire does not engine in x: no water", Why(right, new DispatchMap("x", DispatchStory.Kind, [], [], _ => null, without: new Dictionary<string, string> { ["engine"] = "no water" }.ToImmutableDictionary())));
        Assert.Equal("x has no fire: too wet", Why(right, new DispatchMap("x", DispatchStory.Kind, [], [], _ => null, absentBecause: "too wet")));
    }

    [Fact]
    public void More_requests_than_it_can_keep_are_refused()
    {
        Dispatcher dispatcher = new(DispatchStory.Map(1, 0));
        CommandRequest request = new("a", "i", "s", "fire", "x", "engine", [], DispatchStory.NoParameters, 1, 5, 2_000_000, null, false);
        for (int i = 0; i < Dispatcher.MaxOpenRequests; i++)
        {
            Assert.Equal(DispatchOutcome.Changed, dispatcher.Ask(request with { CommandId = "r" + i }, 1_000_000));
        }

        Assert.Equal(DispatchOutcome.Refused, dispatcher.Ask(request, 1_000_000));
        Assert.Equal("x/fire has 2000 requests open; at most 2000, and none that waits is less urgent", dispatcher.Refusal);
        DispatchStory heard = new(DispatchStory.Town);
        dispatcher.Drain(heard);
        heard.Heard.Clear();

        // The youngest of the least urgent makes room.
        Assert.Equal(DispatchOutcome.Changed, dispatcher.Ask(request with { CommandId = "urgent", Priority = 6 }, 1_000_000));
        dispatcher.Drain(heard);
        Assert.Equal(("r1999", CommandStatus.Preempted), (heard.Heard[0].CommandId, heard.Heard[0].Status));
        Assert.InRange(dispatcher.OpenRequests, Dispatcher.MaxOpenRequests - 1, Dispatcher.MaxOpenRequests);
    }

    [Fact]
    public void A_command_for_many_devices_stays_within_its_bounds()
    {
        DispatchStory story = new(DispatchStory.Map(0, 30_000));
        story.Tell("a=point/5in:x/y");
        Command command = Assert.Single(story.Sent);
        Assert.Equal(Dispatcher.MaxTargets, command.Targets.Length);
        Assert.Equal("d0", command.Targets[0]);
        global::System.Buffers.ArrayBufferWriter<byte> json = new();
        CommandJson.Write(json, command, null);
        Assert.InRange(json.WrittenCount, 1, CommandJson.MostBytes);
        Assert.Equal(command.Place, CommandJson.Read(json.WrittenSpan, out _)!.Place);
    }

    [Fact]
    public void A_dispatcher_shows_units_queue_and_commands()
    {
        DispatchStory story = new(DispatchStory.Map(1, 2));
        story.Tell("a=cordon/5 done:a~1 b=engine/5 c=point/5*1 ok:c~1");
        global::System.Buffers.ArrayBufferWriter<byte> to = new();
        story.Dispatcher.WriteJson(to);
        using global::System.Text.Json.JsonDocument json = global::System.Text.Json.JsonDocument.Parse(to.WrittenMemory);
        global::System.Text.Json.JsonElement root = json.RootElement;
        global::System.Text.Json.JsonElement unit = root.GetProperty("units")[0];
        Assert.Equal(("x", "fire", 2, 1, 2), (root.GetProperty("area").GetString(), root.GetProperty("system").GetString(), root.GetProperty("devices").GetInt32(), root.GetProperty("devicesHeld").GetInt32(), root.GetProperty("openRequests").GetInt32()));
        Assert.Equal(("u0", "standing", "a", "a~1"), (unit.GetProperty("id").GetString(), unit.GetProperty("state").GetString(), unit.GetProperty("incidentId").GetString(), unit.GetProperty("commandId").GetString()));
        Assert.Equal("b", Assert.Single(root.GetProperty("queue").EnumerateArray()).GetProperty("commandId").GetString());
        Assert.Equal("accepted", Assert.Single(root.GetProperty("commands").EnumerateArray()).GetProperty("status").GetString());
        Assert.Equal(2, root.GetProperty("holdings").GetArrayLength());
        Assert.InRange(story.Dispatcher.SizeInBytes, 1000, 10_000);
    }

    [Fact]
    public void A_command_says_where_it_is_done()
    {
        DispatchStory story = new(DispatchStory.Town);
        story.Tell("a=engine/5@1.5in:x/y");
        global::System.Buffers.ArrayBufferWriter<byte> json = new();
        CommandJson.Write(json, story.Sent[0], null);
        Command read = CommandJson.Read(json.WrittenSpan, out string? fault)!;
        Assert.Null(fault);
        Assert.Equal(("x/fire", "x/y", new GeoPoint(1.5, 0)), (read.Key, read.Place, read.Location));
    }

    [Fact]
    public void A_damaged_snapshot_is_refused()
    {
        DispatchStory story = new(DispatchStory.Town);
        story.Tell("a=cordon/5 done:a~1 b=engine/5 c=point/5*1 d=close/4 done:d~1 e=close/7:v=1");
        global::System.Buffers.ArrayBufferWriter<byte> saved = new();
        story.Dispatcher.Save(saved);
        byte[] whole = saved.WrittenSpan.ToArray();
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Null(Dispatcher.Restore(whole.AsSpan(0, length), DispatchStory.Town, out string? fault));
            Assert.NotNull(fault);
        }

        Assert.Null(Dispatcher.Restore([9, .. whole.AsSpan(1)], DispatchStory.Town, out string? newer));
        Assert.Equal("a dispatcher's snapshot of version 9; this node reads up to version 2", newer);
        Assert.Null(Dispatcher.Restore(whole, new DispatchMap("y", DispatchStory.Kind, [], [], _ => null), out string? other));
        Assert.Equal("the snapshot is of x/fire, not of y/fire", other);
    }
}
