using Streams.Chaos.Truth;

namespace Streams.Chaos.Checks;

/// <summary>I8: every refused record is one dead letter with its reason, place and bytes, and nothing else is; and all are listed for operators.</summary>
internal sealed class DeadLetterChecks(CityModel model, PublishedFacts facts, Violations violations)
{
    public int DeadLetters { get; private set; }

    /// <param name="listed">Dead letters in the read model, by reason.</param>
    public void Check(IReadOnlyDictionary<string, long> listed)
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

        foreach (string reason in model.RefusedByReason.Keys.Union(listed.Keys))
        {
            long was = listed.GetValueOrDefault(reason);
            long expected = model.RefusedByReason.GetValueOrDefault(reason);
            if (was != expected)
            {
                violations.Add("I8", $"read model, {reason}", $"{was} listed", $"{expected}");
            }
        }
    }
}
