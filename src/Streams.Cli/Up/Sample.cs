using System.Globalization;
using Streams.Cli.Output;

namespace Streams.Cli.Up;

/// <summary>What a simulated city says of itself, for whoever shows it.</summary>
/// <param name="Title">For people, such as "Dijon".</param>
/// <param name="Time">The city's present time.</param>
/// <param name="Speed">Seconds of the city's time in a second.</param>
/// <param name="Running">Scenarios that run now, as "flood in dijon/chenove".</param>
/// <param name="Startable">Names of scenarios that can be started, those that show something soonest first: a newcomer is advised to try the first.</param>
internal sealed record SimulationFacts(string Title, DateTimeOffset Time, double Speed, IReadOnlyList<string> Running, IReadOnlyList<string> Startable);

/// <summary>Devices of one domain, such as air, by how they are.</summary>
internal sealed record DomainCount(string Domain, long Ok, long Anomalous, long Silent)
{
    public long All => Ok + Anomalous + Silent;
}

/// <summary>From the last value that an alert rests on to the moment it was said.</summary>
internal sealed record AlertDelay(TimeSpan Median, TimeSpan Slowest, int Alerts);

/// <summary>What a node shows of itself at one moment.</summary>
internal sealed record Sample
{
    public TimeSpan Up { get; init; }

    /// <summary>Readings applied since the start.</summary>
    public long Readings { get; init; }

    /// <summary>Since the sample before.</summary>
    public double ReadingsPerSecond { get; init; }

    /// <summary>The rates of the last minutes, the newest last.</summary>
    public IReadOnlyList<double> Rates { get; init; } = [];

    /// <summary>Readings in Kafka that were not yet applied.</summary>
    public long Lag { get; init; }

    /// <summary>Processor cores that this process uses, lately.</summary>
    public double CoresUsed { get; init; }

    public long MemoryInBytes { get; init; }

    public IReadOnlyList<DomainCount> Domains { get; init; } = [];

    public long Areas { get; init; }

    public long Anomalies { get; init; }

    public long DeadLetters { get; init; }

    /// <summary>Active alerts, the severest first.</summary>
    public IReadOnlyList<(string Severity, int Count)> ActiveBySeverity { get; init; } = [];

    /// <summary>Areas with active alerts by the worst of them, the worst first.</summary>
    public IReadOnlyList<(string Area, string Severity)> WorstAreas { get; init; } = [];

    /// <summary>The alerts that were said last, newest first.</summary>
    public IReadOnlyList<AlertLine> Newest { get; init; } = [];

    /// <summary>Null while no alert was said lately whose values are of the present.</summary>
    public AlertDelay? Delay { get; init; }

    /// <summary>Null where no simulated city runs.</summary>
    public SimulationFacts? Simulation { get; init; }

    public long Devices => Domains.Sum(domain => domain.All);

    public string Active => ActiveBySeverity.Count == 0 ? "none" : string.Join(", ", ActiveBySeverity.Select(each => string.Create(CultureInfo.InvariantCulture, $"{each.Count} {each.Severity}")));

    /// <summary>The figures on one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Readings:#,0} readings, {ReadingsPerSecond:#,0}/s, lag {Lag:#,0}; {Devices:#,0} devices in {Areas:#,0} areas; {Anomalies:#,0} anomalies; {DeadLetters:#,0} dead letters; alerts: {Active}");
}
