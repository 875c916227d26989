using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Streams.Runtime.Log.Kafka.Embedded;

/// <summary>
/// A fixed local port in front of the embedded broker, whose own is another at each start. Carries a client's first question only:
/// the answer names the broker's own port, and the client goes there.
/// </summary>
internal sealed class BootstrapForwarder : IDisposable
{
    private readonly TcpListener _listener;
    private readonly IPEndPoint _broker;
    private readonly ConcurrentDictionary<Socket, bool> _open = new();

    /// <exception cref="LogFailedException">The port is taken.</exception>
    public BootstrapForwarder(int port, string broker)
    {
        _broker = IPEndPoint.Parse(broker.Replace("localhost", "127.0.0.1", StringComparison.Ordinal));
        _listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            _listener.Start();
        }
        catch (SocketException e)
        {
            throw new LogFailedException($"The embedded broker can not listen on 127.0.0.1:{port}: {e.Message}. Choose another port.", e);
        }

        Address = $"127.0.0.1:{port}";
        _ = AcceptAsync();
    }

    public string Address { get; }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket socket in _open.Keys)
        {
            socket.Dispose();
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptSocketAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (e is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted or SocketError.Interrupted })
            {
                return;
            }
            catch (SocketException)
            {
                // A client that left before it was accepted.
                continue;
            }

            _ = ForwardAsync(client);
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        var broker = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.NoDelay = true;
        _open[client] = _open[broker] = true;
        try
        {
            await broker.ConnectAsync(_broker).ConfigureAwait(false);
            await using var clientStream = new NetworkStream(client);
            await using var brokerStream = new NetworkStream(broker);
            await Task.WhenAny(clientStream.CopyToAsync(brokerStream), brokerStream.CopyToAsync(clientStream)).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException)
        {
            // Either side went away: the client will come again.
        }
        finally
        {
            _open.TryRemove(client, out _);
            _open.TryRemove(broker, out _);
            client.Dispose();
            broker.Dispose();
        }
    }
}
