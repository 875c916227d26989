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

    /// <summary>Small files, so that a small disk holds it: for tests that fill it.</summary>
    private const string Small = Quick + " -c max_wal_size=96MB -c min_wal_size=32MB -c wal_keep_size=0";

    private static readonly Lazy<PostgresServer?> Started = new(() => FindBinaries() is { } binaries ? new PostgresServer(binaries, Quick) : null);
    /// <summary>How its shell says that an order was carried out.</summary>
    private const string Done = "done";

    private static int _databases;

    private readonly string _binaries;
    private readonly Process _shell;
    private readonly int _port;

    /// <param name="log">Where the server writes what it has to say; null for its folder.</param>
    /// <param name="diskInMb">0 for as much as the folder's disk has; otherwise it lives on a disk in memory of this size, which only it sees.</param>
    private PostgresServer(string binaries, string settings, string? log = null, int diskInMb = 0)
    {
        _binaries = binaries;
        _port = FreePort();
        HasOwnDisk = diskInMb > 0;
        Folder = Directory.CreateTempSubdirectory("streams-postgres-").FullName;
        string serverLog = log ?? Path.Combine(Folder, "server.log");

        // initdb refuses to run as root, so the shell that does all of it runs as the user the package made.
        bool asPostgres = Environment.UserName == "root";
        if (asPostgres)
        {
            File.AppendAllText(serverLog, "");
            Run("chown", "postgres", Folder, serverLog);
        }

        string script = $$"""
            set -e; cd '{{Folder}}'
            trap '{{binaries}}/pg_ctl -D data -m immediate stop >stop.log 2>&1 </dev/null; cd /; rm -rf "{{Folder}}" 2>/dev/null' EXIT
            trap exit HUP INT TERM
            '{{binaries}}/initdb' -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 || { cat initdb.log; exit 1; }
            up() { '{{binaries}}/pg_ctl' -D data -w -l '{{serverLog}}' -o '-p {{_port}} -h 127.0.0.1 -k {{Folder}} -c max_connections=100 {{settings}}' start >start.log 2>&1 </dev/null; }
            up || { cat start.log '{{serverLog}}'; exit 1; }
            echo {{Done}}
            while read -r order; do
              case "$order" in
                start) up || true ;;
                fill) cat /dev/zero >ballast 2>/dev/null || true ;;
                free) rm -f ballast ;;
                *) '{{binaries}}/pg_ctl' -D data -w -m "$order" stop >stop.log 2>&1 </dev/null || true ;;
              esac
              echo {{Done}}
            done
            """;
        string[] asUser = asPostgres ? ["runuser", "-u", "postgres", "--", "sh", "-c", script] : ["sh", "-c", script];
        string[] command = HasOwnDisk
            ? ["unshare", "-m", "--", "sh", "-c", $"mount -t tmpfs -o size={diskInMb}m tmpfs '{Folder}' && chown postgres '{Folder}' && exec \"$@\"", "disk", .. asUser]
            : asUser;
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Folder,
        };
        _shell = Process.Start(start)!;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Dispose();
        string? answer = _shell.StandardOutput.ReadLine();
        if (answer != Done)
        {
            throw new InvalidOperationException($"PostgreSQL did not start: {answer}{Environment.NewLine}{_shell.StandardOutput.ReadToEnd()}");
        }
    }

    /// <summary>Its data lie on a disk in memory that <see cref="FillDisk"/> can fill.</summary>
    public bool HasOwnDisk { get; }

    public int Port => _port;

    /// <summary>Holds the cluster's data and logs; gone with the server.</summary>
    public string Folder { get; }

    /// <summary>The one server of this process, started at its first use; null where PostgreSQL is not installed.</summary>
    public static PostgresServer? Installed => Started.Value;

    /// <summary>A server that measures may be taken on; null where PostgreSQL is not installed.</summary>
    public static PostgresServer? StartDurable() => FindBinaries() is { } binaries ? new PostgresServer(binaries, Durable) : null;

    public static bool CanStart => FindBinaries() is not null;

    /// <summary>A server that tests may stop, start and starve of disk; null where PostgreSQL is not installed.</summary>
    /// <param name="log">File for what the server has to say.</param>
    /// <param name="diskInMb">Size of its disk, where this process may mount one (root on Linux); otherwise it has none of its own.</param>
    public static PostgresServer? StartFragile(string log, int diskInMb) => FindBinaries() is { } binaries
        ? new PostgresServer(binaries, Small, log, OperatingSystem.IsLinux() && Environment.UserName == "root" && File.Exists("/usr/bin/unshare") ? diskInMb : 0)
        : null;

    /// <summary>Stops the server: in order, or as a crash does, which leaves it to recover at its next start.</summary>
    public void Stop(bool abruptly) => Order(abruptly ? "immediate" : "fast");

    /// <summary>Starts it again; one that runs goes on.</summary>
    public void Start() => Order("start");

    /// <summary>Not a byte more can be written. A server that can not write its log any more ends itself.</summary>
    public void FillDisk() => Order("fill");

    /// <summary>Ends <see cref="FillDisk"/>. The server may have to be started.</summary>
    public void FreeDisk() => Order("free");

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
            if (HasOwnDisk && Directory.Exists(Folder))
            {
                // What was in it went with the disk; this is where the disk was.
                Directory.Delete(Folder, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or InvalidOperationException)
        {
            // The shell is gone already, and the server with it.
        }
    }

    private void Order(string order)
    {
        _shell.StandardInput.WriteLine(order);
        _shell.StandardInput.Flush();
        if (_shell.StandardOutput.ReadLine() is not Done)
        {
            throw new InvalidOperationException($"PostgreSQL's shell is gone; it was told: {order}.");
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
