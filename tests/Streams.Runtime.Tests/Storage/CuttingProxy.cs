using System.Net;
using System.Net.Sockets;

namespace Streams.Runtime.Tests.Storage;

/// <summary>
/// Stands between a store and its PostgreSQL and cuts the connection at a commit: before the server has it, or after the server
/// has answered and before the store hears of it. To the store both look the same.
/// </summary>
internal sealed class CuttingProxy : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _serverPort;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _cutting = new();
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

    public void Dispose()
    {
        _stop.Cancel();
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
                await server.ConnectAsync(IPAddress.Loopback, _serverPort, _stop.Token);
                client.NoDelay = server.NoDelay = true;
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
        byte[] buffer = new byte[1 << 20];
        try
        {
            while (await from.GetStream().ReadAsync(buffer, _stop.Token) is > 0 and int count)
            {
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
