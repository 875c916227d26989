using System.Globalization;
using System.Text.Json;
using Streams.Chaos.Load;
using Streams.Node.Api.Endpoints;
using Streams.Runtime;

namespace Streams.Chaos.Cluster;

/// <summary>A node of the cluster under test, over all its lives: one process after the other.</summary>
internal sealed class ClusterNode(string name, string bootstrapServers, Func<string, string> connectionString, string folder) : IDisposable
{
    private static readonly TimeSpan s_becomesReadyWithin = TimeSpan.FromSeconds(60);

    /// <summary>Exit status of a process that SIGKILL ended: 128 and the signal.</summary>
    private const int Killed = 137;

    private StreamsProcess? _process;
    private int _lives;
    private string? _armed;

    public string Name { get; } = name;

    /// <summary>As its database connections are named: the node and the number of its life.</summary>
    public string Life => string.Create(CultureInfo.InvariantCulture, $"{Name}#{_lives}");

    /// <summary>A fault has it now, and others leave it alone.</summary>
    public bool IsTaken { get; set; }

    /// <summary>Its process is to run: when it ends all the same, nobody wanted that.</summary>
    public bool IsToRun { get; private set; }

    public bool IsStopped { get; private set; }

    /// <summary>There is a reading about that ends its process, which is then no unwanted end.</summary>
    public bool MeetsPoison { get; set; }

    /// <summary>Times it died of one.</summary>
    public int Poisonings { get; private set; }

    public bool Runs => _process is { HasExited: false };

    public long MostMemoryInBytes { get; private set; }

    /// <summary>Times it ended at its start, for something it needs was away.</summary>
    public int StartsRefused { get; private set; }

    /// <summary>How its lives ended that nobody had ended, with the last it said.</summary>
    public List<string> UnwantedEnds { get; } = [];

    /// <summary>What its processes called critical.</summary>
    public List<string> Critical { get; } = [];

    /// <param name="crashAt">Crash point at which it is to die; see <see cref="CrashPoint"/>.</param>
    public void Start(string? crashAt = null, IReadOnlyDictionary<string, string>? more = null)
    {
        End();
        _lives++;
        _armed = crashAt;
        Dictionary<string, string> environment = new(more ?? new Dictionary<string, string>())
        {
            [CrashPoint.PoisonVariable] = $"throw:{TestCity.Throwing},kill:{TestCity.Deadly}",
            ["STREAMS__STORE__KIND"] = "postgres",
            ["STREAMS__STORE__CONNECTIONSTRING"] = connectionString(Life),
            // One node a core is what production has; here three share the cores of one machine.
            ["DOTNET_gcServer"] = "0",
            ["DOTNET_TieredPGO"] = "0",
        };
        if (crashAt is not null)
        {
            environment[CrashPoint.Variable] = crashAt;
        }

        _process = StreamsProcess.Node(
            Name, bootstrapServers, Path.Combine(folder, Name), environment, Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Name}-{_lives}.log")));
        IsToRun = crashAt is null;
    }

    public Task BecomesReadyAsync() => _process!.BecomesReadyAsync(s_becomesReadyWithin);

    /// <summary>Whether it is ready now.</summary>
    public async Task<bool> IsReadyAsync() => _process is { HasExited: false } running && await running.StatusOfAsync("/health/ready") == System.Net.HttpStatusCode.OK;

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        IsToRun = IsStopped = false;
        _process?.Kill();
    }

    /// <summary>SIGTERM: it writes, publishes and gives back what it has, and ends.</summary>
    public void Terminate() => Ask(Signals.Terminate);

    /// <summary>Its exit status; null where it has not ended in time.</summary>
    public async Task<int?> EndsAsync(TimeSpan within) => _process is null ? 0 : await _process.EndsAsync(within) ? _process.ExitCode : null;

    /// <summary>SIGSTOP: to others it is dead, and itself it knows of no time that passes.</summary>
    public void Freeze()
    {
        IsStopped = true;
        Signals.Send(_process!.Id, Signals.Stop);
    }

    public void Thaw()
    {
        IsStopped = false;
        if (Runs)
        {
            Signals.Send(_process!.Id, Signals.Continue);
        }
    }

    /// <summary>Next offset to be read of each shard it runs; null while it does not answer.</summary>
    public async Task<Dictionary<ShardId, long>?> PositionsAsync()
    {
        if (!Runs || IsStopped || await _process!.GetAsync("/api/v1/cluster?of=this") is not { } cluster)
        {
            return null;
        }

        return ClusterEndpoints.ReadRunning(cluster).ToDictionary(shard => shard.Shard, shard => shard.Position);
    }

    /// <summary>Of its API, in the life it has now.</summary>
    public Uri Address => _process!.Address;

    public Task<JsonElement?> GetAsync(string path) => _process!.GetAsync(path);

    public Task<System.Net.HttpStatusCode> PostAsync(string path, string json) => _process!.PostAsync(path, json);

    /// <summary>Notes what memory it takes, and an end that nobody wanted; such a node is started again.</summary>
    public void Look()
    {
        if (!Runs)
        {
            if (IsToRun)
            {
                // Without database or broker a node does not start, and says so; whoever runs it tries again.
                if (_process!.ExitCode == 1 && _process.Said.Contains("could not start", StringComparison.Ordinal))
                {
                    StartsRefused++;
                }
                else if (MeetsPoison && _process.ExitCode == Killed)
                {
                    Poisonings++;
                }
                else
                {
                    UnwantedEnds.Add($"{Life} ended with status {_process.ExitCode}. It said: {LastSaid}");
                }

                Start();
            }

            return;
        }

        string status = $"/proc/{_process!.Id}/status";
        if (File.Exists(status) && Array.Find(File.ReadAllLines(status), line => line.StartsWith("VmHWM:", StringComparison.Ordinal)) is { } most)
        {
            MostMemoryInBytes = Math.Max(MostMemoryInBytes, long.Parse(most.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024);
        }
    }

    /// <summary>The last it said.</summary>
    public string LastSaid => string.Join(" | ", _process!.Said.Split('\n').TakeLast(12));

    public void Dispose() => End();

    private void Ask(int signal)
    {
        IsToRun = false;
        if (Runs)
        {
            Signals.Send(_process!.Id, signal);
        }
    }

    private void End()
    {
        IsToRun = IsStopped = false;
        if (_process is null)
        {
            return;
        }

        _process.Kill();
        Critical.AddRange(_process.Said.Split('\n').Where(IsCritical).Select(line => $"{Life}: {line.Trim()}"));
        _process.Dispose();
        _process = null;
    }

    /// <summary>Kafka's client calls critical what makes its node take a new one.</summary>
    private bool IsCritical(string line) =>
        (line.Contains(" critical: ", StringComparison.Ordinal) && !line.Contains("Kafka client", StringComparison.Ordinal)) || (_armed is null && line.Contains("Unhandled exception", StringComparison.Ordinal));
}
