namespace Streams.Benchmarks.WholePath;

/// <summary>One step of the path, measured once.</summary>
/// <param name="Readings">Readings handled between start and stop of <paramref name="Usage"/>.</param>
/// <param name="More">Further figures by name.</param>
internal sealed record StepResult(long Readings, Usage Usage, SortedDictionary<string, double> More)
{
    public double ReadingsPerSecond => Readings / Usage.Seconds;

    public double CpuInMicros => Usage.CpuInSeconds * 1e6 / Readings;

    public double BrokerCpuInMicros => Usage.BrokerCpuInSeconds * 1e6 / Readings;

    public double AllocatedInBytes => (double)Usage.AllocatedInBytes / Readings;
}

/// <summary>What a step works on.</summary>
/// <param name="BrokerProcess">Id of the broker's process.</param>
/// <param name="Stores">PostgreSQL databases for the warm-up and for the measurement; nulls for SQLite.</param>
/// <param name="Run">Keeps topics and groups of one run apart from those of others.</param>
internal sealed record StepInput(string BootstrapServers, int BrokerProcess, string Topic, int Partitions, Workload Workload, string?[] Stores, int Workers, string Run)
{
    /// <summary>Part of the readings that a warm-up goes through: about a second of work.</summary>
    public int WarmUpReadings => Workload.Count / 5;
}
