using System.Buffers;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cap;
using Streams.Domain.Readings;
using Streams.Domain.Tests.Cap;

namespace Streams.Domain.Tests.Areas;

/// <summary>What people say to areas about alerts.</summary>
public sealed class AreaOrderTests
{
    private const string Centre = "dijon/centre";

    private static readonly OrderGiver Anna = new("anna", ["operator"], "token", "10.0.0.7");

    private static readonly AlertRules Rules = new(
        [
            new AlertRule
            {
                Id = "stuck", Condition = new AlertCondition.Devices { Kinds = ["stuck"] }, MinChildren = 2,
                Steps = [new SeverityStep(AlertSeverity.Minor, 1, 0), new SeverityStep(AlertSeverity.Severe, 3, 2)],
                Texts = [new AlertText("en", "Stuck", "{area}: {count} stuck", "{devices}", "Look.")],
            },
        ],
        new AreaSettings { Sender = "alerts@city.example" },
        [new AreaDescription { Id = Centre, Name = "Centre", Polygon = [(47, 5), (47, 6), (48, 6), (47, 5)], Geocodes = System.Collections.Immutable.ImmutableDictionary<string, string>.Empty.Add("INSEE", "21231") }]);

    private static readonly AlertContent Fire = new()
    {
        Categories = [AlertCategory.Fire], Responses = [AlertResponse.Shelter], Urgency = AlertUrgency.Immediate, Severity = AlertSeverity.Severe, Certainty = AlertCertainty.Observed,
        Texts = [new AlertText("fr-FR", "Incendie", "Incendie rue Haute", "Un entrepôt brûle.", "Fermez les fenêtres."), new AlertText("en", "Fire", "Fire in Rue Haute", "A store burns.", "")],
    };

    private int _orders;

    private AreaOrder.Issue Issue(AlertContent content) => new(content) { Id = $"o{++_orders}", By = Anna };

    private AreaOrder.Update Update(string alert, AlertContent content) => new(alert, content) { Id = $"o{++_orders}", By = Anna };

    private AreaOrder.Acknowledge Acknowledge(string alert, string note = "") => new(alert, note) { Id = $"o{++_orders}", By = Anna };

    private AreaOrder.Cancel Cancel(string alert, string reason = "false alarm") => new(alert, reason) { Id = $"o{++_orders}", By = Anna };

    private static string Last(AreaStory story) => story.Alerts[^1] is var alert ? $"{alert.Identifier} {alert.MessageType} {alert.State} {alert.Severity}" : "";

    private static void Stick(AreaStory story, string device, double minute = 10) => story.Anomaly(Centre, device, "stuck", true, AreaStory.Minutes(minute), AreaStory.Minutes(minute));

    private static void Free(AreaStory story, string device, double from, double minute) => story.Anomaly(Centre, device, "stuck", false, AreaStory.Minutes(from), AreaStory.Minutes(minute));

    [Fact]
    public void An_issued_alert_stands_until_it_expires_and_is_sound_CAP_in_every_state()
    {
        var story = new AreaStory(Rules);
        Assert.Equal(AreaOutcome.Decided, story.Obey(Centre, Issue(Fire)));
        Alert alert = Assert.Single(story.Alerts);
        Assert.Equal("dijon.centre.issued.20260302T000000Z", alert.Id);
        Assert.Equal((AlertMessageType.Alert, AlertState.Active, AlertStatus.Actual, "anna", 1), (alert.MessageType, alert.State, alert.Status, alert.Issued!.By, alert.Revision));
        Assert.Equal(AreaStory.Minutes(60), alert.ExpiresInMs);
        Assert.Equal(alert.Id, Assert.Single(story.Answers).AlertId);
        Assert.Equal(1, story.Areas[Centre].ActiveAlerts);

        story.SaveAndRestoreAll();
        story.Advance(TimeSpan.FromMinutes(59));
        Assert.Single(story.Alerts);
        story.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal($"{alert.Id}.2 Cancel Expired Severe", Last(story));
        Assert.Equal([$"alerts@city.example,{alert.Id}.1,2026-03-02T00:00:00.000Z"], story.Alerts[^1].References);
        Assert.Equal(0, story.Areas[Centre].ActiveAlerts);
        Assert.Null(story.Areas[Centre].DueInMs);
        Assert.All(story.Alerts, each => Assert.True(CapWriter.Write(CapFromAlert.Of(each)).IsWritten));
    }

