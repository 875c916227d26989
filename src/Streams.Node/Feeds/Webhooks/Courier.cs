using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Domain.Alerts;
using Streams.Node.Api;
using Streams.Node.Api.Endpoints;
using Streams.Node.Configuration;
using Streams.Node.Feeds.Live;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>What couriers work with.</summary>
/// <param name="Jitter">0 to 1, another one each time.</param>
internal sealed record CourierTools(IStore Store, LiveAlerts Live, CapHeadings Headings, WebhookBook Book, WebhookSender Sender, WebhookSettings Settings, TimeProvider Time, Func<double> Jitter, ILogger Logger)
{
    /// <summary>Told of each attempt: <c>delivered</c>, <c>failed</c> or <c>given_up</c>.</summary>
    public Action<string> Told { get; init; } = static _ => { };
}

/// <summary>
/// Brings one webhook's alerts, in order for each alert and several alerts side by side, so that one that the endpoint can not digest does not hold up the others. How far it is is noted
/// in the store behind the deliveries, never before: after a crash the next node repeats what was not yet noted, under the same ids.
/// </summary>
internal sealed partial class Courier(Webhook webhook, byte[] secret, WebhookClaim claim, CourierTools tools) : IAsyncDisposable
{
    /// <summary>Alerts in hand. With more the feed waits, in Kafka.</summary>
    private const int MostInHand = 64;

    /// <summary>Alerts told anew after a reset.</summary>
    private const int MostCaughtUp = 10_000;

    private static readonly TimeSpan s_first = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_longestAsked = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(5);

    /// <summary>A commit a second at most; a crash repeats no more than that.</summary>
    private static readonly TimeSpan s_noteEvery = TimeSpan.FromSeconds(1);

    /// <summary>What was sent shortly before is told anew too: areas on several nodes do not publish in the order of their clocks.</summary>
    private static readonly TimeSpan s_overlap = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _hands = new(MostInHand);
    private readonly SemaphoreSlim _dirty = new(0);
    private readonly SemaphoreSlim _noting = new(1);

    /// <summary>By alert: what is still to be brought of it, the first being brought.</summary>
    private readonly Dictionary<string, Queue<AlertEvent>> _queues = new(StringComparer.Ordinal);
    private readonly HashSet<AlertEvent> _inHand = [];
    private readonly HashSet<AlertEvent> _failing = [];
    private readonly List<Document> _letters = [];
    private string _lineage = "";
    private long[] _next = [];
    private WebhookProgress _progress = WebhookProgress.None;
    private long _sentInMs;
    private bool _isCaughtUp = true;
    private bool _isPutOff;
    private bool _isToldOfLetters;
    private Task _running = Task.CompletedTask;

    public Webhook Webhook => webhook;

    /// <summary>Alerts that are being brought.</summary>
    public int Waiting => MostInHand - _hands.CurrentCount;

    /// <summary>It ended by itself: another node has taken over.</summary>
    public bool IsOver => _running.IsCompleted;

