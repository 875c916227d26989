using System.Diagnostics;
using Npgsql;
using Streams.Domain.Devices;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Benchmarks.Devices;

/// <summary>How long stored devices take to be live again, and what they take on disk.</summary>
internal static class LoadCommand
{
    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 100_000, 1, 10_000_000);
        int rounds = options.Whole("rounds", 30, 1, 10_000);
        string? json = options.MaybeText("json");
        options.Finish();

        Fleet fleet = new(devices, intervalInMs: 60_000);
        fleet.Speak(1_780_000_000_000, rounds);
        string[] ids = [.. fleet.Devices.Select(device => device.Id)];
        FigureList figures = new($"load: {devices:N0} devices with two metrics, {rounds} readings each");

        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        try
        {
            Measure("sqlite", () => new SqliteStore(Path.Combine(folder.FullName, "streams.db")));
            figures.Add("sqlite: file per device", (double)folder.GetFiles().Sum(file => file.Length) / devices, "B");
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        using PostgresServer? postgres = PostgresServer.StartDurable();
        if (postgres is null)
        {
            Console.WriteLine("PostgreSQL is not installed here; not measured.");
        }
        else
        {
            string database = postgres.CreateDatabase();
            Measure("postgres", () => new PostgresStore(database));
            using NpgsqlConnection connection = new(database);
            connection.Open();
            using NpgsqlCommand size = new("SELECT pg_database_size(current_database())", connection);
            figures.Add("postgres: database per device", (double)(long)size.ExecuteScalar()! / devices, "B");
        }

        return figures.Finish(json);

        void Measure(string name, Func<IStore> open)
        {
            long started = Stopwatch.GetTimestamp();
            using (IStore store = open())
            {
                long bytes = StoredFleet.Write(store, fleet);
                figures.Add($"{name}: written", Stopwatch.GetElapsedTime(started).TotalSeconds, "s");
                figures.Add($"{name}: snapshot per device", (double)bytes / devices, "B");
            }

            foreach (int threads in new[] { 1, Environment.ProcessorCount })
            {
                using IStore store = open();
                started = Stopwatch.GetTimestamp();
                Device[] live = StoredFleet.Load(store, ids, fleet.Catalog, threads);
                figures.Add($"{name}: loaded and live, {threads} threads{(threads == 1 ? " (first time)" : "")}", Stopwatch.GetElapsedTime(started).TotalSeconds, "s");
                if (live.Length != devices || live.Any(device => device.ReadingCount != rounds))
                {
                    throw new InvalidOperationException($"{live.Length} of {devices} devices came back, or not all as they were.");
                }
            }
        }
    }
}
