using Npgsql;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>What PostgreSQL says and what is made of it.</summary>
public sealed class PostgresFaultsTests
{
    [Theory]
    [InlineData("25P03", "the store itself asks for it: a process that was stopped in a transaction must not hold a shard's row")]
    [InlineData("25P04", "the same, by an operator's setting")]
    [InlineData("53100", "the disk is full")]
    [InlineData("55P03", "a lock was held for too long")]
    [InlineData("57P01", "the server is shut down")]
    [InlineData("57P03", "it is starting")]
    [InlineData("XX000", "inside it something failed")]
    public void What_passes_is_tried_again(string state, string why) =>
        Assert.True(PostgresFaults.IsUnavailable(new PostgresException("", "ERROR", "ERROR", state)), why);

    [Theory]
    [InlineData("XX000", "out of disk, it could not write its init file for a new connection")]
    [InlineData("F0000", "a file of its configuration can not be read")]
    public void What_ended_the_connection_is_tried_again_on_another(string state, string why) =>
        Assert.True(PostgresFaults.IsUnavailable(new PostgresException("", "FATAL", "FATAL", state)), why);

    [Theory]
    [InlineData("23505")]
    [InlineData("42601")]
    public void What_does_not_pass_is_not(string state) => Assert.False(PostgresFaults.IsUnavailable(new PostgresException("", "ERROR", "ERROR", state)));
}
