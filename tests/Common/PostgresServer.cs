using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Streams.Tests;

/// <summary>
/// A PostgreSQL of the tests' own: a fresh cluster in a temporary folder on a free port of 127.0.0.1, made from the binaries installed
/// here. It ends with the process that started it, even when that is killed: its shell waits on a pipe that only this process holds open.
/// </summary>
internal sealed partial class PostgresServer : IDisposable
{
    /// <summary>A commit does not wait for the disk: tests end processes, not machines.</summary>
    private const string Quick = "-F -c shared_buffers=64MB";

    /// <summary>As an operator would run it: a commit is on the disk.</summary>
    private const string Durable = "-c shared_buffers=512MB -c max_wal_size=4GB -c wal_compression=on";

    private static readonly Lazy<PostgresServer?> Started = new(() => FindBinaries() is { } binaries ? new PostgresServer(binaries, Quick) : null);
    private static int _databases;

    private readonly string _binaries;
    private readonly Process _shell;
    private readonly int _port;

    private PostgresServer(string binaries, string settings)
    {
        _binaries = binaries;
        _port = FreePort();
        Folder = Directory.CreateTempSubdirectory("streams-postgres-").FullName;

        // initdb refuses to run as root, so the shell that does all of it runs as the user the package made.
        bool asPostgres = Environment.UserName == "root";
        if (asPostgres)
        {
            Run("chown", "postgres", Folder);
        }

        string script = $$"""
            set -e; cd '{{Folder}}'
            trap '{{binaries}}/pg_ctl -D data -m immediate stop >stop.log 2>&1 </dev/null; cd /; rm -rf "{{Folder}}"' EXIT
            trap exit HUP INT TERM
            '{{binaries}}/initdb' -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log; exit 1; }
            '{{binaries}}/pg_ctl' -D data -w -l server.log -o '-p {{_port}} -h 127.0.0.1 -k {{Folder}} -c max_connections=100 {{settings}}' start >start.log 2>&1 </dev/null || { cat start.log server.log; exit 1; }
            echo ready; cat >/dev/null
            """;
        ProcessStartInfo start = asPostgres ? new("runuser", ["-u", "postgres", "--", "sh", "-c", script]) : new("sh", ["-c", script]);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        start.WorkingDirectory = Folder;
        _shell = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        string? answer = _shell.StandardOutput.ReadLine();
        if (answer != "ready")
        {
            throw new InvalidOperationException($"PostgreSQL did not start: {answer}{Environment.NewLine}{_shell.StandardOutput.ReadToEnd()}");
        }
    }

    /// <summary>Holds the cluster's data and logs; gone with the server.</summary>
    public string Folder { get; }

    /// <summary>The one server of this process, started at its first use; null where PostgreSQL is not installed.</summary>
    public static PostgresServer? Installed => Started.Value;

    /// <summary>A server that measures may be taken on; null where PostgreSQL is not installed.</summary>
    public static PostgresServer? StartDurable() => FindBinaries() is { } binaries ? new PostgresServer(binaries, Durable) : null;

    /// <summary>A new, empty database.</summary>
    /// <returns>Its connection string, over TCP, as Npgsql takes it; other processes may use it too.</returns>
    public string CreateDatabase()
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"test_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}");
        Execute("postgres", $"CREATE DATABASE {name}");
        return string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={_port};Username=postgres;Database={name}");
    }

    /// <summary>Runs SQL through psql, for what a test does behind the store's back.</summary>
    public void Execute(string database, string sql) =>
        Run(
            Path.Combine(_binaries, "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", "postgres",
            "-d", database, "-c", sql);

    public void Dispose()
    {
        try
        {
            _shell.StandardInput.Close();
            _shell.WaitForExit(10_000);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The shell is gone already, and the server with it.
        }
    }

    private static string? FindBinaries()
    {
        IEnumerable<string> folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        const string Debian = "/usr/lib/postgresql";
        if (Directory.Exists(Debian))
        {
            folders = Directory.GetDirectories(Debian).OrderByDescending(f => f, StringComparer.Ordinal).Select(f => Path.Combine(f, "bin")).Concat(folders);
        }

        return OperatingSystem.IsWindows() ? null : folders.FirstOrDefault(f => File.Exists(Path.Combine(f, "initdb")) && File.Exists(Path.Combine(f, "psql")));
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static void Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} failed: {errors}");
        }
    }
}
