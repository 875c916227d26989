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

    protected override bool MakeVersionTwo(string rows)
    {
        _server.Execute(DatabaseName, "CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL); INSERT INTO meta VALUES ('schema_version', '2')");
        _server.Execute(DatabaseName, string.Join(";\n", PostgresSchema.Migrations[..2].Select(step => step.Sql)) + ";" + rows);
        return true;
    }

    protected override void Tamper(string sql) => _server.Execute(DatabaseName, sql);

    protected override IStore AnotherNode()
    {
        IStore node = Connect();
        node.Open(Layout);
        return node;
    }

    protected override string Explain(bool newestFirst) => ((PostgresStore)Opened).On(connection =>
    {
        using NpgsqlCommand explain = new("ANALYZE; EXPLAIN " + Filled(HistorySql.For('$', newestFirst), "65543", "'d-3'", "2", "4000", "9000", "50"), connection);
        using NpgsqlDataReader rows = explain.ExecuteReader();
        List<string> steps = [];
        while (rows.Read())
        {
            steps.Add(rows.GetString(0));
        }

        return string.Join('\n', steps);
    });

    private static string Filled(string sql, params ReadOnlySpan<string> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            sql = sql.Replace($"${i + 1}", values[i], StringComparison.Ordinal);
        }

        return sql;
    }

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
    public void A_commit_whose_answer_was_lost_is_found_written_and_not_written_twice()
    {
        using CuttingProxy proxy = new(new NpgsqlConnectionStringBuilder(_connectionString).Port);
        using PostgresStore store = Through(proxy);
        ShardOwner owner = new(store, new ShardId(1, 0));
        proxy.CutAtNextCommit(afterTheServerHasIt: true);

        Assert.Equal(CommitResult.Written, owner.Write(Decision(owner)));

        Assert.Equal(1, proxy.Cuts);
        Assert.Single(store.ReadJournal(new ShardId(1, 0), "d-0", 10));
        Assert.Single(store.LoadOutbox(new ShardId(1, 0)));
    }

    [Fact]
    public void A_commit_that_was_lost_on_its_way_is_written_by_the_next_try()
    {
        using CuttingProxy proxy = new(new NpgsqlConnectionStringBuilder(_connectionString).Port);
        using PostgresStore store = Through(proxy);
        ShardOwner owner = new(store, new ShardId(1, 0));
        proxy.CutAtNextCommit(afterTheServerHasIt: false);

        Assert.Equal(CommitResult.Written, owner.Write(Decision(owner)));

        Assert.Equal(1, proxy.Cuts);
        Assert.Single(store.ReadJournal(new ShardId(1, 0), "d-0", 10));
        Assert.Single(store.LoadOutbox(new ShardId(1, 0)));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_owner_that_lost_its_shard_while_the_outcome_was_unknown_is_fenced(bool afterTheServerHasIt)
    {
        using CuttingProxy proxy = new(new NpgsqlConnectionStringBuilder(_connectionString).Port);
        using PostgresStore store = Through(proxy);
        using PostgresStore other = new(_connectionString);
        other.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        proxy.CutAtNextCommit(afterTheServerHasIt, meanwhile: () => other.Claim(new ShardId(1, 0), "node-2", "log-1", ShardOwner.Noon));

        Assert.Equal(CommitResult.Fenced, owner.Write(Decision(owner)));

        Assert.Equal(afterTheServerHasIt ? 1 : 0, other.ReadJournal(new ShardId(1, 0), "d-0", 10).Count);
        Assert.Equal("node-2", Assert.Single(other.ReadShards()).Owner);
    }

    [Theory]
    [InlineData("synchronous_commit", "on")]
    [InlineData("lock_timeout", "5s")]
    [InlineData("statement_timeout", "15s")]
    [InlineData("idle_in_transaction_session_timeout", "10s")]
    public void Its_sessions_never_hold_a_shard_for_long_however_often_they_are_used(string setting, string expected)
    {
        using PostgresStore store = new(_connectionString);
        store.Open(Layout);

        for (int use = 0; use < 3; use++)
        {
            Assert.Equal(expected, store.On(connection =>
            {
                using NpgsqlCommand show = new($"SHOW {setting}", connection);
                return (string?)show.ExecuteScalar();
            }));
        }
    }

    private PostgresStore Through(CuttingProxy proxy)
    {
        NpgsqlConnectionStringBuilder connection = new(_connectionString) { Port = proxy.Port };
        PostgresStore store = new(connection.ConnectionString);
        store.Open(Layout);
        return store;
    }

    private static ShardCommit Decision(ShardOwner owner)
    {
        ShardCommit commit = owner.WithChunk(5, Lane.Urgent, 1, "decision");
        commit.Journal.Add(new JournalRow("d-0", 1, "anomaly_raised", ShardOwner.Bytes("{}")));
        return commit;
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
    public void A_store_on_which_a_node_runs_is_not_taken_for_restored()
    {
        using IStore store = Connect();
        store.Open(Layout);
        store.Beat(new NodeRow("node-1", "p", "", "1", NodeState.Working, 4, ShardOwner.Noon));

        Assert.Contains("in use by node-1", Assert.Throws<StoreMismatchException>(() => store.BeginLineage()).Message, StringComparison.Ordinal);
        store.Beat(new NodeRow("node-1", "p", "", "1", NodeState.Left, 4, ShardOwner.Noon));
        store.BeginLineage();
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
