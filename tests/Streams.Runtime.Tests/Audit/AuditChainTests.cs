using System.Text;
using System.Text.Json;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Tests.Audit;

/// <summary>What is done to a chain afterwards shows, and where.</summary>
public sealed class AuditChainTests
{
    private static readonly AuditActor s_marie = new("marie", ["operator"], "token", "10.0.0.7");

    private static AuditDraft Draft(int number) => new AuditDraft($"id-{number}", DateTimeOffset.UnixEpoch.AddMinutes(number), s_marie, "device.put", $"device:d-{number}").With("area", "dijon");

    private static List<AuditEntry> Chain(int count)
    {
        List<AuditEntry> entries = [];
        for (int number = 1; number <= count; number++)
        {
            entries.Add(AuditEntry.Seal(Draft(number), entries.Count == 0 ? AuditLink.Beginning : entries[^1].Link));
        }

        return entries;
    }

    private static string? Walk(IEnumerable<byte[]> bodies, AuditLink head, AuditLink? anchor = null)
    {
        AuditWalk walk = new(new AuditChain(head, anchor ?? AuditLink.Beginning, 0));
        foreach (byte[] body in bodies)
        {
            using JsonDocument entry = JsonDocument.Parse(body);
            if (walk.Step(entry.RootElement) is { } fault)
            {
                return fault;
            }
        }

        return walk.End();
    }

    [Fact]
    public void A_chain_as_it_was_written_is_whole()
    {
        List<AuditEntry> chain = Chain(5);

        Assert.Null(Walk(chain.Select(entry => entry.Body), chain[^1].Link));
        Assert.Null(Walk([], AuditLink.Beginning));
    }

    [Fact]
    public void An_entrys_hash_is_that_of_its_canonical_json_without_the_hash_and_with_the_one_before()
    {
        AuditEntry entry = AuditEntry.Seal(Draft(1), AuditLink.Beginning);
        string text = Encoding.UTF8.GetString(entry.Body);

        string expected = $$"""
            {"action":"device.put","actor":{"address":"10.0.0.7","name":"marie","roles":["operator"],"source":"token"},"details":{"area":"dijon"},"id":"id-1","number":1,"outcome":"done","previousHash":"{{AuditEntry.NoHash}}","reason":"","subject":"device:d-1","time":"1970-01-01T00:01:00.000Z"}
            """.Trim();
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(expected))), entry.Link.Hash);
        Assert.Equal(expected, text.Replace($",\"hash\":\"{entry.Link.Hash}\"", "", StringComparison.Ordinal).Replace($"\"hash\":\"{entry.Link.Hash}\",", "", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\"marie\"", "\"somebody else\"")]
    [InlineData("\"done\"", "\"refused\"")]
    [InlineData("device:d-3", "device:d-4")]
    [InlineData("\"area\":\"dijon\"", "")]
    [InlineData("10.0.0.7", "10.0.0.8")]
    public void A_changed_entry_is_found_and_said_to_have_been_changed(string was, string becomes)
    {
        List<AuditEntry> chain = Chain(5);
        byte[][] bodies = [.. chain.Select(entry => entry.Body)];
        bodies[2] = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(bodies[2]).Replace(was, becomes, StringComparison.Ordinal));

        Assert.StartsWith("Entry 3 was changed", Walk(bodies, chain[^1].Link), StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_whose_hash_was_reckoned_anew_is_found_at_the_next_one()
    {
        List<AuditEntry> chain = Chain(5);
        byte[][] bodies = [.. chain.Select(entry => entry.Body)];
        bodies[2] = AuditEntry.Seal(Draft(3) with { Subject = "device:other" }, chain[1].Link).Body;

        Assert.StartsWith("Entry 4 does not follow entry 3", Walk(bodies, chain[^1].Link), StringComparison.Ordinal);
    }

    [Fact]
    public void A_last_entry_that_was_reckoned_anew_is_found_by_the_chains_head()
    {
        List<AuditEntry> chain = Chain(3);
        byte[][] bodies = [.. chain.Select(entry => entry.Body)];
        bodies[2] = AuditEntry.Seal(Draft(3) with { Subject = "device:other" }, chain[1].Link).Body;

        Assert.StartsWith("Entry 3 is not the one that was written", Walk(bodies, chain[^1].Link), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1 2 4 5", "Entry 3 is missing")]
    [InlineData("1 2 5", "Entry 3 to 4 are missing")]
    [InlineData("3 4 5", "Entry 1 to 2 are missing")]
    [InlineData("1 2 3", "Entry 4 to 5 are missing at the end")]
    [InlineData("", "Entry 1 to 5 are missing at the end")]
    [InlineData("1 3 2 4 5", "Entry 2 is missing")]
    [InlineData("1 2 2 3 4 5", "Entry 2 stands after entry 2")]
    public void What_was_taken_out_put_in_or_moved_is_found(string left, string fault)
    {
        List<AuditEntry> chain = Chain(5);
        IEnumerable<byte[]> bodies = left.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(number => chain[int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) - 1].Body);

        Assert.StartsWith(fault, Walk(bodies, chain[^1].Link), StringComparison.Ordinal);
    }

    [Fact]
    public void A_chain_whose_oldest_part_retention_deleted_begins_at_its_anchor_which_an_entry_vouches_for()
    {
        List<AuditEntry> chain = Chain(4);
        AuditEntry vouching = AuditEntry.Seal(AuditWalk.Vouch(Draft(5) with { Action = AuditWalk.Pruning }, chain[1].Link), chain[^1].Link);

        Assert.Null(Walk([chain[2].Body, chain[3].Body, vouching.Body], vouching.Link, chain[1].Link));
        Assert.StartsWith("Entries through 2 are missing, and no entry says", Walk([chain[2].Body, chain[3].Body], chain[3].Link, chain[1].Link), StringComparison.Ordinal);
        Assert.StartsWith("Entry 3 does not follow", Walk([chain[2].Body, chain[3].Body, vouching.Body], vouching.Link, chain[1].Link with { Hash = chain[0].Link.Hash }), StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_a_client_sends_an_entry_stays_small_and_hashes_the_same_when_read_back()
    {
        AuditDraft draft = new("x", DateTimeOffset.UnixEpoch, s_marie with { Name = "a\"\\\n\u0001é漢\ud800" }, "access", new string('/', 100_000), AuditOutcome.Refused, "\t");
        draft = Enumerable.Range(0, 100).Aggregate(draft, (each, number) => each.With($"detail {number}", new string('x', 5_000)));
        AuditEntry entry = AuditEntry.Seal(draft, AuditLink.Beginning);

        Assert.InRange(entry.Body.Length, 1, 64 << 10);
        Assert.Null(Walk([entry.Body], entry.Link));
    }
}
