using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Streams.Cli.Tests;

/// <summary>A real HTTP server on a free port that gives prepared answers in the API's shapes, and keeps what it was asked.</summary>
public sealed class CannedNode : IAsyncLifetime
{
    private const string NotFound = """{"title":"Not Found","status":404}""";
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<string, (int Status, string Body)>> _answers = new();

    public CannedNode()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(async context =>
        {
            string asked = context.Request.Path + context.Request.QueryString;
            using var reader = new StreamReader(context.Request.Body);
            string sent = await reader.ReadToEndAsync();
            Asked.Enqueue($"{context.Request.Method} {asked} {context.Request.Headers.Authorization}{sent}".Trim());
            if (asked.StartsWith("/slow", StringComparison.Ordinal))
            {
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            }

            (int status, string body) = Refused is { } refused ? (refused, NotFound)
                : _answers.TryGetValue(context.Request.Path, out Func<string, (int, string)>? answer) ? answer(asked)
                : (404, NotFound);
            context.Response.StatusCode = status;
            context.Response.ContentType = body.StartsWith('<') ? "text/html" : status < 400 ? "application/json" : "application/problem+json";
            await context.Response.WriteAsync(body);
        });
    }

    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>Answers everything with this status; null for the prepared answers.</summary>
    public int? Refused { get; set; }

    public string Url => _app.Urls.First();

    public void Answer(string path, string body, int status = 200) => _answers[path] = _ => (status, body);

    /// <param name="body">Made for each request anew, from its path and query.</param>
    public void Answer(string path, Func<string, string> body) => _answers[path] = asked => (200, body(asked));

    /// <summary>One answer after the other, the last one for good.</summary>
    public void AnswerInTurn(string path, params (int Status, string Body)[] answers)
    {
        int next = 0;
        _answers[path] = _ => answers[Math.Min(next++, answers.Length - 1)];
    }

    public async ValueTask InitializeAsync() => await _app.StartAsync();

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
