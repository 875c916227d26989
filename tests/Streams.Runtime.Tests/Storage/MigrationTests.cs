using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>A step of the schema that running nodes could not go on with waits until they are gone.</summary>
public sealed class MigrationTests
{
    private static readonly Migration[] s_steps = [new("1"), new("2"), new("3"), new("4"), new("5"), new("6", StopsOthers: true), new("7")];

    [Theory]
    [InlineData(5)]
    [InlineData(4)]
    public void A_step_that_stops_others_is_refused_while_one_built_before_it_runs(int schema)
    {
        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => Check(version: 5, Node("node-1", schema), Node("node-2", 7)));

        Assert.Contains("Running: node-1 (1.0)", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nodes_that_left_or_were_lost_or_know_the_step_hinder_nobody() =>
        Check(version: 5, Node("node-1", 5) with { State = NodeState.Left }, Node("node-2", 5) with { SeenAgo = NodeRow.LostAfter }, Node("node-3", 6));

    [Fact]
    public void Steps_that_only_add_are_taken_beside_running_nodes() => Check(version: 6, Node("node-1", 6));

    [Fact]
    public void A_store_of_before_there_were_rows_of_nodes_is_not_asked_for_them() =>
        Migration.Check(s_steps, 3, () => throw new InvalidOperationException("no such table"), "The store");

    private static void Check(int version, params NodeRow[] nodes) => Migration.Check(s_steps, version, () => nodes, "The store");

    private static NodeRow Node(string name, int schema) => new(name, "p", "", "1.0", NodeState.Working, schema, DateTimeOffset.UnixEpoch);
}
