using Streams.Chaos.Truth;

namespace Streams.Chaos.Checks;

/// <summary>I8: every refused record is one dead letter with its reason, place and bytes, and nothing else is; and all are counted.</summary>
internal sealed class DeadLetterChecks(CityModel model, PublishedFacts facts, Violations violations)
{
    public int DeadLetters { get; private set; }

    /// <param name="counted">Refusals by reason as the shards have counted them.</param>
    /// <param name="listed">Dead letters in the read model.</param>
    public void Check(IReadOnlyDictionary<string, long> counted, long listed)
    {
        DeadLetters = model.Refusals.Count;
        foreach ((string id, Refused expected) in model.Refusals)
        {
            if (!facts.DeadLetters.TryGetValue(id, out DeadLetter? was))
            {
                violations.Add("I8", id, "no dead letter", $"one for {expected.Reason}");
            }
            else if (was.Reason != expected.Reason || was.Field != expected.Field || was.Origin != id || was.Print != expected.Print)
            {
                violations.Add("I8", id, $"{was.Reason} of '{was.Field}' from {was.Origin}", $"{expected.Reason} of '{expected.Field}' with the very bytes", was.Place);
            }
        }

        foreach (string id in facts.DeadLetters.Keys.Where(id => !model.Refusals.ContainsKey(id)))
        {
            violations.Add("I8", id, $"a dead letter for {facts.DeadLetters[id].Reason}", "the record was to be taken", facts.DeadLetters[id].Place);
        }

        foreach (string reason in model.RefusedByReason.Keys.Union(counted.Keys))
        {
            long was = counted.GetValueOrDefault(reason);
            long expected = model.RefusedByReason.GetValueOrDefault(reason);
            if (was != expected)
            {
                violations.Add("I8", $"refusals for {reason}", $"{was} counted", $"{expected}");
            }
        }

        if (listed != model.Refusals.Count)
        {
            violations.Add("I8", "read model", $"{listed} dead letters", $"{model.Refusals.Count}");
        }
    }
}
