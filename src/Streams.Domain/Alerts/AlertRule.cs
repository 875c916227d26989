using System.Collections.Immutable;

namespace Streams.Domain.Alerts;

/// <summary>When an area speaks up and what it says. Written for kinds of sensors, never for a place.</summary>
public sealed record AlertRule
{
    /// <summary>Lower-case words with hyphens; part of alert ids, so renaming a rule makes its alerts new ones.</summary>
    public required string Id { get; init; }

    public required AlertCondition Condition { get; init; }

    /// <summary>
    /// Not worth an alert: nobody is told but the desk of the city, whose playbook for it controls the city's systems as on any day.
    /// </summary>
    public bool IsEveryday { get; init; }

    /// <summary>Ascending in severity; at least one.</summary>
    public required ImmutableArray<SeverityStep> Steps { get; init; }

    /// <summary>True if the measure alarms when it falls below the steps, false when it rises above.</summary>
    public bool Below { get; init; }

    /// <summary>Device types; empty for every type. Types are looked at separately.</summary>
    public ImmutableArray<string> Types { get; init; } = [];

    /// <summary>Areas in which the rule itself is evaluated. Parents hear of their children's conditions in any case.</summary>
    public AreaLevels Levels { get; init; } = AreaLevels.Leaf;

    /// <summary>How long the condition must hold, in event time, before the alert is raised.</summary>
    public TimeSpan For { get; init; }

    /// <summary>How long it must be over before the alert is cleared.</summary>
    public TimeSpan ClearAfter { get; init; }

    /// <summary>After clearing, the same condition raises no new alert for this long, unless it lasts longer or is more severe.</summary>
    public TimeSpan CoolDown { get; init; }

    /// <summary>An alert that nothing confirms for this long expires.</summary>
    public TimeSpan ExpiresAfter { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a child area waits for its parent's alert to speak for it before it raises its own. Zero for what can not wait.</summary>
    public TimeSpan Settle { get; init; }

    /// <summary>New evidence without a new severity is published at most this often.</summary>
    public TimeSpan UpdateEvery { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>When so many child areas have the condition at once, their parent raises one alert in their place. 0 for never.</summary>
    public int MinChildren { get; init; } = 2;

    /// <summary>And so many of the child areas that have devices of the type, 0 to 1: two districts of twenty are not yet the city.</summary>
    public double MinChildrenShare { get; init; }

    public ImmutableArray<AlertCategory> Categories { get; init; } = [AlertCategory.Other];

    public ImmutableArray<AlertResponse> Responses { get; init; } = [AlertResponse.Monitor];

    public AlertUrgency Urgency { get; init; } = AlertUrgency.Expected;

    public AlertCertainty Certainty { get; init; } = AlertCertainty.Observed;

    public AlertScope Scope { get; init; } = AlertScope.Public;

    /// <summary>At least one; the first is the main language. Said wherever no city says what it speaks.</summary>
    public required ImmutableArray<AlertText> Texts { get; init; }

    /// <summary>Further languages, none of them in <see cref="Texts"/>: said only in the cities that speak them.</summary>
    public ImmutableArray<AlertText> Translations { get; init; } = [];

    public bool AppliesTo(string type) => Types.IsEmpty || Types.Contains(type);

    /// <summary>The texts in these languages and in this order; all of <see cref="Texts"/> where it has none of them, as where none is named.</summary>
    internal IReadOnlyList<AlertText> TextsIn(ImmutableArray<string> languages)
    {
        AlertText[] spoken = [.. languages.SelectMany(language => Texts.Concat(Translations).Where(text => text.Language == language))];
        return spoken.Length > 0 ? spoken : Texts;
    }

    /// <summary>The highest step that the measure is beyond, or -1.</summary>
    internal int RaisedStep(double measure)
    {
        for (int i = Steps.Length - 1; i >= 0; i--)
        {
            if (Below ? measure <= Steps[i].Raise : measure >= Steps[i].Raise)
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>The highest step that still holds once it was raised, or -1: beyond its clearing limit.</summary>
    internal int HeldStep(double measure)
    {
        for (int i = Steps.Length - 1; i >= 0; i--)
        {
            if (Below ? measure < Steps[i].Clear : measure > Steps[i].Clear)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>A severity and its limits: reached at <paramref name="Raise"/> (or beyond), left when the measure is back at <paramref name="Clear"/>.</summary>
public readonly record struct SeverityStep(AlertSeverity Severity, double Raise, double Clear);

/// <summary>Words of an alert in one language. Braces are filled in: see <see cref="AlertWording"/> for the names.</summary>
/// <param name="Language">RFC 5646, such as <c>en</c> or <c>fr-FR</c>.</param>
public sealed record AlertText(string Language, string Event, string Headline, string Description, string Instruction);

/// <summary>Where in the tree a rule is evaluated.</summary>
[Flags]
public enum AreaLevels : byte
{
    None = 0,

    /// <summary>Areas that have devices themselves.</summary>
    Leaf = 1,

    /// <summary>Areas between a leaf and the root.</summary>
    Parent = 2,

    /// <summary>The city as a whole.</summary>
    Root = 4,
}
