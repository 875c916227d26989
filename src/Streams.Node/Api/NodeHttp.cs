using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Streams.Node.Api.Description;
using Streams.Node.Api.Endpoints;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;

namespace Streams.Node.Api;

/// <summary>The node's web server: Kestrel with bounds on everything a client can make it hold, and the API on it.</summary>
public static class NodeHttp
{
    internal const int MostInLine = 8 << 10;
    internal const int MostInHeaders = 32 << 10;
    internal const int MostHeaders = 64;

    /// <summary>Of an answer that its client does not read, in the kernel; left to itself that takes up to 4 MB, a thousand times with as many clients of the event stream.</summary>
    private const int MostUnreadInBytes = 256 << 10;

    /// <summary>A server ready to be started; its address is known after the start (port 0 takes a free one).</summary>
    /// <param name="loggers">Where its warnings and errors go; not disposed with it.</param>
    public static WebApplication Create(ApiSources sources, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = Begin(sources.Configuration.Node.Http, sources.Feeds.Settings.MaxStreams, loggers);
        builder.Services.AddStreamsApi(sources);
        WebApplication app = Build(builder);
        sources.Telemetry?.Serve(app);
        app.UseStreamsApi();
        app.MapStreamsApi();
        return app;
    }

    /// <summary>A server that only answers for a simulated city, whose readings go to a Kafka elsewhere.</summary>
    public static WebApplication Create(ISimulation simulation, HttpSettings http, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = Begin(http, 0, loggers);
        builder.Services.AddSingleton(simulation);
        builder.Services.AddSingleton(new Doorkeeper(http, new Policy([]), tokens: null, nodeSecret: null, denials: null));
        builder.Services.AddRouting();
        builder.Services.AddRequestTimeouts();
        WebApplication app = Build(builder);
        app.UseStreamsApi(http);
        ApiRoutes.Map(app, ScenarioEndpoints.Operations);
        return app;
    }

    private static WebApplication Build(WebApplicationBuilder builder)
    {
        WebApplication app = builder.Build();
        IDisposable listening = SpokenRefusals.Listen(app.Services.GetRequiredService<DiagnosticListener>());
        app.Lifetime.ApplicationStopped.Register(listening.Dispose);
        return app;
    }

    /// <param name="streams">Clients of the event stream, who stay: they have connections of their own, so that there are always some for what else is asked, health first.</param>
    private static WebApplicationBuilder Begin(HttpSettings http, int streams, ILoggerFactory loggers)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.WebHost.UseSockets(sockets => sockets.CreateBoundListenSocket = endpoint =>
        {
            Socket socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            socket.SendBufferSize = MostUnreadInBytes;
            return socket;
        });
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(IPAddress.Parse(http.Address), http.Port, listen =>
            {
                // Without TLS there is no agreeing on another version.
                listen.Protocols = HttpProtocols.Http1;
                SpokenRefusals.On(listen);
            });
            Bound(kestrel.Limits, http, streams);
        });
        return builder;
    }

    private static void Bound(KestrelServerLimits limits, HttpSettings http, int streams)
    {
        limits.MaxRequestBodySize = http.MaxBodyInBytes;
        limits.MaxConcurrentConnections = http.MaxConnections + streams;
        limits.MaxConcurrentUpgradedConnections = http.MaxConnections;
        limits.MaxRequestLineSize = MostInLine;
        limits.MaxRequestHeadersTotalSize = MostInHeaders;
        limits.MaxRequestHeaderCount = MostHeaders;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        limits.KeepAliveTimeout = TimeSpan.FromMinutes(2);
    }
}
