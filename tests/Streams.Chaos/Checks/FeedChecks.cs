using Streams.Chaos.Truth;

namespace Streams.Chaos.Checks;

/// <summary>
/// I13: what lies in the log of alerts reaches those outside who have asked for it. Each webhook has each state at least once and the states of an alert in their order; the stream's client, which
/// came back to another node with its last id each time that one went, has heard each alert's records as they lie in the log, no more and no fewer. Nobody has what nobody said.
/// </summary>
internal sealed class FeedChecks(PublishedFacts facts, IReadOnlyList<AlertReceiver> receivers, AlertListener listener, Violations violations)
{
    /// <summary>States that webhooks have, over all of them.</summary>
    public int Brought { get; private set; }

    /// <summary>Records that the stream's client has.</summary>
    public int Streamed { get; private set; }

    /// <summary>Records that lie in the log twice, and so were heard twice.</summary>
    public int StreamedAgain { get; private set; }

    public int BroughtAgain => receivers.Sum(receiver => receiver.Ears.Count) - Brought;

    /// <summary>From the log to the webhook, the slowest of those alerts that the endpoint took each time.</summary>
    public TimeSpan LongestToWebhook { get; private set; }

    /// <summary>Which that was.</summary>
    public string Slowest { get; private set; } = "";

    public bool IsComplete()
    {
        int said = States(facts.AlertRecords);
        return listener.Ears.Count >= facts.AlertRecords.Count && receivers.All(receiver => States(receiver.Ears) >= said);
    }

    /// <summary>What is still to come, in words.</summary>
    public string Missing() =>
        $"the log has {facts.AlertRecords.Count} records of {States(facts.AlertRecords)} states; the stream's client heard {listener.Ears.Count}, the webhooks have {string.Join(", ", receivers.Select(receiver => States(receiver.Ears)))}";

    public void Check()
    {
        Dictionary<string, HeardState[]> said = facts.AlertRecords.All(), streamed = listener.Ears.All();
        receivers.ToList().ForEach(receiver => CheckWebhook(receiver, said));
        foreach (string wrong in listener.Ears.Wrong)
        {
            violations.Add("I13", "the stream", wrong, "goes on on any node");
        }

        foreach (string alert in said.Keys.Union(streamed.Keys))
        {
            CheckStream(alert, said.GetValueOrDefault(alert, []), streamed.GetValueOrDefault(alert, []));
        }
    }

    private static int States(AlertEars ears) => ears.All().Values.Sum(states => states.DistinctBy(state => state.Print).Count());

    private void CheckWebhook(AlertReceiver receiver, Dictionary<string, HeardState[]> said)
    {
        foreach (string wrong in receiver.Ears.Wrong)
        {
            violations.Add("I13", receiver.Name, wrong, "a signed alert");
        }

        Dictionary<string, HeardState[]> brought = receiver.Ears.All();
        foreach (string alert in said.Keys.Union(brought.Keys))
        {
            CheckWebhook(receiver, alert, [.. said.GetValueOrDefault(alert, []).DistinctBy(state => state.Print)], brought.GetValueOrDefault(alert, []));
        }
    }

    private void CheckWebhook(AlertReceiver receiver, string alert, HeardState[] said, HeardState[] brought)
    {
        HeardState[] first = [.. brought.DistinctBy(state => state.Print)];
        Brought += first.Length;
        if (!first.Select(state => state.Print).SequenceEqual(said.Select(state => state.Print)))
        {
            violations.Add("I13", $"{receiver.Name}, alert {alert}", "states " + Words(brought), $"each once at least, and first in this order: {Words(said)}");
            return;
        }

        foreach ((HeardState from, HeardState to) in said.Zip(first))
        {
            TimeSpan took = TimeSpan.FromMilliseconds(to.AtInMs - from.AtInMs);
            if (took > LongestToWebhook && receiver.WasGoodTo(alert))
            {
                (LongestToWebhook, Slowest) = (took, $"{receiver.Name}, {alert}, state {from.Revision}, in the log {DateTimeOffset.FromUnixTimeMilliseconds(from.AtInMs):HH:mm:ss.fff}");
            }
        }
    }

    private void CheckStream(string alert, HeardState[] said, HeardState[] streamed)
    {
        Streamed += streamed.Length;
        StreamedAgain += streamed.Length - streamed.DistinctBy(state => state.Print).Count();
        if (!streamed.Select(state => state.Print).SequenceEqual(said.Select(state => state.Print)))
        {
            violations.Add("I13", $"stream, alert {alert}", "states " + Words(streamed), $"as they lie in the log: {Words(said)}");
        }
    }

    private static string Words(HeardState[] states) => string.Join(' ', states.Select(state => $"{state.Revision}"));
}
