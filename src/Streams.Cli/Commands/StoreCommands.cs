using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Node;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Cli.Commands;

/// <summary><c>streams store</c>: what is done to a store while no node runs on it.</summary>
internal static class StoreCommands
{
    public static Command Build(SharedOptions shared, Screen screen)
    {
        Option<string?> config = ConfigurationFolder.Option();
        Option<string> data = UpCommand.Data();
        ExampleCommand restored = new ExampleCommand(
            "restored",
            "After the store was restored from a backup and before any node is started on it: what was published since the backup is done anew, and no longer counts. Needs the database, not Kafka.",
            "streams store restored --config /etc/streams").Taking(data, config);
        restored.SetAction(parsed =>
        {
            ClusterConfiguration configuration = UpCommand.Load(ConfigurationFolder.Find(parsed.GetValue(config)));
            try
            {
                int shards = StoreCare.BeginLineage(configuration, parsed.GetRequiredValue(data));
                if (shared.WantsJson(parsed))
                {
                    screen.Json(JsonSerializer.SerializeToElement(new { shards }));
                }
                else
                {
                    screen.Line($"The store begins anew where its {shards} shards stand. Start the nodes: they read on from there and decide again what the backup does not know, with the same ids.");
                }

                return ExitStatus.Done;
            }
            catch (Exception failure) when (failure is StoreMismatchException or StoreUnavailableException)
            {
                throw new CommandFailedException(ExitStatus.Failed, failure.Message);
            }
        });
        return Show.Group("store", "The database.", restored);
    }
}
