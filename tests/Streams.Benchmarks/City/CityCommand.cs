using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;

namespace Streams.Benchmarks.City;

/// <summary>
/// A whole city on one machine, as <c>streams up</c> runs it: what the process (simulator, broker, node and store) takes of the machine while
/// every device speaks at its natural interval, or so many times faster, and whether it keeps up.
/// </summary>
internal static class CityCommand
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);

    public static async Task<int> RunAsync(Options options)
    {
        string city = options.Text("city", "dijon");
        double speed = options.Number("speed", 1, 0.01, 1000);
        int settle = options.Whole("settle", 60, 1, 3600);
        int seconds = options.Whole("seconds", 60, 5, 86_400);
        string? json = options.MaybeText("json");
        options.Finish();

        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-city-");
        int port = FreePort();
        using HttpClient node = new() { BaseAddress = new Uri($"http://127.0.0.1:{port}"), Timeout = TimeSpan.FromSeconds(10) };
        ProcessStartInfo start = new(
            "dotnet",
            [
                "exec", Path.Combine(AppContext.BaseDirectory, "streams.dll"), "up", "--city", city, "--speed", speed.ToString(System.Globalization.CultureInfo.InvariantCulture),
                "--for", $"{settle + seconds + (int)StartLimit.TotalSeconds}s", "--data", folder.FullName, "--port", $"{port}", "--kafka-port", "0",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long startedAt = Stopwatch.GetTimestamp();
        using Process up = Process.Start(start)!;
        up.OutputDataReceived += (_, _) => { };
        up.BeginOutputReadLine();
        Task<string> errors = up.StandardError.ReadToEndAsync();
        try
        {
            FigureList figures = new($"city: {city} at {speed} times its natural rate, {seconds} s after {settle} s");
            while (await AskAsync(node, "/health/ready") is null)
            {
                if (up.HasExited || Stopwatch.GetElapsedTime(startedAt) > StartLimit)
                {
                    throw new InvalidOperationException($"The city did not start. It said: {(up.HasExited ? await errors : "nothing")}");
                }

                await Task.Delay(50);
            }

            figures.Add("from the start of the process to ready", Stopwatch.GetElapsedTime(startedAt).TotalSeconds, "s");
            await Task.Delay(TimeSpan.FromSeconds(settle));
            Counts before = await CountAsync(node, up);
            long mostLag = 0;
            for (int second = 0; second < seconds; second++)
            {
                await Task.Delay(TimeSpan.FromSeconds(1));
                mostLag = Math.Max(mostLag, await LagAsync(node));
            }

            Counts after = await CountAsync(node, up);
            double span = Stopwatch.GetElapsedTime(before.At, after.At).TotalSeconds;
            figures.Add("devices", after.Devices, "");
            figures.Add("readings", (after.Readings - before.Readings) / span, "/s");
            figures.Add("published", (after.Published - before.Published) / span, "records/s");
            figures.Add("CPU of the process: simulator, broker, node and store", (after.Cpu - before.Cpu) / span, "cores");
            figures.Add("memory", up.WorkingSet64 / 1e6, "MB");
            figures.Add("highest lag seen", mostLag, "records");
            figures.Add("lag at the end", await LagAsync(node), "records");
            figures.Add("store", folder.EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length) / 1e6, "MB");
            return figures.Finish(json);
        }
        finally
        {
            if (!up.HasExited)
            {
                up.Kill();
                await up.WaitForExitAsync();
            }

            folder.Delete(recursive: true);
        }
    }

    private static async Task<JsonElement?> AskAsync(HttpClient node, string path)
    {
        try
        {
            using HttpResponseMessage answer = await node.GetAsync(path);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonElement>() : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return null;
        }
    }

    private static async Task<long> LagAsync(HttpClient node) =>
        await AskAsync(node, "/api/v1/cluster") is { } cluster && cluster.GetProperty("lag").TryGetInt64(out long lag) ? lag : 0;

    private static async Task<Counts> CountAsync(HttpClient node, Process up)
    {
        Dictionary<string, double> samples = [];
        foreach (string line in (await node.GetStringAsync("/metrics")).Split('\n').Where(line => line.Length > 0 && line[0] != '#'))
        {
            int space = line.LastIndexOf(' ');
            samples[line[..space]] = double.Parse(line[(space + 1)..], System.Globalization.CultureInfo.InvariantCulture);
        }

        up.Refresh();
        return new Counts(
            Stopwatch.GetTimestamp(),
            up.TotalProcessorTime.TotalSeconds,
            samples.First(sample => sample.Key.StartsWith("streams_records_applied_total", StringComparison.Ordinal) && sample.Key.Contains("device", StringComparison.Ordinal)).Value,
            samples.Where(sample => sample.Key.StartsWith("streams_records_published_total", StringComparison.Ordinal)).Sum(sample => sample.Value),
            samples.First(sample => sample.Key.StartsWith("streams_actors{", StringComparison.Ordinal) && sample.Key.Contains("device", StringComparison.Ordinal)).Value);
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private sealed record Counts(long At, double Cpu, double Readings, double Published, double Devices);
}
