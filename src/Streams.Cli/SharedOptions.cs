using System.CommandLine;
using System.Diagnostics.CodeAnalysis;
using Streams.Cli.Commands;
using Streams.Cli.Server;

namespace Streams.Cli;

/// <summary>How a command's result is written.</summary>
public enum OutputForm
{
    Table,
    Json,
}

/// <summary>The options that every command takes.</summary>
internal sealed class SharedOptions
{
    public SharedOptions(TimeProvider time)
    {
        Time = time;
        Output = Lists.Read(
            "--output",
            "table|json",
            "How to write the result: table (default) for people, json as the server gave it.",
            text => text switch
            {
                "table" => (true, OutputForm.Table),
                "json" => (true, OutputForm.Json),
                _ => default,
            },
            "neither table nor json");
        Output.Aliases.Add("-o");
        Server = Lists.Read<Uri?>(
            "--server",
            "URL",
            "Any node of the cluster. Default http://127.0.0.1:8080, or the environment variable STREAMS_SERVER.",
            text => TryServer(text, out Uri? url) ? (true, url) : default,
            "not a URL such as http://127.0.0.1:8080");
        Output.Recursive = Server.Recursive = true;
    }

    /// <summary>The clock that relative times and waits go by.</summary>
    public TimeProvider Time { get; }

    public Option<OutputForm> Output { get; }

    public Option<Uri?> Server { get; }

    public Option<string?> Token { get; } = new("--token")
    {
        Description = "Bearer token to act by. Default the environment variable STREAMS_TOKEN.",
        HelpName = "TOKEN",
        Recursive = true,
    };

    public IEnumerable<Option> All => [Output, Server, Token];

    public Uri ServerOf(ParseResult parsed) =>
        parsed.GetValue(Server) ?? (Environment.GetEnvironmentVariable("STREAMS_SERVER") is not { Length: > 0 } text ? new Uri("http://127.0.0.1:8080")
            : TryServer(text, out Uri? url) ? url
            : throw new CommandFailedException(ExitStatus.Usage, $"STREAMS_SERVER: \"{text}\" is not a URL such as http://127.0.0.1:8080"));

    private static bool TryServer(string text, [NotNullWhen(true)] out Uri? url) => Uri.TryCreate(text, UriKind.Absolute, out url) && url.Scheme is "http" or "https";

    /// <param name="patience">Longest wait for an answer; null for the usual one.</param>
    public NodeClient Connect(ParseResult parsed, TimeSpan? patience = null) =>
        new(ServerOf(parsed), parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable("STREAMS_TOKEN"), patience);

    public bool WantsJson(ParseResult parsed) => parsed.GetValue(Output) == OutputForm.Json;
}