    public void Start() => _running = Task.Run(RunAsync);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await DrainAsync(CancellationToken.None);
        await TryNoteAsync();
    }

    private async Task RunAsync()
    {
        Task noting = NoteAsync();
        try
        {
            await ReadAsync();
        }
        catch (Exception fault)
        {
            // Nobody foresaw it: from what is noted it is begun anew.
            LogBroken(tools.Logger, fault, webhook.Name);
            await _stop.CancelAsync();
        }

        await noting;
    }

    private async Task ReadAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            bool isWell = false;
            try
            {
                WebhookProgress noted = await Task.Run(() => tools.Store.Get(WebhookBook.Progress, webhook.Name) is { } stored ? WebhookProgress.Read(stored.Body) : WebhookProgress.None);
                lock (_gate)
                {
                    _progress = noted;
                }

                FeedStart start = await tools.Live.BeginAsync(noted.Position, _stop.Token);
                _isPutOff = false;
                await FollowAsync(start);
                isWell = true;
            }
            catch (Exception away) when (away is LogFailedException or StoreUnavailableException)
            {
                if (!_isPutOff)
                {
                    _isPutOff = true;
                    LogPutOff(tools.Logger, webhook.Name, away.Message);
                }
            }
            catch (OperationCanceledException)
            {
                // It stops, or what was missed could not all be taken in time, as while the endpoint is away.
            }

            await FinishAsync(isWell);
        }
    }

    /// <summary>What is in hand has to be done before anything is read anew, or it would be brought twice.</summary>
    private async Task FinishAsync(bool isWell)
    {
        try
        {
            await DrainAsync(_stop.Token);
            await TryNoteAsync();
            if (!isWell)
            {
                await Task.Delay(s_again, tools.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops.
        }
    }

    private async Task FollowAsync(FeedStart start)
    {
        string? reset = start.Reset;
        Begin(start.Cursor.Lineage, start.Missed.IsEmpty ? start.Cursor.Position.Next : [.. start.Missed.Select(span => span.From)], isCaughtUp: reset is null);
        try
        {
            await foreach (FeedItem missed in tools.Live.ReadAsync(start, _stop.Token))
            {
                await TakeAsync(missed.Alert, missed.Position.Next);
            }
        }
        catch (PositionLostException lost)
        {
            reset = lost.Message;
            start = await tools.Live.BeginAsync(null, _stop.Token);
        }

        if (reset is not null)
        {
            LogReset(tools.Logger, webhook.Name, reset);
            await TellAnewAsync(start.Cursor);
        }

        Advance(start.Cursor.Position.Next);
        while (true)
        {
            switch (start.Cursor.Next(out AlertEvent? found))
            {
                case FeedStep.Found:
                    await TakeAsync(found!, start.Cursor.Position.Next);
                    break;
                case FeedStep.Nothing:
                    Advance(start.Cursor.Position.Next);
                    await start.Cursor.WaitAsync(Timeout.InfiniteTimeSpan, _stop.Token);
                    break;
                default:
                    // Far behind, which is usual while the endpoint is away: on from what is noted.
                    return;
            }
        }
    }

    /// <summary>The newest state of each alert of which something was sent since what was brought last; nothing is noted before all of it was brought.</summary>
    private async Task TellAnewAsync(AlertCursor end)
    {
        Begin(end.Lineage, end.Position.Next, isCaughtUp: false);
        long since = _progress.SentInMs - (long)s_overlap.TotalMilliseconds;
        foreach (Document alert in await Task.Run(() => SaidSince(since).ToList(), _stop.Token))
        {
            if (AlertEvent.Read(0, -1, alert.Body.Span) is { } state)
            {
                await TakeAsync(state, null);
            }
        }

        await DrainAsync(_stop.Token);
        lock (_gate)
        {
            _isCaughtUp = true;
        }

        _dirty.Release();
    }

    /// <summary>Oldest first.</summary>
    private IEnumerable<Document> SaidSince(long sinceInMs)
    {
        HashSet<string> alerts = [];
        (long, string)? after = null;
        IReadOnlyList<Document> page;
        do
        {
            page = tools.Store.Query(new DocumentQuery(CapIssuer.Collection, ScopePrefix: webhook.Filter.Area, Category: webhook.Filter.Status, AtFromInMs: sinceInMs, After: after, Limit: 1_000));
            alerts.UnionWith(page.Select(row => row.Id[..row.Id.LastIndexOf('.')]));
            after = page.Count > 0 ? (page[^1].AtInMs, page[^1].Id) : null;
        }
        while (page.Count == 1_000 && alerts.Count < MostCaughtUp);
        return alerts.Reverse().Select(id => tools.Store.Get(AlertEndpoints.Collection, id)).OfType<Document>();
    }

    private async Task TakeAsync(AlertEvent alert, ImmutableArray<long>? next)
    {
        bool isWanted = (webhook.Restricted || alert.Scope == nameof(AlertScope.Public)) && await webhook.Filter.PassesAsync(alert, tools.Store, tools.Headings);
        if (isWanted)
        {
            await _hands.WaitAsync(_stop.Token);
        }

        lock (_gate)
        {
            if (isWanted)
            {
                _inHand.Add(alert);
                if (_queues.TryGetValue(alert.Id, out Queue<AlertEvent>? queue))
                {
                    queue.Enqueue(alert);
                }
                else
                {
                    _queues.Add(alert.Id, queue = new Queue<AlertEvent>([alert]));
                    _ = Task.Run(() => BringAllAsync(alert.Id, queue));
                }
            }
        }

        if (next is { } heard)
        {
            Advance(heard);
        }
    }

    /// <summary>One after the other, until nothing is left of this alert.</summary>
    private async Task BringAllAsync(string id, Queue<AlertEvent> queue)
    {
        while (true)
        {
            AlertEvent? alert;
            lock (_gate)
            {
                if (!queue.TryPeek(out alert))
                {
                    _queues.Remove(id);
                    return;
                }
            }

            try
            {
                await BringAsync(alert);
            }
            catch (OperationCanceledException)
            {
                // It stops: whoever goes on brings it, and what is behind it.
            }

            lock (_gate)
            {
                queue.Dequeue();
            }

            _hands.Release();
        }
    }

    /// <summary>Until it is taken, or too old.</summary>
    private async Task BringAsync(AlertEvent alert)
    {
        DateTimeOffset end = DateTimeOffset.FromUnixTimeMilliseconds(alert.SentInMs) + tools.Settings.GiveUpAfter;
        for (int attempt = 1; ; attempt++)
        {
            _stop.Token.ThrowIfCancellationRequested();
            WebhookAnswer answer = await TryAsync(alert);
            TimeSpan wait = WaitAfter(attempt, answer.After);
            if (answer.IsTaken || answer.IsFinal || tools.Time.GetUtcNow() + wait >= end)
            {
                Done(alert, answer.Failure, attempt);
                return;
            }

            Failed(alert, answer.Failure!);
            await Task.Delay(wait, tools.Time, _stop.Token);
        }
    }

    private async Task<WebhookAnswer> TryAsync(AlertEvent alert)
    {
        try
        {
            return await tools.Sender.SendAsync(webhook, secret, alert, _stop.Token);
        }
        catch (StoreUnavailableException away)
        {
            return new WebhookAnswer($"the store is away: {away.Message}");
        }
        catch (Exception unforeseen) when (unforeseen is not OperationCanceledException)
        {
            // What nobody tries again would stay in hand for good.
            return new WebhookAnswer($"it could not be sent: {unforeseen.Message}");
        }
    }

    /// <summary>Doubles from a second to five minutes, half of it by chance, so that alerts that failed together do not come back together.</summary>
    private TimeSpan WaitAfter(int attempt, TimeSpan? asked)
    {
        TimeSpan whole = attempt > 10 ? s_longest : TimeSpan.FromTicks(Math.Min(s_longest.Ticks, s_first.Ticks << (attempt - 1)));
        TimeSpan wait = whole * (0.5 + (tools.Jitter() / 2));
        return asked > wait ? TimeSpan.FromTicks(Math.Min(asked.Value.Ticks, s_longestAsked.Ticks)) : wait;
    }

    private void Failed(AlertEvent alert, string failure)
    {
        tools.Told("failed");
        lock (_gate)
        {
            _failing.Add(alert);
            if (_progress.FailingSinceInMs is null)
            {
                LogFailing(tools.Logger, webhook.Name, failure, tools.Settings.GiveUpAfter);
            }

            _progress = _progress with { Failure = failure, FailingSinceInMs = _progress.FailingSinceInMs ?? NowInMs };
        }

        _dirty.Release();
    }

    /// <param name="failure">Why it was given up; null where it was taken.</param>
    private void Done(AlertEvent alert, string? failure, int attempts)
    {
        tools.Told(failure is null ? "delivered" : "given_up");
        lock (_gate)
        {
            _inHand.Remove(alert);
            _failing.Remove(alert);
            if (failure is null)
            {
                TookOne();
            }
            else
            {
                _progress = _progress with { Failure = failure, FailingSinceInMs = _progress.FailingSinceInMs ?? NowInMs };
                _letters.Add(Letter(alert, failure, attempts));
                if (!_isToldOfLetters)
                {
                    _isToldOfLetters = true;
                    LogGivenUp(tools.Logger, webhook.Name, alert.Identifier, attempts, failure);
                }
            }

            _sentInMs = Math.Max(_sentInMs, alert.SentInMs);
        }

        _dirty.Release();
    }

    /// <summary>It is well when nothing is left that failed: one alert that it can not digest is no reason to tell of trouble again and again.</summary>
    private void TookOne()
    {
        _progress = _progress with { DeliveredAtInMs = NowInMs };
        if (_failing.Count == 0 && _progress.FailingSinceInMs is not null)
        {
            _progress = _progress with { FailingSinceInMs = null, Failure = null };
            _isToldOfLetters = false;
            LogWell(tools.Logger, webhook.Name);
        }
    }

    private Document Letter(AlertEvent alert, string failure, int attempts)
    {
        ArrayBufferWriter<byte> body = new(alert.Json.Length + 256);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            json.WriteStartObject();
            json.WriteString("id", alert.Identifier);
            json.WriteString("webhook", webhook.Name);
            json.WriteString("reason", failure);
            json.WriteNumber("attempts", attempts);
            json.WriteString("time", Answer.Time(NowInMs));
            json.WritePropertyName("alert");
            json.WriteRawValue(alert.Json.Span, skipInputValidation: true);
            json.WriteEndObject();
        }

        return new Document(WebhookBook.DeadLetters, WebhookBook.LetterId(webhook.Name, alert.Identifier), alert.Area, webhook.Name, alert.Status, NowInMs, body.WrittenMemory, IsDone: true);
    }

    /// <param name="isCaughtUp">False: the old position stays noted until all that it stands for was brought.</param>
    private void Begin(string lineage, ImmutableArray<long> next, bool isCaughtUp)
    {
        lock (_gate)
        {
            _isCaughtUp = isCaughtUp;
            _lineage = lineage;
            _next = [.. next];
            _sentInMs = Math.Max(_sentInMs, _progress.SentInMs);
        }

        _dirty.Release();
    }

    private void Advance(ImmutableArray<long> next)
    {
        lock (_gate)
        {
            if (_next.AsSpan().SequenceEqual(next.AsSpan()))
            {
                return;
            }

            _next = [.. next];
        }

        _dirty.Release();
    }

    /// <summary>Returns when nothing is in hand.</summary>
    private async Task DrainAsync(CancellationToken stop)
    {
        int taken = 0;
        try
        {
            for (; taken < MostInHand; taken++)
            {
                await _hands.WaitAsync(stop);
            }
        }
        finally
        {
            if (taken > 0)
            {
                _hands.Release(taken);
            }
        }
    }

    private async Task NoteAsync()
    {
        try
        {
            while (true)
            {
                await _dirty.WaitAsync(_stop.Token);
                while (_dirty.Wait(0, CancellationToken.None))
                {
                    // All of it is noted at once.
                }

                await TryNoteAsync();
                await Task.Delay(s_noteEvery, tools.Time, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // It stops, and notes what is left then.
        }
    }

    private async Task TryNoteAsync()
    {
        // One after the other, as commits of a shard have to come.
        await _noting.WaitAsync();
        try
        {
            await NoteNowAsync();
        }
        finally
        {
            _noting.Release();
        }
    }

    private async Task NoteNowAsync()
    {
        List<Document> documents;
        lock (_gate)
        {
            documents = [.. _letters];
            _letters.Clear();
            FeedPosition? position = _isCaughtUp && _next.Length > 0 ? new FeedPosition(_lineage, [.. _next.Select(Least)]) : _progress.Position;
            long sent = _inHand.Count > 0 ? Math.Min(_sentInMs, _inHand.Min(alert => alert.SentInMs)) : _sentInMs;
            _progress = _progress with { Position = position, SentInMs = sent, Waiting = _inHand.Count };
            documents.Add(new Document(WebhookBook.Progress, webhook.Name, webhook.Filter.Area ?? "", "", "", NowInMs, _progress.ToStored()));
        }

        try
        {
            if (!await Task.Run(() => claim.Write(documents, tools.Time)))
            {
                LogTaken(tools.Logger, webhook.Name);
                await _stop.CancelAsync();
            }
        }
        catch (StoreUnavailableException)
        {
            lock (_gate)
            {
                _letters.AddRange(documents[..^1]);
            }

            _dirty.Release();
        }

        long Least(long next, int partition) => _inHand.Where(alert => alert.Partition == partition && alert.Offset >= 0).Select(alert => alert.Offset).Append(next).Min();
    }

    private long NowInMs => tools.Time.GetUtcNow().ToUnixTimeMilliseconds();

    [LoggerMessage(2420, LogLevel.Information, "Webhook {Name} takes alerts again.")]
    private static partial void LogWell(ILogger logger, string name);

    [LoggerMessage(2421, LogLevel.Warning, "Webhook {Name} does not take alerts: {Reason}. Each is tried again until {GiveUpAfter} after it was sent.")]
    private static partial void LogFailing(ILogger logger, string name, string reason, TimeSpan giveUpAfter);

    [LoggerMessage(2422, LogLevel.Warning, "Webhook {Name} did not take {Identifier} in {Attempts} attempts: {Reason}. It lies among the webhook's dead letters and can be replayed; so do those that follow while this lasts.")]
    private static partial void LogGivenUp(ILogger logger, string name, string identifier, int attempts, string reason);

    [LoggerMessage(2423, LogLevel.Warning, "Webhook {Name} can not go on where it was: {Reason}. The newest state of every alert since is sent again; receivers drop what they have by its webhook-id.")]
    private static partial void LogReset(ILogger logger, string name, string reason);

    [LoggerMessage(2424, LogLevel.Warning, "Webhook {Name} is put off: {Reason}. It is tried again, and nothing is lost.")]
    private static partial void LogPutOff(ILogger logger, string name, string reason);

    [LoggerMessage(2426, LogLevel.Error, "The courier of webhook {Name} broke; it begins anew from what is noted.")]
    private static partial void LogBroken(ILogger logger, Exception fault, string name);

    [LoggerMessage(2425, LogLevel.Information, "Webhook {Name} is brought its alerts by another node from here.")]
    private static partial void LogTaken(ILogger logger, string name);
}
