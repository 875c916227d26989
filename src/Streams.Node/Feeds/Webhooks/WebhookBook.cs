using System.Text.Json;
using Streams.Node.Api;
using Streams.Node.Feeds.Live;
using Streams.Runtime;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>What became of a change of webhooks.</summary>
internal enum WebhookChange
{
    Done,
    NameTaken,
    NotFound,

    /// <summary>There are <see cref="WebhookBook.Most"/>.</summary>
    Full,
}

/// <summary>
/// Webhooks in the store. They are changed as shards are: whoever writes claims a shard that stands for the book and commits under its epoch, so that of two nodes that write at once one
/// is refused and looks again, and the change and its audit entry are one transaction. See docs/decisions/0023-feeds.md.
/// </summary>
internal sealed class WebhookBook(IStore store, string node, TimeProvider time)
{
    /// <summary>Each is a reader of the feed on one of the nodes.</summary>
    public const int Most = 100;

    public const string Collection = "webhooks";

    /// <summary>How far each has come: the same ids.</summary>
    public const string Progress = "webhook-progress";

    /// <summary>What was given up; category is the webhook's name.</summary>
    public const string DeadLetters = "webhook-dead-letters";

    /// <summary>Of the kind of the shards that stand for webhooks; no actor's.</summary>
    private const byte Kind = 250;

    private const int Tries = 10;

    /// <summary>All of them, by name.</summary>
    public IReadOnlyList<Webhook> Read() =>
        [.. store.Query(new DocumentQuery(Collection, Limit: Most)).Select(row => Webhook.Read(row.Body)).OrderBy(webhook => webhook.Name, StringComparer.Ordinal)];

    public Webhook? Find(string name) => store.Get(Collection, name) is { } row ? Webhook.Read(row.Body) : null;

    /// <param name="make">Of its slot.</param>
    /// <param name="from">Where it begins: noted with it, or what is said until its first courier has noted anything would be nobody's. Null where there is no log.</param>
    public WebhookChange Add(Func<int, Webhook> make, FeedPosition? from, AuditDraft entry) => Change(commit =>
    {
        IReadOnlyList<Webhook> all = Read();
        int slot = Enumerable.Range(1, Most).FirstOrDefault(number => all.All(webhook => webhook.Slot != number));
        Webhook made = make(slot);
        if (all.Any(webhook => webhook.Name == made.Name))
        {
            return WebhookChange.NameTaken;
        }

        if (slot == 0)
        {
            return WebhookChange.Full;
        }

        commit.Documents.Add(new Document(Collection, made.Name, made.Filter.Area ?? "", made.Format.ToString(), "", made.CreatedAt.ToUnixTimeMilliseconds(), made.ToStored()));

        // One of this name may have been before: nothing of how far it was is of use.
        long madeAtInMs = made.CreatedAt.ToUnixTimeMilliseconds();
        commit.Documents.Add(new Document(Progress, made.Name, made.Filter.Area ?? "", "", "", madeAtInMs, (WebhookProgress.None with { Position = from, SentInMs = madeAtInMs }).ToStored()));
        commit.Audit.Add(entry);
        return WebhookChange.Done;
    });

    public WebhookChange Remove(string name, AuditDraft entry)
    {
        Webhook? removed = null;
        WebhookChange change = Change(commit =>
        {
            if (Find(name) is not { } found)
            {
                return WebhookChange.NotFound;
            }

            removed = found;
            commit.Documents.Add(new Document(Collection, found.Name, "", "", "", 0, default));
            commit.Documents.Add(new Document(Progress, found.Name, "", "", "", 0, default));
            commit.Audit.Add(entry);
            return WebhookChange.Done;
        });
        if (change == WebhookChange.Done)
        {
            // Its courier may not have heard of it: what that notes is not to be taken for how far another of this name is.
            Claim(removed!);
        }

        return change;
    }

    /// <summary>Forgets a letter that was brought after all.</summary>
    public void Forget(Document letter) => Change(commit =>
    {
        commit.Documents.Add(letter with { Body = default });
        return WebhookChange.Done;
    });

    public static string LetterId(string webhook, string identifier) => $"{webhook}~{identifier}";

    /// <summary>Makes this node the one that brings a webhook's alerts; an earlier one can write nothing any more.</summary>
    public WebhookClaim Claim(Webhook webhook)
    {
        ShardId shard = new(Kind, webhook.Slot);
        ShardClaim claim = store.Claim(shard, node, "", time.GetUtcNow());
        return new WebhookClaim(store, shard, claim);
    }

    private WebhookChange Change(Func<ShardCommit, WebhookChange> change)
    {
        ShardId book = new(Kind, 0);
        for (int i = 0; i < Tries; i++)
        {
            ShardClaim claim = store.Claim(book, node, "", time.GetUtcNow());
            ShardCommit commit = WebhookClaim.NewCommit(book, claim, 1, time);
            WebhookChange done = change(commit);
            if (done != WebhookChange.Done || store.Commit([commit])[0] == CommitResult.Written)
            {
                return done;
            }
        }

        throw new StoreUnavailableException($"Webhooks are being changed by other nodes all the time; {Tries} tries were in vain.");
    }
}

/// <summary>A node's right to write how far a webhook is, until another node claims it.</summary>
internal sealed class WebhookClaim(IStore store, ShardId shard, ShardClaim claim)
{
    private long _commits;

    internal static ShardCommit NewCommit(ShardId shard, ShardClaim claim, long number, TimeProvider time) => new()
    {
        Shard = shard,
        Epoch = claim.Epoch,
        Number = number,
        NextOffset = claim.NextOffset,
        LastNumbers = claim.LastNumbers,
        PublishedThrough = claim.LastNumbers,
        AtInMs = time.GetUtcNow().ToUnixTimeMilliseconds(),
    };

    /// <summary>False where another node has claimed it: nothing was written.</summary>
    public bool Write(IEnumerable<Document> documents, TimeProvider time)
    {
        ShardCommit commit = NewCommit(shard, claim, ++_commits, time);
        commit.Documents.AddRange(documents);
        return store.Commit([commit])[0] == CommitResult.Written;
    }
}

/// <summary>How far a webhook is.</summary>
/// <param name="Position">Everything before it was brought, or given up; null where nothing was noted yet.</param>
/// <param name="SentInMs">When the newest of it was sent.</param>
/// <param name="Failure">Why the endpoint does not take anything now; null where it does.</param>
internal sealed record WebhookProgress(FeedPosition? Position, long SentInMs, long? DeliveredAtInMs, long? FailingSinceInMs, string? Failure, int Waiting)
{
    public static readonly WebhookProgress None = new(null, 0, null, null, null, 0);

    public byte[] ToStored() => JsonSerializer.SerializeToUtf8Bytes(
        new Dictionary<string, object?>
        {
            ["position"] = Position?.ToString(), ["sent"] = SentInMs, ["deliveredAt"] = DeliveredAtInMs, ["failingSince"] = FailingSinceInMs, ["failure"] = Failure, ["waiting"] = Waiting,
        },
        Answer.SerializerOptions);

    public static WebhookProgress Read(ReadOnlyMemory<byte> stored)
    {
        using JsonDocument document = JsonDocument.Parse(stored);
        JsonElement root = document.RootElement;
        return new WebhookProgress(
            root.GetProperty("position").GetString() is { } text ? FeedPosition.Parse(text) : null, root.GetProperty("sent").GetInt64(), Number("deliveredAt"), Number("failingSince"), root.GetProperty("failure").GetString(),
            root.GetProperty("waiting").GetInt32());

        long? Number(string name) => root.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetInt64() : null;
    }
}