    [Fact]
    public void Two_of_one_second_have_two_ids_and_no_more_stand_than_may()
    {
        var story = new AreaStory(Rules);
        for (int i = 0; i < Area.MostIssued; i++)
        {
            story.Obey(Centre, Issue(Fire));
        }

        Assert.Equal(Area.MostIssued, story.Alerts.Select(each => each.Id).Distinct().Count());
        Assert.Equal(AreaOutcome.Refused, story.Obey(Centre, Issue(Fire)));
        Assert.Equal("too_many_issued", story.Answers[^1].Refusal!.Reason);
        story.Obey(Centre, Cancel(story.Alerts[0].Id));
        Assert.Equal(AreaOutcome.Decided, story.Obey(Centre, Issue(Fire)));
    }

    [Theory]
    [InlineData(null, AlertScope.Public, AlertStatus.Actual, AlertScope.Public, null)]
    [InlineData(null, AlertScope.Public, AlertStatus.Exercise, AlertScope.Public, "status_changes")]
    [InlineData(AlertStatus.Exercise, AlertScope.Public, null, AlertScope.Public, "status_changes")]
    [InlineData(AlertStatus.Exercise, AlertScope.Public, AlertStatus.Exercise, AlertScope.Public, null)]
    [InlineData(null, AlertScope.Public, null, AlertScope.Restricted, "scope_narrows")]
    [InlineData(null, AlertScope.Public, null, AlertScope.Private, "scope_narrows")]
    [InlineData(null, AlertScope.Restricted, null, AlertScope.Public, null)]
    public void An_update_makes_no_exercise_of_what_is_real_and_hides_nothing_that_was_public(AlertStatus? status, AlertScope scope, AlertStatus? newStatus, AlertScope newScope, string? refused)
    {
        var story = new AreaStory(Rules);
        story.Obey(Centre, Issue(With(status, scope)));
        AreaOutcome outcome = story.Obey(Centre, Update(story.Alerts[0].Id, With(newStatus, newScope)));
        Assert.Equal((refused is null ? AreaOutcome.Decided : AreaOutcome.Refused, refused), (outcome, story.Answers[^1].Refusal?.Reason));
        Assert.Equal(refused is null ? 2 : 1, story.Alerts.Count);

        static AlertContent With(AlertStatus? status, AlertScope scope) =>
            Fire with { Status = status, Scope = scope, Addresses = scope == AlertScope.Private ? ["desk@city.example"] : [] };
    }

    [Fact]
    public void An_update_says_all_anew_refers_to_what_was_said_and_goes_on_from_a_snapshot()
    {
        var story = new AreaStory(Rules);
        story.Obey(Centre, Issue(Fire));
        string id = story.Alerts[0].Id;
        story.SaveAndRestoreAll();
        story.Now += 60_000;
        story.Obey(Centre, Update(id, Fire with
        {
            Severity = AlertSeverity.Extreme, AreaDescription = "Rue Haute", Polygon = [(47.1, 5.1), (47.1, 5.2), (47.2, 5.2), (47.1, 5.1)], ExpiresInMs = AreaStory.Minutes(300),
        }));
        Alert alert = story.Alerts[^1];
        Assert.Equal($"{id}.2 Update Active Extreme", Last(story));
        Assert.Equal([$"alerts@city.example,{id}.1,2026-03-02T00:00:00.000Z"], alert.References);
        Assert.Equal(("Rue Haute", AreaStory.Minutes(300), AreaStory.Minutes(0)), (alert.AreaName, alert.ExpiresInMs, alert.OnsetInMs));

        // A code of the whole area would make the place the whole area again.
        CapArea place = CapFromAlert.Of(alert).Infos[0].Areas[0];
        Assert.Equal(["streams-area"], place.Geocodes.Select(code => code.Name));
        Assert.Equal("47.1,5.1 47.1,5.2 47.2,5.2 47.1,5.1", place.Polygons[0].ToString());
        story.Obey(Centre, Cancel(id));
        Assert.Equal($"{id}.3 Cancel Cancelled Extreme", Last(story));
        Assert.Equal("Fin d'alerte : Incendie rue Haute", story.Alerts[^1].Texts[0].Headline);
        Assert.Equal(("anna", "false alarm"), (story.Alerts[^1].Cancelled!.By, story.Alerts[^1].Cancelled!.Note));
        Assert.Equal(AreaOutcome.Refused, story.Obey(Centre, Update(id, Fire)));
        Assert.Equal("alert_not_standing", story.Answers[^1].Refusal!.Reason);
    }

