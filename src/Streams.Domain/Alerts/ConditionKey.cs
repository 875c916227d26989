namespace Streams.Domain.Alerts;

/// <summary>What an area tells apart: a rule, the device type it was met for, and the metric where a rule looks at each metric by itself (else empty).</summary>
public readonly record struct ConditionKey(string Rule, string Type, string Metric);
