using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Streams.Cluster.Tests;

/// <summary>The <c>streams</c> executable in a process of its own, as an operator starts it. Killed with the test.</summary>
internal sealed class StreamsProcess : IDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _said = new();
    private readonly HttpClient _http;

    private StreamsProcess(IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, int port)
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

        _http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(5) };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Note;
        _process.ErrorDataReceived += Note;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Note(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is not null)
            {
                _said.Enqueue(line.Data);
            }
        }
    }

    public bool HasExited => _process.HasExited;

    /// <summary>Everything it wrote so far, to either stream.</summary>
    public string Said => string.Join(Environment.NewLine, _said);

    public static StreamsProcess Start(IReadOnlyDictionary<string, string> environment, params IEnumerable<string> arguments) =>
        new(arguments, environment, FreePort());

    /// <summary>One node of a cluster.</summary>
    public static StreamsProcess Node(string name, string bootstrapServers, string dataFolder, IReadOnlyDictionary<string, string>? more = null) => Start(
        new Dictionary<string, string>(more ?? new Dictionary<string, string>())
        {
            ["STREAMS__NAME"] = name,
            ["STREAMS__KAFKA__BOOTSTRAPSERVERS"] = bootstrapServers,
            // The shortest that the embedded broker's groups bear. Moving a killed node's partitions takes about twice as long.
            ["STREAMS__KAFKA__SESSIONTIMEOUT"] = "4s",
        },
        "node",
        "--data",
        dataFolder);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public void Kill() => _process.Kill();

    public async Task<int> ExitStatusAsync(TimeSpan within)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(within);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"Still running after {within.TotalSeconds:0} s. It said:{Environment.NewLine}{Said}");
        }

        return _process.ExitCode;
    }

    public async Task<HttpStatusCode?> StatusOfAsync(string path)
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(path, TestContext.Current.CancellationToken);
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
            using HttpResponseMessage answer = await _http.GetAsync(path, TestContext.Current.CancellationToken);
            if (!answer.IsSuccessStatusCode)
            {
                return null;
            }

            using JsonDocument json = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
            return json.RootElement.Clone();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    public async Task<HttpStatusCode> PostAsync(string path, string json)
    {
        using StringContent body = new(json, System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _http.PostAsync(path, body, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    public Task BecomesReadyAsync(TimeSpan within) => Eventually.Is(
        "ready", within, async () => HasExited || await StatusOfAsync("/health/ready") == HttpStatusCode.OK, () => $"It said:{Environment.NewLine}{Said}");

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
        _http.Dispose();
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
