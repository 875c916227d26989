using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Streams.Node.Tests.Api.Description;

/// <summary>The API as its OpenAPI document describes it, to hold answers against.</summary>
internal sealed partial class DescribedApi
{
    private readonly JsonObject _document;
    private readonly string _name;
    private readonly (string Path, Regex Form)[] _paths;

    public DescribedApi(byte[] document)
    {
        _document = JsonNode.Parse(document)!.AsObject();
        _name = "openapi-" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(document).AsSpan(0, 8));

        // What is longest is meant first: /devices/{id}/aggregates before /devices/{id}.
        _paths = [.. Paths.Select(each => each.Key).OrderByDescending(path => path.Length).Select(path => (path, FormOf(path)))];
        SchemaChecks.IfThere?.Add(_name, _document, closed: true);
    }

    public JsonObject Paths => _document["paths"]!.AsObject();

    /// <summary>The operation's description and the pointer to it; null for what the document does not have.</summary>
    public (string Pointer, JsonObject Operation)? Find(string method, string path)
    {
        string template = _paths.FirstOrDefault(each => each.Form.IsMatch(path)).Path;
        string verb = method.ToLowerInvariant() is "head" ? "get" : method.ToLowerInvariant();
        return template is not null && Paths[template]![verb] is JsonObject operation
            ? ($"/paths/{template.Replace("/", "~1", StringComparison.Ordinal)}/{verb}", operation)
            : null;
    }

    /// <summary>Fails the running test where the document does not say that this could be answered.</summary>
    public void Expects(string method, string path, int status, MediaTypeHeaderValue? media, string body)
    {
        if (Find(method, path) is not { } found)
        {
            Assert.True(status >= 400, $"{method} {path} is answered with {status} and not described.");
            Fits("/components/schemas/problem", body, method);
            return;
        }

        JsonNode? response = found.Operation["responses"]![status.ToString(System.Globalization.CultureInfo.InvariantCulture)];
        Assert.True(response is not null, $"{method} {path} is answered with {status}, which is not described: {body}");
        string pointer = $"{found.Pointer}/responses/{status}";
        if ((string?)response["$ref"] is { } reference)
        {
            pointer = reference[1..];
            response = reference[2..].Split('/').Aggregate((JsonNode)_document, (node, part) => node[part]!);
        }

        if (response["content"] is not JsonObject content)
        {
            Assert.Empty(body);
            return;
        }

        Assert.True(content.ContainsKey(media?.MediaType ?? ""), $"{method} {path} is answered with {media}, which is not described.");
        if (media!.MediaType!.EndsWith("json", StringComparison.Ordinal) && !body.Contains("\"stub\"", StringComparison.Ordinal))
        {
            Fits($"{pointer}/content/{media.MediaType.Replace("/", "~1", StringComparison.Ordinal)}/schema", body, method);
        }
    }

    private void Fits(string pointer, string body, string method)
    {
        if (method != "HEAD")
        {
            SchemaChecks.IfThere?.Fits($"{_name}#{pointer.Replace("{", "%7B", StringComparison.Ordinal).Replace("}", "%7D", StringComparison.Ordinal)}", body);
        }
    }

    private static Regex FormOf(string path) => new("^" + Placeholder().Replace(Regex.Escape(path).Replace("\\{", "{", StringComparison.Ordinal), ".+") + "$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant);

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Placeholder();
}

/// <summary>Holds every answer that passes against the description.</summary>
internal sealed class DescribedAnswers(Func<DescribedApi> api, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        HttpResponseMessage response = await base.SendAsync(request, cancellationToken);
        await response.Content.LoadIntoBufferAsync(cancellationToken);
        api().Expects(
            request.Method.Method, request.RequestUri!.AbsolutePath, (int)response.StatusCode, response.Content.Headers.ContentType,
            Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(cancellationToken)));
        return response;
    }
}
