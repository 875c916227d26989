using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Streams.Tests;

/// <summary>
/// Stands between stores and their PostgreSQL and cuts a connection at a commit: before the server has it, or after the server
/// has answered and before the store hears of it. To the store both look the same. It can also cut all connections at once, and hold up
/// everything that passes.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _cutting = new();
    private readonly ConcurrentDictionary<TcpClient, bool> _clients = new();
    private readonly ManualResetEventSlim _open = new(true);
    private bool? _cutAfter;
    private Action? _meanwhile;

    public CuttingProxy(int serverPort)
    {
        _serverPort = serverPort;
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Cuts { get; private set; }

    /// <param name="afterTheServerHasIt">False: the server never sees the COMMIT.</param>
    /// <param name="meanwhile">Done while neither side has an answer.</param>
    public void CutAtNextCommit(bool afterTheServerHasIt, Action? meanwhile = null)
    {
        lock (_cutting)
        {
            _cutAfter = afterTheServerHasIt;
            _meanwhile = meanwhile;
        }
    }

    /// <summary>Ends every connection there is, wherever it stands.</summary>
    public void CutAll()
    {
        foreach (TcpClient client in _clients.Keys)
        {
            // Closing the socket alone, which may be gone already: its stream belongs to whoever reads from it.
            client.Client?.Close();
        }
    }

    /// <summary>Nothing passes in either direction until <see cref="Resume"/>; connections stay.</summary>
    public void Stall() => _open.Reset();

    public void Resume() => _open.Set();

    public void Dispose()
    {
        _stop.Cancel();
        _open.Set();
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                TcpClient server = new();
                try
                {
                    await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                }
                catch (SocketException)
                {
                    // The server is down; so is what the client sees.
                    client.Close();
                    server.Dispose();
                    continue;
                }

                client.NoDelay = server.NoDelay = true;
                _clients[client] = true;
                _ = PassAsync(client, server, cutsAfter: false);
                _ = PassAsync(server, client, cutsAfter: true);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Disposed of.
        }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, bool cutsAfter)
    {
        byte[] buffer = new byte[64 << 10];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and int count)
            {
                if (!_open.IsSet)
                {
                    await Task.Run(() => _open.Wait(_stop.Token));
                }

                if (Cut(buffer.AsSpan(0, count), cutsAfter))
                {
                    if (!cutsAfter)
                    {
                        // The server ends the transaction when its connection ends; wait for that, so that what follows is not blocked by it.
                        to.Client.Shutdown(SocketShutdown.Send);
                    }

                    _meanwhile?.Invoke();
                    break;
                }

                await to.GetStream().WriteAsync(buffer.AsMemory(0, count), _stop.Token);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or SocketException or InvalidOperationException)
        {
            // One side is gone; let the other go too.
        }

        from.Close();
        to.Close();
        _clients.TryRemove(cutsAfter ? to : from, out _);
    }

    /// <summary>A COMMIT is named in full by the client the first time it prepares it, and by the server in each answer.</summary>
    private bool Cut(ReadOnlySpan<byte> bytes, bool cutsAfter)
    {
        lock (_cutting)
        {
            if (_cutAfter != cutsAfter || bytes.IndexOf("COMMIT\0"u8) < 0)
            {
                return false;
            }

            _cutAfter = null;
            Cuts++;
            return true;
        }
    }
}