    [Fact]
    public void What_was_acknowledged_stays_so_until_it_is_graver()
    {
        var story = new AreaStory(Rules);
        Stick(story, "a");
        string id = story.Alerts[0].Id;
        story.Obey(Centre, Acknowledge(id, "on my way"));
        Assert.Equal($"{id}.2 Update Acknowledged Minor", Last(story));
        Assert.Equal(("anna", "on my way"), (story.Alerts[^1].Acknowledged!.By, story.Alerts[^1].Acknowledged!.Note));
        Assert.Equal(AreaOutcome.Refused, story.Obey(Centre, Acknowledge(id)));
        Assert.Equal("already_acknowledged", story.Answers[^1].Refusal!.Reason);

        story.SaveAndRestoreAll();
        story.Now += 3_600_000;
        Stick(story, "b", 20);
        Assert.Equal($"{id}.3 Update Acknowledged Minor", Last(story));
        Stick(story, "c", 30);
        Assert.Equal($"{id}.4 Update Active Severe", Last(story));
        Assert.Null(story.Alerts[^1].Acknowledged);
        story.Obey(Centre, Acknowledge(id));
        Assert.Equal($"{id}.5 Update Acknowledged Severe", Last(story));

        // Less grave, and as grave again, is nothing new to who takes care of it.
        Free(story, "c", 30, 40);
        Free(story, "b", 20, 41);
        Assert.Equal(AlertState.Acknowledged, story.Alerts[^1].State);
        Stick(story, "d", 50);
        Stick(story, "e", 51);
        Assert.Equal("Acknowledged Severe", $"{story.Alerts[^1].State} {story.Alerts[^1].Severity}");
        foreach ((string device, double from) in new[] { ("a", 10.0), ("d", 50), ("e", 51) })
        {
            Free(story, device, from, 60);
        }

        Assert.Equal("Cancel Cleared", $"{story.Alerts[^1].MessageType} {story.Alerts[^1].State}");
    }

    [Fact]
    public void What_was_cancelled_is_not_raised_again_while_its_condition_goes_on()
    {
        var story = new AreaStory(Rules);
        Stick(story, "a");
        string id = story.Alerts[0].Id;
        story.Obey(Centre, Cancel(id));
        Assert.Equal($"{id}.2 Cancel Cancelled Minor", Last(story));
        Assert.Equal(0, story.Areas[Centre].ActiveAlerts);
        story.SaveAndRestoreAll();
        Stick(story, "b", 20);
        story.Advance(TimeSpan.FromDays(3));
        Assert.Equal(2, story.Alerts.Count);

        // Over and begun anew.
        Free(story, "a", 10, 30);
        Free(story, "b", 20, 31);
        Assert.Equal(2, story.Alerts.Count);
        Stick(story, "a", 500);
        Assert.Equal("Alert Active", $"{story.Alerts[^1].MessageType} {story.Alerts[^1].State}");
        Assert.NotEqual(id, story.Alerts[^1].Id);
    }

    [Fact]
    public void What_was_cancelled_comes_back_when_it_is_graver()
    {
        var story = new AreaStory(Rules);
        Stick(story, "a");
        string id = story.Alerts[0].Id;
        story.Obey(Centre, Cancel(id));
        Stick(story, "b", 20);
        Stick(story, "c", 30);
        Assert.Equal($"{id}.3 Update Active Severe", Last(story));
        Assert.Null(story.Alerts[^1].Cancelled);
    }

