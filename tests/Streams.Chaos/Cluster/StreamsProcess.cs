using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Streams.Chaos.Cluster;

/// <summary>The <c>streams</c> executable in a process of its own, as an operator starts it. Killed when it is disposed of.</summary>
public sealed class StreamsProcess : IDisposable
{
    /// <summary>Lines kept in memory: the first and the last of a process that has much to say are elsewhere, in its file.</summary>
    private const int MostLines = 2_000;

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly HttpClient _http;
    private readonly TextWriter? _file;

    private StreamsProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, int port, string? file)
    {
        ProcessStartInfo start = new("dotnet", ["exec", Path.Combine(AppContext.BaseDirectory, "streams.dll"), .. arguments, "--port", $"{port}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = AppContext.BaseDirectory,
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        _file = file is null ? null : TextWriter.Synchronized(new StreamWriter(file) { AutoFlush = true });
        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(5) };
        Descriptors.KeepFromChildren();
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Note(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                _file?.WriteLine(line.Data);
                _said.Enqueue(line.Data);
                if (_said.Count > MostLines)
                {
                    _said.TryDequeue(out _);
                }
            }
        }
    }

    /// <summary>Of its API.</summary>
    public Uri Address => _http.BaseAddress!;

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>What it wrote so far, to either stream.</summary>
    public string Said => string.Join(Environment.NewLine, _said);

    /// <param name="file">What the process writes goes here too.</param>
    public static StreamsProcess Start(IReadOnlyDictionary<string, string> environment, IEnumerable<string> arguments, string? file = null) =>
        new(arguments, environment, FreePort(), file);

    /// <summary>One node of a cluster.</summary>
    public static StreamsProcess Node(string name, string bootstrapServers, string dataFolder, IReadOnlyDictionary<string, string> more, string? file = null) => Start(
        new Dictionary<string, string>(more)
        {
            ["STREAMS__NAME"] = name,
            ["STREAMS__KAFKA__BOOTSTRAPSERVERS"] = bootstrapServers,
            // The shortest that the embedded broker's groups bear. Moving a killed node's partitions takes about twice as long.
            ["STREAMS__KAFKA__SESSIONTIMEOUT"] = "4s",
        },
        ["node", "--data", dataFolder],
        file);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It ended by itself meanwhile.
        }
    }

    /// <summary>Whether it has ended, in time.</summary>
    public async Task<bool> EndsAsync(TimeSpan within)
    {
        using CancellationTokenSource deadline = new(within);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <exception cref="TimeoutException">It still runs.</exception>
    public async Task<int> ExitStatusAsync(TimeSpan within) => await EndsAsync(within)
        ? _process.ExitCode
        : throw new TimeoutException($"Still running after {within.TotalSeconds:0} s. It said:{Environment.NewLine}{Said}");

    public async Task<HttpStatusCode?> StatusOfAsync(string path)
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(path);
            return answer.StatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    /// <summary>The JSON at a path; null while there is no answer or no such thing.</summary>
    public async Task<JsonElement?> GetAsync(string path)
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(path);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using JsonDocument json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync());
            return json.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or IOException)
        {
            return null;
        }
    }

    public async Task<HttpStatusCode> PostAsync(string path, string json)
    {
        using StringContent body = new(json, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(path, body);
        return answer.StatusCode;
    }

    /// <exception cref="TimeoutException">It is not ready in time.</exception>
    public Task BecomesReadyAsync(TimeSpan within) => Eventually.Is(
        "ready", within, async () => HasExited || await StatusOfAsync("/health/ready") == HttpStatusCode.OK, () => $"It said:{Environment.NewLine}{Said}");

    public void Dispose()
    {
        Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
        _file?.Dispose();
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
