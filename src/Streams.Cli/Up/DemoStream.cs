using Streams.Cli.Server;
using Streams.Node;
using Streams.Runtime.Log;
using Streams.Simulator.Demo;
using Streams.Simulator.Replay;

namespace Streams.Cli.Up;

/// <summary>The demo city, sent to the node of this process through its broker as any gateway would.</summary>
internal static class DemoStream
{
    /// <summary>Any number does; a fixed one makes every run tell the same story.</summary>
    private const ulong Seed = 20261122;

    /// <summary>Returns when <paramref name="stop"/> is cancelled.</summary>
    /// <exception cref="LogFailedException">The broker does not take readings any more.</exception>
    public static Task RunAsync(NodeHost node, string topic, TimeSpan catchUp, TimeProvider time, CancellationToken stop) => Task.Run(
        async () =>
        {
            long nowInMs = time.GetUtcNow().ToUnixTimeMilliseconds();
            using var city = new DemoCity(Seed, nowInMs);
            using ILogWriter writer = node.Log.CreateWriter("demo-city", lingerInMs: 20);
            using var client = new NodeClient(node.Address, token: null);
            LagLimit? limit = await NodeLag.LimitFor(client, node.BootstrapServers, TextWriter.Null, stop).ConfigureAwait(false);
            await new Replayer(writer, topic, node.Log.PartitionsOf(topic), city.PaceFrom(nowInMs, catchUp), limit, time).RunAsync(city, null, stop).ConfigureAwait(false);
        },
        CancellationToken.None);
}
