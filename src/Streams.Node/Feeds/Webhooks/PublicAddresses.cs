using System.Net;
using System.Net.Sockets;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>
/// Which addresses are of the internet. A webhook's address comes from outside, and a node stands where much can be reached that trusts whoever comes from there: by default nothing
/// else is called. Looked at when the connection is made, of the very address that is connected to, so that a name that changes its address does not get around it.
/// </summary>
internal static class PublicAddresses
{
    /// <summary>IANA's special-purpose registries (RFC 6890 and later), as of 2026; what is not global, and what leads to it.</summary>
    private static readonly IPNetwork[] s_others =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
            "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>Of IPv6 only this is given out; a few blocks in it are not for anybody, or carry IPv4 addresses within.</summary>
    private static readonly IPNetwork s_global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] s_others6 = [.. new[] { "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20" }.Select(IPNetwork.Parse)];

    public static bool IsPublic(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return plain.AddressFamily == AddressFamily.InterNetwork
            ? !s_others.Any(network => network.Contains(plain))
            : s_global6.Contains(plain) && !s_others6.Any(network => network.Contains(plain));
    }

    /// <summary>Said at once of what can be seen in the URL itself; names are looked up when they are called.</summary>
    public static bool MayBePublic(Uri url) =>
        IPAddress.TryParse(url.IdnHost.Trim('[', ']'), out IPAddress? address) ? IsPublic(address)
            : url.IdnHost.TrimEnd('.') is var host && host.Contains('.', StringComparison.Ordinal) && !host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase) && !host.EndsWith(".internal", StringComparison.OrdinalIgnoreCase)
                && !host.EndsWith(".local", StringComparison.OrdinalIgnoreCase);

    /// <summary>Connects to the first address of the name that answers, public ones only.</summary>
    /// <exception cref="HttpRequestException">None is public, or none answers.</exception>
    public static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        IPAddress[] found = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, stop);
        IPAddress[] open = [.. found.Where(IsPublic)];
        if (open.Length == 0)
        {
            throw new HttpRequestException($"{context.DnsEndPoint.Host} is {string.Join(", ", found.Take(3).Select(address => address.ToString()))}, which is no address of the internet (feeds.webhooks.allowPrivate lets webhooks reach others)");
        }

        Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(open, context.DnsEndPoint.Port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
