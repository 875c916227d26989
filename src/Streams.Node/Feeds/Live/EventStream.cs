using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Node.Api;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds.Live;

/// <summary>One client's server-sent events, from the first to the last.</summary>
/// <param name="inCap">CAP documents instead of JSON.</param>
internal sealed class EventStream(PipeWriter to, ApiSources sources, FeedReader reader, AlertFilter filter, bool inCap) : IDisposable
{
    public const string ContentType = "text/event-stream";

    /// <summary>Browsers come back after so long; all of a node's clients come back at once when it stops.</summary>
    private const int RetryInMs = 3_000;

    /// <summary>Proxies close what is silent for half a minute or a minute.</summary>
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(15);

    /// <summary>Who does not take what it was sent does not read any more, and its place is another's. Kestrel's own bound counts by all that was ever sent: hours.</summary>
    private static readonly TimeSpan s_takesWithin = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource _patience = new(Timeout.InfiniteTimeSpan, sources.Time);
    private int _unflushed;

    /// <summary>Told in a reset; with it an end of theirs that comes again by the log is dropped.</summary>
    private readonly Dictionary<string, int> _told = new(StringComparer.Ordinal);

    /// <summary>Returns when the client goes, does not read, falls too far behind, or the node stops.</summary>
    /// <param name="reset">Why the client's position is of no use, beside what the start says of it.</param>
    /// <param name="standing">Begins with what stands, though nothing was lost.</param>
    public async Task RunAsync(LiveAlerts live, FeedStart start, string? reset, bool standing, CancellationToken gone)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(gone, live.Stopping, _patience.Token);
        try
        {
            Text($"retry: {RetryInMs}\n\n");
            start = await CatchUpAsync(live, start, reset ?? start.Reset, standing, end.Token);
            Position(start.Cursor.Position);
            await FlushAsync(end.Token);
            await FollowAsync(start.Cursor, end.Token);
        }
        catch (OperationCanceledException) when (_patience.IsCancellationRequested)
        {
            // The connection went with the flush that was cancelled: nobody is there to be told.
            sources.Feeds.Cut();
        }
        catch (OperationCanceledException) when (!gone.IsCancellationRequested)
        {
            await CutAsync(live.Stopping.IsCancellationRequested ? "the node stops; come back, another goes on" : "what was missed could not be read in time; come back", gone);
        }
        catch (Exception away) when (away is LogFailedException or StoreUnavailableException)
        {
            await CutAsync($"{away.Message}; come back", gone);
        }
        catch (Exception went) when (went is OperationCanceledException or IOException)
        {
            // The client went.
        }
    }

    public void Dispose() => _patience.Dispose();

    private async Task<FeedStart> CatchUpAsync(LiveAlerts live, FeedStart start, string? reset, bool standing, CancellationToken stop)
    {
        try
        {
            await foreach (FeedItem missed in live.ReadAsync(start, stop))
            {
                await TellAsync(missed, stop);
            }
        }
        catch (PositionLostException lost)
        {
            reset = lost.Message;
            start = await live.BeginAsync(null, stop);
        }

        if (reset is not null)
        {
            Event("reset", JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["reason"] = reset }));
        }

        if (reset is not null || standing)
        {
            // The end of the log was noted before, and what was published is in the store: nothing falls between.
            await StandingAsync(stop);
        }

        return start;
    }

    private async Task StandingAsync(CancellationToken stop)
    {
        foreach (JsonElement alert in await Task.Run(() => StandingAlerts.Of(sources.Store, filter.Area, reader, filter.Status).ToList(), stop))
        {
            string id = alert.GetProperty("id").GetString()!, identifier = alert.GetProperty("identifier").GetString()!;
            var severity = Enum.Parse<AlertSeverity>(alert.GetProperty("info")[0].GetProperty("severity").GetString()!);
            if (filter.Passes(alert.GetProperty("status").GetString()!, alert.GetProperty("area").GetString()!, severity))
            {
                _told[id] = alert.GetProperty("revision").GetInt32();
                ReadOnlyMemory<byte>? body = inCap ? (await Task.Run(() => sources.Store.Get(CapIssuer.Collection, identifier), stop))?.Body
                    : reader.MayRead ? JsonSerializer.SerializeToUtf8Bytes(alert, Answer.SerializerOptions) : PublicAlert.Of(alert);
                if (body is { } known)
                {
                    Event("alert", known.Span);
                    await FlushIfLongAsync(stop);
                }
            }
        }
    }

    private async Task FollowAsync(AlertCursor cursor, CancellationToken stop)
    {
        while (true)
        {
            switch (cursor.Next(out AlertEvent? found))
            {
                case FeedStep.Found:
                    await TellAsync(new FeedItem(found!, cursor.Position), stop);
                    break;
                case FeedStep.Nothing:
                    await FlushAsync(stop);
                    long before = sources.Time.GetTimestamp();
                    await cursor.WaitAsync(s_heartbeat, stop);
                    if (sources.Time.GetElapsedTime(before) >= s_heartbeat)
                    {
                        // With it what the client does not want moves its position on: coming back, it need not be read again.
                        Position(cursor.Position);
                        Text(":\n\n");
                    }

                    break;
                default:
                    await CutAsync($"more than {LiveAlerts.MostBehind} events behind, or the log was replaced; come back with the last id", stop);
                    return;
            }
        }
    }

    private async ValueTask TellAsync(FeedItem item, CancellationToken stop)
    {
        AlertEvent alert = item.Alert;
        if (!reader.Sees(alert.Scope, alert.Area) || (_told.TryGetValue(alert.Id, out int told) && alert.Revision <= told) || !await filter.PassesAsync(alert, sources.Store, sources.Feeds.Headings))
        {
            return;
        }

        ReadOnlyMemory<byte>? body = inCap ? (await alert.CapAsync(sources.Store))?.Body : reader.MayRead ? alert.Json : alert.PublicJson;
        if (body is { } known)
        {
            Text($"id: {item.Position}\n");
            Event("alert", known.Span);
            await FlushIfLongAsync(stop);
        }
    }

    private async Task CutAsync(string reason, CancellationToken gone)
    {
        try
        {
            Event("cut", JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, string> { ["reason"] = reason }));
            sources.Feeds.Cut();
            await FlushAsync(gone);
        }
        catch (Exception went) when (went is OperationCanceledException or IOException)
        {
            // It did not wait to hear it.
        }
    }

    /// <summary>An id alone: it is kept, and nothing is shown to whoever listens.</summary>
    private void Position(FeedPosition position) => Text($"id: {position}\n\n");

    private void Event(string name, ReadOnlySpan<byte> data)
    {
        Text($"event: {name}\n");

        // Line by line: the lines are joined again by who receives them, and so give the same bytes.
        while (true)
        {
            int end = data.IndexOf((byte)'\n');
            to.Write("data: "u8);
            to.Write(end < 0 ? data : data[..end]);
            to.Write("\n"u8);
            _unflushed += end < 0 ? data.Length : end;
            if (end < 0)
            {
                break;
            }

            data = data[(end + 1)..];
        }

        to.Write("\n"u8);
    }

    private void Text(string text) => Encoding.UTF8.GetBytes(text, to);

    private ValueTask FlushIfLongAsync(CancellationToken stop) => _unflushed > 16 * 1024 ? FlushAsync(stop) : ValueTask.CompletedTask;

    private async ValueTask FlushAsync(CancellationToken stop)
    {
        _unflushed = 0;
        ValueTask<FlushResult> flushing = to.FlushAsync(stop);
        if (!flushing.IsCompleted)
        {
            _patience.CancelAfter(s_takesWithin);
        }

        FlushResult result = await flushing;
        _patience.CancelAfter(Timeout.InfiniteTimeSpan);
        stop.ThrowIfCancellationRequested();
        if (result.IsCompleted)
        {
            throw new IOException("The client went.");
        }
    }
}
