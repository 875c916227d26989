using Npgsql;
using Streams.Domain.Devices;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Benchmarks.History;

/// <summary>
/// Bytes of history on disk for a device and day, by type and by size of window, on SQLite and PostgreSQL; and from these what a city takes
/// once every retention has come round.
/// </summary>
internal static class HistoryCommand
{
    /// <summary>A city of 40,000 devices: street lights, and those that speak every one to ten minutes.</summary>
    private static readonly (string Type, int Devices)[] City =
    [
        ("street_light", 34_000), ("loop_detector", 1_500), ("road_detector", 1_000), ("air_quality_sensor", 800), ("sound_level_meter", 800),
        ("travel_time_segment", 500), ("ev_charger", 500), ("traffic_light", 400), ("bike_share_station", 300), ("weather_station", 100), ("water_level_gauge", 100),
    ];

    private static readonly HistoryPart[] Sizes = [HistoryPart.Minutes, HistoryPart.Quarters, HistoryPart.Hours, HistoryPart.Days];

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 10, 1, 10_000);
        int days = options.Whole("days", 100, 1, 10_000);
        string folder = options.Text("config", "cluster-config");
        string? json = options.MaybeText("json");
        options.Finish();

        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder, new Dictionary<string, string>());
        if (configuration is null)
        {
            throw new UsageException($"--config {folder}: {faults[0]}");
        }

        HousekeepingSettings keep = configuration.Node.Keep;
        DeviceCatalog catalog = new(configuration.DeviceTypes);
        using PostgresServer? postgres = PostgresServer.StartDurable();
        FigureList figures = new($"history: {devices} devices of each type for {days} days, bytes a device and day");
        double[] city = new double[2];
        double[] citySizes = new double[Sizes.Length];
        foreach ((string name, int count) in City)
        {
            DeviceType type = configuration.DeviceTypes.Single(each => each.Name == name);
            (StoredHistory stored, double sqlite, double inPostgres) = Measure(type, catalog, devices, days, postgres);
            double per = (double)devices * days;
            figures.Add($"{name}, every {type.Interval.TotalMinutes} min, {type.Metrics.Length} metrics: SQLite", sqlite / per, "B");
            figures.Add($"{name}: PostgreSQL", inPostgres / per, "B");
            foreach (HistoryPart size in Sizes.Where(size => stored.Windows[(int)size] > 0))
            {
                int at = (int)size;
                figures.Add($"{name}: {size}, windows", stored.Windows[at] / per, "");
                figures.Add($"{name}: {size}, a window in its row", (double)stored.Bodies[at] / stored.Windows[at], "B");
                figures.Add($"{name}: {size}, a row", (double)stored.Bodies[at] / stored.Rows[at], "B");

                // A row beside its body takes as much whatever its size is.
                double keptInDays = keep.Of(size)!.Value.TotalDays;
                double sqliteRows = stored.Bodies[at] + (stored.Rows[at] * (sqlite - stored.Bodies.Sum()) / stored.Rows.Sum());
                double postgresRows = stored.Bodies[at] + (stored.Rows[at] * (inPostgres - stored.Bodies.Sum()) / stored.Rows.Sum());
                figures.Add($"{name}: {size}, on disk", sqliteRows / per, "B");
                city[0] += sqliteRows / per * keptInDays * count;
                city[1] += postgresRows / per * keptInDays * count;
                citySizes[at] += sqliteRows / per * keptInDays * count;
            }
        }

        figures.Add($"a city of {City.Sum(each => each.Devices):N0} devices, once everything has come round: SQLite", city[0] / 1e9, "GB");
        figures.Add("the same: PostgreSQL", city[1] / 1e9, "GB");
        foreach (HistoryPart size in Sizes)
        {
            figures.Add($"of it (SQLite) {size}, kept {keep.Of(size)!.Value.TotalDays} days", citySizes[(int)size] / 1e9, "GB");
        }

        return figures.Finish(json);
    }

    private static (StoredHistory Stored, double Sqlite, double Postgres) Measure(DeviceType type, DeviceCatalog catalog, int devices, int days, PostgresServer? postgres)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        try
        {
            long empty = FileOf(() => new StoredHistory(Open()));
            File.Delete(PathOf());
            string? database = postgres?.CreateDatabase();
            StoredHistory stored = null!;
            long sqlite = FileOf(() => stored = database is null ? Fill(Open()) : Fill(Open(), new PostgresStore(database)));
            return (stored, sqlite - empty, database is null ? double.NaN : SizeIn(database));
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        string PathOf() => Path.Combine(folder.FullName, "streams.db");

        SqliteStore Open() => new(PathOf());

        // A closed file has no log beside it.
        long FileOf(Func<StoredHistory> fill)
        {
            fill().Dispose();
            return new FileInfo(PathOf()).Length;
        }

        StoredHistory Fill(params IReadOnlyList<IStore> stores)
        {
            StoredHistory stored = new(stores);
            NaturalDevice[] fleet = [.. Enumerable.Range(0, devices).Select(number => new NaturalDevice(type, number))];
            Array.ForEach(fleet, device => stored.Begin(device.Id));
            long from = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
            for (int day = 0; day < days; day++)
            {
                ForEach(device => device.Speak(from + (day * 86_400_000L), catalog, stored));
            }

            ForEach(device => device.Finish(stored));
            stored.Flush();
            return stored;

            void ForEach(Action<NaturalDevice> act)
            {
                for (int i = 0; i < fleet.Length; i++)
                {
                    stored.Return(i);
                    act(fleet[i]);
                }
            }
        }
    }

    private static long SizeIn(string database)
    {
        using NpgsqlConnection connection = new(database);
        connection.Open();
        using NpgsqlCommand size = new("SELECT pg_total_relation_size('history')", connection);
        return (long)size.ExecuteScalar()!;
    }
}
