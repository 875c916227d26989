using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Streams.Node.Api.Requests;

/// <summary>
/// What Kestrel refuses before the API sees it (a malformed request line, header or host, too many or too long of them) it answers with a bare status.
/// Here that answer is given words like every other: stands between Kestrel and the connection, and looks at how each piece of output begins.
/// </summary>
internal sealed class SpokenRefusals(PipeWriter inner) : PipeWriter
{
    private const string BadRequestEvent = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    private Memory<byte> _lent;
    private string _reason = "";

    /// <summary>For the connections of one endpoint.</summary>
    public static void On(ListenOptions listen) => listen.Use(next => connection =>
    {
        SpokenRefusals output = new(connection.Transport.Output);
        connection.Features.Set(output);
        connection.Transport = new Transport(connection.Transport.Input, output);
        return next(connection);
    });

    /// <summary>Kestrel tells its reasons as events only.</summary>
    public static IDisposable Listen(DiagnosticListener diagnostics) =>
        diagnostics.Subscribe(new Reasons(), static (name, _, _) => name == BadRequestEvent);

    public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

    public override long UnflushedBytes => inner.UnflushedBytes;

    public override Memory<byte> GetMemory(int sizeHint = 0) => _lent = inner.GetMemory(sizeHint);

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes)
    {
        ReadOnlySpan<byte> written = _lent.Span[..Math.Min(bytes, _lent.Length)];
        if (IsBareRefusal(written))
        {
            // What Kestrel wrote was not advanced over, so this takes its place.
            inner.Write(WithWords(written));
        }
        else
        {
            inner.Advance(bytes);
        }

        _lent = default;
    }

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => inner.FlushAsync(cancellationToken);

    public override void CancelPendingFlush() => inner.CancelPendingFlush();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    /// <summary>An error without a body. The API's own always have one, and an answer to HEAD says how long it would be.</summary>
    private static bool IsBareRefusal(ReadOnlySpan<byte> answer) =>
        answer.Length > 12 && answer.StartsWith("HTTP/1.1 "u8) && answer[9] is (byte)'4' or (byte)'5'
        && answer.EndsWith("\r\n\r\n"u8) && answer.IndexOf("\r\nContent-Length: 0\r\n"u8) > 0;

    private byte[] WithWords(ReadOnlySpan<byte> answer)
    {
        int status = ((answer[9] - '0') * 100) + ((answer[10] - '0') * 10) + answer[11] - '0';
        byte[] body = Problem.OfServer(status, _reason);
        string head = Encoding.Latin1.GetString(answer).Replace(
            "\r\nContent-Length: 0\r\n", $"\r\nContent-Length: {body.Length}\r\nContent-Type: {Problem.ContentType}\r\nCache-Control: no-store\r\n", StringComparison.Ordinal);
        return [.. Encoding.Latin1.GetBytes(head), .. body];
    }

    private sealed record Transport(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class Reasons : IObserver<KeyValuePair<string, object?>>
    {
        public void OnNext(KeyValuePair<string, object?> value)
        {
            if (value.Value is IFeatureCollection request && request.Get<SpokenRefusals>() is { } output)
            {
                // It quotes the line at fault only where its log would, and '' otherwise.
                output._reason = (request.Get<IBadRequestExceptionFeature>()?.Error?.Message ?? "").Replace(": ''", "", StringComparison.Ordinal).TrimEnd('.');
            }
        }

        public void OnCompleted()
        {
        }

        public void OnError(Exception error)
        {
        }
    }
}
