using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streams.Cli.Tests;

/// <summary>A real HTTP server on a free port that gives prepared answers in the API's shapes, and keeps what it was asked.</summary>
public sealed class CannedNode : IAsyncLifetime
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, (int Status, string Body)> _answers = new();

    public CannedNode()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            string asked = context.Request.Path + context.Request.QueryString;
            Asked.Enqueue($"{context.Request.Method} {asked} {context.Request.Headers.Authorization}".Trim());
            (int status, string body) = _answers.TryGetValue(context.Request.Path, out (int, string) answer)
                ? answer
                : (404, """{"title":"Not Found","status":404}""");
            context.Response.StatusCode = status;
            context.Response.ContentType = status < 400 ? "application/json" : "application/problem+json";
            await context.Response.WriteAsync(body);
        });
    }

    public ConcurrentQueue<string> Asked { get; } = new();

    public string Url => _app.Urls.First();

    public void Answer(string path, string body, int status = 200) => _answers[path] = (status, body);

    public async ValueTask InitializeAsync() => await _app.StartAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