    [Fact]
    public void The_citys_alert_that_was_cancelled_does_not_become_one_of_each_district()
    {
        var story = new AreaStory(Rules);
        foreach (string place in new[] { "centre", "port" })
        {
            story.Anomaly("dijon/" + place, place, "stuck", true, AreaStory.Minutes(10), AreaStory.Minutes(10));
        }

        Alert whole = story.Alerts.Last(each => each.Area == "dijon" && each.State == AlertState.Active);
        story.Obey("dijon", Cancel(whole.Id));
        int told = story.Alerts.Count;
        story.SaveAndRestoreAll();
        story.Anomaly("dijon/nord", "nord", "stuck", true, AreaStory.Minutes(20), AreaStory.Minutes(20));
        story.Advance(TimeSpan.FromHours(2));
        Assert.DoesNotContain(story.Alerts.Skip(told), each => each.State == AlertState.Active && each.SupersededBy is null && each.Area != "dijon/nord");
        Assert.Equal(0, story.Areas.Values.Sum(area => area.ActiveAlerts));
    }

    [Fact]
    public void An_order_is_obeyed_once_also_after_a_restore()
    {
        var story = new AreaStory(Rules);
        AreaOrder order = Issue(Fire);
        story.Obey(Centre, order);
        story.SaveAndRestoreAll();
        Assert.Equal(AreaOutcome.Repeat, story.Obey(Centre, order));
        Assert.Single(story.Alerts);
        Assert.Single(story.Answers);
    }

    [Fact]
    public void Whatever_people_and_devices_do_each_alert_is_one_chain_of_sound_messages()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var chance = new Random(seed);
            var story = new AreaStory(Rules);
            var stuck = new Dictionary<string, double>();
            for (int step = 0; step < 60; step++)
            {
                double minute = 10 + step;
                string[] known = [.. story.Alerts.Select(alert => alert.Id).Distinct().Append("dijon.centre.none.20260302T000000Z")];
                string some = known[chance.Next(known.Length)];
                string device = "d" + chance.Next(5);
                story.Now = AreaStory.Minutes(minute);
                switch (chance.Next(8))
                {
                    case 0: story.Obey(Centre, Issue(Fire with { Severity = (AlertSeverity)chance.Next(5), ExpiresInMs = story.Now + chance.Next(1, 1_200_000) })); break;
                    case 1: story.Obey(Centre, Update(some, Fire with { Severity = (AlertSeverity)chance.Next(5) })); break;
                    case 2: story.Obey(Centre, Acknowledge(some)); break;
                    case 3: story.Obey(Centre, Cancel(some)); break;
                    case 4 when stuck.Remove(device, out double from): Free(story, device, from, minute); break;
                    case 5: story.Advance(TimeSpan.FromSeconds(chance.Next(600))); break;
                    case 6: story.SaveAndRestoreAll(); break;
                    default:
                        if (stuck.TryAdd(device, minute))
                        {
                            Stick(story, device, minute);
                        }

                        break;
                }
            }

            foreach (IGrouping<string, Alert> life in story.Alerts.GroupBy(alert => alert.Id))
            {
                Assert.Equal(Enumerable.Range(1, life.Count()), life.Select(alert => alert.Revision));
                Assert.All(life, alert =>
                {
                    Assert.Equal(alert.Revision == 1, alert.MessageType == AlertMessageType.Alert);
                    Assert.Equal(alert.Revision == 1 ? 0 : 1, alert.References.Length);
                    Assert.Equal(alert.State == AlertState.Acknowledged, alert.Acknowledged is not null && alert.State is AlertState.Active or AlertState.Acknowledged);
                    CapWriting written = CapWriter.Write(CapFromAlert.Of(alert));
                    Assert.True(written.IsWritten, string.Join(' ', written.Findings));
                });
            }

