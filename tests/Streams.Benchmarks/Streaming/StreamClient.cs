using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Streams.Benchmarks.Streaming;

/// <summary>A client of the event stream on a bare socket, so that a thousand of them take little: it counts events and notes when each came. A deaf one reads nothing.</summary>
internal sealed class StreamClient : IDisposable
{
    private static readonly byte[] s_alert = "event: alert\n"u8.ToArray();

    private readonly Socket _socket;
    private readonly List<long> _at = [];
    private readonly TaskCompletionSource<string> _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _heard;

    private StreamClient(Socket socket) => _socket = socket;

    public int Heard => Volatile.Read(ref _heard);

    /// <summary>Time stamp at which the event of this number came.</summary>
    public long HeardAt(int number)
    {
        lock (_at)
        {
            return _at[number];
        }
    }

    /// <summary>Returns when the stream has begun; for a deaf one, when it was asked for.</summary>
    public static async Task<StreamClient> OpenAsync(Uri node, bool isDeaf = false)
    {
        StreamClient client = new(await AskAsync(node, isDeaf));
        if (!isDeaf)
        {
            _ = Task.Run(client.ReadAsync);
            string head = await client._begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
            if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            {
                throw new InvalidOperationException(head);
            }
        }

        return client;
    }

    /// <summary>What one too many is told, in a line.</summary>
    public static async Task<string> RefusalAsync(Uri node)
    {
        using StreamClient client = new(await AskAsync(node, false));
        _ = Task.Run(client.ReadAsync);
        string told = await client._begun.Task.WaitAsync(TimeSpan.FromSeconds(30));
        return string.Join(", ", told.Split("\r\n").Where(line => line.StartsWith("HTTP", StringComparison.Ordinal) || line.StartsWith("Retry-After", StringComparison.Ordinal) || line.StartsWith('{')));
    }

    public void Dispose() => _socket.Dispose();

    private static async Task<Socket> AskAsync(Uri node, bool isDeaf)
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (isDeaf)
        {
            socket.ReceiveBufferSize = 4096;
        }

        await socket.ConnectAsync(node.Host, node.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET /feeds/stream HTTP/1.1\r\nHost: {node.Authority}\r\n\r\n"));
        return socket;
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        StringBuilder head = new();

        // How much of the marker the end of the last piece was.
        int matched = 0;
        try
        {
            while (await _socket.ReceiveAsync(buffer) is var length and > 0)
            {
                long now = Stopwatch.GetTimestamp();
                if (!_begun.Task.IsCompleted && head.Append(Encoding.UTF8.GetString(buffer, 0, length)).ToString() is var said && (said.Contains("\nid: ", StringComparison.Ordinal) || said.Contains('}', StringComparison.Ordinal)))
                {
                    _begun.SetResult(said);
                }

                for (int i = 0; i < length; i++)
                {
                    matched = buffer[i] == s_alert[matched] ? matched + 1 : buffer[i] == s_alert[0] ? 1 : 0;
                    if (matched == s_alert.Length)
                    {
                        matched = 0;
                        lock (_at)
                        {
                            _at.Add(now);
                        }

                        Interlocked.Increment(ref _heard);
                    }
                }
            }
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // That was the end.
        }

        _begun.TrySetException(new InvalidOperationException($"The connection ended: {head}"));
    }
}
