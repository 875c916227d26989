using System.CommandLine;
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
    public SharedOptions()
    {
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
            text => Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? (true, url) : default,
            "not a URL such as http://127.0.0.1:8080");
        Output.Recursive = Server.Recursive = true;
    }

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
        parsed.GetValue(Server) ?? (Uri.TryCreate(Environment.GetEnvironmentVariable("STREAMS_SERVER"), UriKind.Absolute, out Uri? url) ? url : new Uri("http://127.0.0.1:8080"));

    public NodeClient Connect(ParseResult parsed) => new(ServerOf(parsed), parsed.GetValue(Token) ?? Environment.GetEnvironmentVariable("STREAMS_TOKEN"));
}