            int standing = story.Alerts.GroupBy(alert => alert.Id).Count(life => life.Last().State is AlertState.Active or AlertState.Acknowledged);
            Assert.Equal(standing, story.Areas.TryGetValue(Centre, out Area? area) ? area.ActiveAlerts : 0);
        }
    }

    [Theory]
    [InlineData("{}", "category")]
    [InlineData("""{"status":"Draft"}""", "status")]
    [InlineData("""{"scope":"Secret"}""", "scope")]
    [InlineData("""{"severity":"severe"}""", "severity")]
    [InlineData("""{"severity":"3"}""", "severity")]
    [InlineData("""{"severity":"Minor, Severe"}""", "severity")]
    [InlineData("""{"category":["Fire","Fire"]}""", "category")]
    [InlineData("""{"expires":"tomorrow"}""", "expires")]
    [InlineData("""{"polygon":"47,5 47,6 48,6"}""", "polygon")]
    [InlineData("""{"polygon":"47,5 47,6 48,6 47.1,5"}""", "polygon")]
    [InlineData("""{"circle":"\ud800"}""", "circle")]
    [InlineData("""{"polygon":"\ud800"}""", "polygon")]
    [InlineData("""{"circle":"47,5"}""", "circle")]
    [InlineData("""{"circle":"47,5 0"}""", "circle")]
    [InlineData("""{"circle":"47,5 101"}""", "circle")]
    [InlineData("""{"circle":"95,5 1"}""", "circle")]
    [InlineData("""{"circle":[47,5,1]}""", "circle")]
    [InlineData("""{"scope":"Private"}""", "addresses")]
    [InlineData("""{"scope":"Private","addresses":[]}""", "addresses")]
    [InlineData("""{"scope":"Private","addresses":["a","a"]}""", "addresses")]
    [InlineData("""{"scope":"Private","addresses":["a\"b"]}""", "addresses")]
    [InlineData("""{"scope":"Private","addresses":["a\nb"]}""", "addresses")]
    [InlineData("""{"scope":"Private","addresses":[7]}""", "addresses")]
    [InlineData("""{"scope":"Restricted","addresses":["a"]}""", "addresses")]
    [InlineData("""{"addresses":["a"]}""", "addresses")]
    [InlineData("""{"polygon":"95,5 47,6 48,6 95,5"}""", "polygon")]
    [InlineData("""{"info":[{"language":"french"}]}""", "info[0].language")]
    [InlineData("""{"info":[{"language":"FR"}]}""", "info[0].language")]
    [InlineData("""{"info":[{"language":"fr"},{"language":"fr"}]}""", "info[1].language")]
    [InlineData("""{"info":[{"headline":"a\nb"}]}""", "info[0].headline")]
    [InlineData("""{"info":[{"headline":"\ud800"}]}""", "info[0].headline")]
    [InlineData("""{"info":[{"text":""}]}""", "info[0].text")]
    [InlineData("""{"sevrity":"Minor"}""", "sevrity")]
    [InlineData("""{"urgency":"Past","urgency":"Past"}""", "urgency")]
    [InlineData("[]", "")]
    public void What_is_wrong_with_the_content_is_told_with_its_member(string json, string field)
    {
        List<Refusal> wrong = [];
        using JsonDocument document = JsonDocument.Parse(json);
        AlertContent.Read(document.RootElement, [], wrong);
        Assert.Contains(wrong, refusal => refusal.Field == field);
        Assert.All(wrong, refusal => Assert.NotEmpty(refusal.Message));
    }

    [Fact]
    public void Content_reads_back_as_it_was_written()
    {
        AlertContent content = Fire with
        {
            Status = AlertStatus.Exercise, OnsetInMs = 1_000, ExpiresInMs = 5_000_123, Polygon = [(0.00001, -5.5), (0, 6), (1, 6), (0.00001, -5.5)], AreaDescription = "Là-bas",
            Circle = new CapCircle(new CapPoint(47.32m, -0.00001m), 0.25m), Scope = AlertScope.Private, Addresses = ["ops@city.example", "the mayor"],
        };
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            content.Write(json);
        }

        List<Refusal> wrong = [];
        using JsonDocument document = JsonDocument.Parse(bytes.WrittenMemory);
        AlertContent back = AlertContent.Read(document.RootElement, [], wrong);
        Assert.Empty(wrong);
        Assert.Equal(content.Polygon, back.Polygon);
        Assert.Equal(content.Addresses, back.Addresses);
        Assert.Equal((content.Circle, content.Scope), (back.Circle, back.Scope));
        Assert.Equal(content.Texts, back.Texts);
        Assert.Equal(content.Categories, back.Categories);
        Assert.Equal((content.Status, content.OnsetInMs, content.ExpiresInMs, content.AreaDescription), (back.Status, back.OnsetInMs, back.ExpiresInMs, back.AreaDescription));
    }

    [Fact]
    public void A_private_alert_in_a_circle_is_CAP_through_its_whole_life()
    {
        AreaStory story = new(Rules);
        story.Obey(Centre, Issue(Fire with { Circle = new CapCircle(new CapPoint(47.32m, 5.03m), 1.5m), Scope = AlertScope.Private, Addresses = ["ops@city.example", "the mayor"] }));
        story.Obey(Centre, Acknowledge(story.Alerts[^1].Id));
        story.Obey(Centre, Cancel(story.Alerts[^1].Id));

        Assert.Equal(3, story.Alerts.Count);
        Assert.All(story.Alerts, alert =>
        {
            CapWriting writing = CapWriter.Write(CapFromAlert.Of(alert));
            Assert.Null(CapConformance.SchemaFault(writing.Bytes!));
            CapAlert read = CapReader.Read(writing.Bytes!).Alert!;
            Assert.Equal((AlertScope.Private, null, "47.32,5.03 1.5"), (read.Scope, read.Restriction, Assert.Single(read.Infos[0].Areas[0].Circles).ToString()));
            Assert.Equal(["ops@city.example", "the mayor"], read.Addresses);

            // The whole area's outline and codes would make the place the whole area again.
            Assert.Empty(read.Infos[0].Areas[0].Polygons);
            Assert.Equal(["streams-area"], read.Infos[0].Areas[0].Geocodes.Select(code => code.Name));
        });
    }

    [Fact]
    public void What_CAP_or_the_clock_has_against_it_is_told_all_at_once()
    {
        AlertContent content = Fire with { ExpiresInMs = AreaStory.Start - 1, Texts = [new AlertText("en", "a\u0001b", "h", "d", "")] };
        IReadOnlyList<Refusal> wrong = IssuedAlert.Check(content, Centre, Rules, AreaStory.Start);
        Assert.Equal(["bad_time", "cap_not_writable"], wrong.Select(refusal => refusal.Reason));
        Assert.Equal("bad_time", Assert.Single(IssuedAlert.Check(Fire with { ExpiresInMs = AreaStory.Start + (31 * 86_400_000L) }, Centre, Rules, AreaStory.Start)).Reason);
        Assert.Empty(IssuedAlert.Check(Fire, Centre, Rules, AreaStory.Start));
    }

    [Fact]
    public void Only_an_area_that_was_given_orders_is_written_in_the_new_form()
    {
        var story = new AreaStory(Rules);
        Stick(story, "a");
        Assert.Equal(4, FirstByte(story));
        story.Obey(Centre, Acknowledge(story.Alerts[0].Id));
        Assert.Equal(5, FirstByte(story));

        static byte FirstByte(AreaStory story)
        {
            var bytes = new ArrayBufferWriter<byte>();
            story.Areas[Centre].Save(bytes);
            return bytes.WrittenSpan[0];
        }
    }

    [Fact]
    public void No_bytes_whatever_make_reading_an_order_throw()
    {
        var chance = new Random(7);
        var bytes = new ArrayBufferWriter<byte>();
        Issue(Fire).Write(bytes);
        for (int i = 0; i < 2_000; i++)
        {
            byte[] damaged = bytes.WrittenSpan.ToArray();
            for (int j = chance.Next(1, 4); j > 0; j--)
            {
                damaged[chance.Next(damaged.Length)] = (byte)chance.Next(256);
            }

            var attributes = default(CloudEventAttributes);
            attributes.Take("specversion"u8, "1.0"u8);
            attributes.Take("id"u8, "x"u8);
            attributes.Take("source"u8, "/t"u8);
            attributes.Take("type"u8, Encoding.UTF8.GetBytes(new[] { "issue", "update", "cancel", "acknowledge", "other" }.Select(each => AreaOrder.TypePrefix + each).ElementAt(i % 5)));
            bool isOrder = AreaOrder.TryRead(damaged.AsSpan(0, chance.Next(damaged.Length + 1)), attributes, out AreaOrder? order, out Refusal? refusal);
            Assert.Equal(isOrder, refusal is null);
            Assert.Equal(isOrder, order is not null);
        }
    }
}
