using System.Diagnostics;
using System.Globalization;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>A real process that really dies of a record, and is started again as an operator's system does.</summary>
public sealed class KilledProcessTests : IDisposable
{
    private const int Records = 100;
    private const int EachMeter = Records / MortalNode.Meters;

    private readonly string _folder = Streams.Tests.TemporaryFolder.Create("streams-mortal-");

    /// <param name="before">Records read in an earlier life. After 55 the deadly one is the first of its actor, which is loaded for it.</param>
    [Theory]
    [InlineData(0)]
    [InlineData(55)]
    public void A_record_that_ends_the_process_is_a_dead_letter_after_a_few_deaths_and_the_others_count_once(int before)
    {
        Assert.Equal(0, DeathsUntilItLives(Death.None, before));

        Assert.InRange(DeathsUntilItLives(Death.Receiving, Records), 4, 5);

        using SqliteStore store = Open();
        Assert.Equal([MortalNode.Deadly], DeadLetters(store));
        for (int meter = 0; meter < MortalNode.Meters; meter++)
        {
            int less = MortalNode.MeterOf(meter) == MortalNode.MeterOf(MortalNode.Deadly) ? 1 : 0;
            Assert.Equal((EachMeter - less, EachMeter - less), SumAndCountOf(store, MortalNode.MeterOf(meter)));
        }
    }

    [Fact]
    public void Of_an_actor_that_ends_the_process_when_it_is_loaded_the_records_are_dead_letters_and_those_of_the_others_count_once()
    {
        const int Before = 50;
        Assert.Equal(0, DeathsUntilItLives(Death.None, Before));

        Assert.InRange(DeathsUntilItLives(Death.Loading, Records), 4, 5);

        using SqliteStore store = Open();
        string unloadable = MortalNode.MeterOf(MortalNode.Deadly);
        Assert.Equal(Enumerable.Range(Before, Records - Before).Where(record => MortalNode.MeterOf(record) == unloadable), DeadLetters(store));
        for (int meter = 0; meter < MortalNode.Meters; meter++)
        {
            int count = MortalNode.MeterOf(meter) == unloadable ? Before / MortalNode.Meters : EachMeter;
            Assert.Equal((count, count), SumAndCountOf(store, MortalNode.MeterOf(meter)));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static (long Sum, long Count) SumAndCountOf(SqliteStore store, string meter)
    {
        StoredActor stored = Assert.Single(store.Load(new ShardId(1, 0), [meter]));
        SnapshotEnvelope.Read(stored.Snapshot, out ReadOnlySpan<byte> state);
        TallyActor actor = new TallyKind(1, "meters", null).Restore(meter, state);
        return (actor.Sum, actor.Count);
    }

    /// <summary>Offsets of the records that the process was killed by.</summary>
    private static IEnumerable<int> DeadLetters(SqliteStore store) => store.Query(new DocumentQuery(Clerk.Collection, Category: "process_killed"))
        .Select(letter => int.Parse(letter.Id["meters-0-".Length..], CultureInfo.InvariantCulture)).Order();

    private SqliteStore Open()
    {
        SqliteStore store = new(MortalNode.StoreIn(_folder));
        store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));
        return store;
    }

    private int DeathsUntilItLives(Death death, int records)
    {
        for (int deaths = 0; deaths < 10; deaths++)
        {
            if (Live(death, records))
            {
                return deaths;
            }
        }

        Assert.Fail("it dies for ever");
        return 0;
    }

    private bool Live(Death death, int records)
    {
        ProcessStartInfo start = new("dotnet", ["exec", typeof(MortalNode).Assembly.Location, MortalNode.Command, _folder, $"{death}", $"{records}"])
        {
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode == 0)
        {
            return true;
        }

        Assert.Contains("on purpose", said, StringComparison.Ordinal);
        return false;
    }
}
