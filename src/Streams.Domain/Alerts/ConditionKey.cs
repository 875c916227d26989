namespace Streams.Domain.Alerts;

/// <summary>What an area tells apart: a rule and the device type it was met for; no type where a rule names several, which make one alert.</summary>
/// <param name="Metric">Empty: no rule looks at each metric by itself. Kept, for it is in stored states.</param>
public readonly record struct ConditionKey(string Rule, string Type, string Metric);
