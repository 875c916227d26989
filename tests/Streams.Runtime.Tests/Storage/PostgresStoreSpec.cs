using System.Globalization;
using Npgsql;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Runtime.Tests.Storage;

/// <summary>The spec on PostgreSQL, and what only a server at the other end of a wire can do to a commit.</summary>
public sealed class PostgresStoreSpec : StoreSpec
{
    private readonly PostgresServer _server = PostgresServer.Require();
    private readonly string _connectionString;

    public PostgresStoreSpec() => _connectionString = _server.CreateDatabase();

    private string DatabaseName => new NpgsqlConnectionStringBuilder(_connectionString).Database!;

    protected override IStore Connect() => new PostgresStore(_connectionString);

    protected override void SetSchemaVersion(int version) => _server.Execute(
        DatabaseName, string.Create(CultureInfo.InvariantCulture, $"UPDATE meta SET value = '{version}' WHERE key = 'schema_version'"));

    [Fact]
    public async Task Nodes_that_open_an_empty_database_at_once_make_one_schema()
    {
        await Task.WhenAll(Enumerable.Range(0, 6).Select(node => Task.Run(() =>
        {
            using IStore store = Connect();
            store.Open(Layout with { Owner = $"node-{node}" });
            store.Claim(new ShardId(1, node), $"node-{node}", "log-1", ShardOwner.Noon);
        })));

        using IStore last = Connect();
        last.Open(Layout);
        Assert.Equal(6, last.ReadShards().Count);
    }

    [Fact]
    public void Connections_cut_between_commits_are_replaced_unnoticed()
    {
        using IStore store = Connect();
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        owner.Write(owner.WithActor(1, 0, "d-0", "before"));

        _server.Execute("postgres", $"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{DatabaseName}'");

        Assert.Equal(CommitResult.Written, owner.Write(owner.WithActor(2, 0, "d-0", "after", isNew: false)));
        Assert.Equal("after"u8, Assert.Single(store.Load(new ShardId(1, 0), ["d-0"])).Snapshot);
    }

    [Fact]
    public void A_server_that_is_not_there_is_unavailable_and_named_without_the_password()
    {
        using PostgresStore store = new("Host=127.0.0.1;Port=1;Username=u;Password=secret;Database=city");

        StoreUnavailableException thrown = Assert.Throws<StoreUnavailableException>(() => store.Open(Layout));

        Assert.Contains("'city' on 127.0.0.1:1", thrown.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_that_is_not_there_is_said_to_be_missing()
    {
        using PostgresStore store = new(_connectionString + "_missing");

        Assert.Contains("Check database", Assert.Throws<StoreUnavailableException>(() => store.Open(Layout)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_that_can_not_be_stored_fails_its_commit_and_leaves_the_connection_usable()
    {
        using IStore store = Connect();
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));

        Assert.Throws<InvalidOperationException>(() => owner.Write(owner.WithActor(1, 0, "d\0", "s")));
        Assert.Equal(CommitResult.Written, owner.Write(owner.WithActor(1, 0, "d-0", "s")));
    }

    [Fact]
    public void The_tables_follow_the_search_path()
    {
        _server.Execute(DatabaseName, "CREATE SCHEMA city");
        using PostgresStore store = new(_connectionString + ";Search Path=city");
        store.Open(Layout);

        _server.Execute(DatabaseName, "SELECT 1 / count(*) FROM pg_tables WHERE schemaname = 'city' AND tablename = 'actors'");
    }
}
