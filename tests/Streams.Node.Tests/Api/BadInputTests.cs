using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.Api;

namespace Streams.Node.Tests.Api;

/// <summary>
/// What no client should send, byte for byte over TCP to the real server: each is answered with a 4xx problem that says what is wrong, and the server
/// goes on. The requests are made from one seed.
/// </summary>
public sealed class BadInputTests : IAsyncDisposable
{
    private const int Seed = 20261122;
    private const int Rounds = 60;

    /// <summary>Only so that a hang fails the test and does not end it: an answer takes milliseconds.</summary>
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);

    private static readonly string[] Lists = ["devices", "areas", "anomalies", "alerts", "dead-letters", "devices/d/aggregates", "areas/a/aggregates"];

    private readonly ApiServer _settings = new(http => http with { Port = 0, MaxBodyInBytes = 64 << 10 });
    private readonly WebApplication _server;

    public BadInputTests() => _server = NodeHttp.Create(_settings.Sources, NullLoggerFactory.Instance);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _settings.DisposeAsync();
    }

    [Fact]
    public async Task Bad_requests_are_each_answered_with_what_is_wrong()
    {
        await _server.StartAsync(TestContext.Current.CancellationToken);
        IPEndPoint address = new(IPAddress.Loopback, new Uri(Assert.Single(_server.Urls)).Port);
        List<string> wrong = [];
        int count = 0;
        Requests requests = new(new Random(Seed));
        foreach ((string what, byte[] bytes) in requests.All(Rounds))
        {
            count++;
            if (await ComplaintAsync(address, bytes) is { } complaint)
            {
                wrong.Add($"{what}: {complaint}\n    {Shown(bytes)}");
            }
        }

        Assert.True(wrong.Count == 0, $"{wrong.Count} of {count}:\n{string.Join('\n', wrong.Take(30))}");
        Assert.InRange(count, 1_000, int.MaxValue);
        Assert.Null(await ComplaintAsync(address, Requests.Plain("GET /api/v1/nothing"), "Nothing is at /api/v1/nothing. What there is stands in /openapi/v1.json."));
    }

    [Theory]
    [InlineData("GET /api/v1/devices/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "target")]
    [InlineData("GET /api/v1/devices HTTP/1.1\r\n\r\n", "Host")]
    [InlineData("GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\na b: c\r\n\r\n", "header")]
    public async Task What_the_server_refuses_by_itself_is_named_too(string request, string named)
    {
        await _server.StartAsync(TestContext.Current.CancellationToken);
        using TcpClient client = new("127.0.0.1", new Uri(Assert.Single(_server.Urls)).Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(request), TestContext.Current.CancellationToken);
        using StreamReader answer = new(stream);
        string text = await answer.ReadToEndAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("HTTP/1.1 400 ", text, StringComparison.Ordinal);
        string detail = JsonDocument.Parse(text.Split("\r\n\r\n", 2)[1]).RootElement.GetProperty("detail").GetString()!;
        Assert.Contains(named, detail, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>What became of good requests on a bad line: some are still good, some no request any more; none may break the server.</summary>
    [Fact]
    public async Task Damaged_requests_break_nothing()
    {
        await _server.StartAsync(TestContext.Current.CancellationToken);
        IPEndPoint address = new(IPAddress.Loopback, new Uri(Assert.Single(_server.Urls)).Port);
        Random random = new(Seed);
        Requests requests = new(random);
        for (int i = 0; i < 1_500; i++)
        {
            byte[] bytes = requests.Damaged();
            using TcpClient client = new();
            using CancellationTokenSource hang = new(Hang);
            await client.ConnectAsync(address, hang.Token);
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync(bytes, hang.Token);
            client.Client.Shutdown(SocketShutdown.Send);
            using MemoryStream answer = new();
            try
            {
                await stream.CopyToAsync(answer, hang.Token);
            }
            catch (IOException)
            {
                // Closed on a request that never ends: nothing can be answered to that.
            }

            string text = Encoding.Latin1.GetString(answer.ToArray());
            Assert.False(text.Contains("HTTP/1.1 500", StringComparison.Ordinal), $"{Shown(bytes)}\n{text}");
        }

        Assert.Null(await ComplaintAsync(address, Requests.Plain("GET /api/v1/nothing")));
    }

    private static string Shown(byte[] bytes) => string.Concat(Encoding.Latin1.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 160))).Select(c => c is < ' ' or > '~' ? $"\\x{(int)c:x2}" : c.ToString()));

    /// <summary>What is wrong with the answer; null where nothing is.</summary>
    private static async Task<string?> ComplaintAsync(IPEndPoint address, byte[] request, string? detail = null)
    {
        using TcpClient client = new();
        using CancellationTokenSource hang = new(Hang);
        await client.ConnectAsync(address, hang.Token);
        NetworkStream stream = client.GetStream();
        string answer;
        try
        {
            await stream.WriteAsync(request, hang.Token);
            answer = await ReadAsync(stream, hang.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return e is IOException ? "the connection was closed without an answer" : "no answer";
        }

        string[] parts = answer.Split("\r\n\r\n", 2);
        string[] head = parts[0].Split("\r\n");
        if (parts.Length < 2 || !head[0].StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || !int.TryParse(head[0].AsSpan(9, 3), out int status))
        {
            return $"no answer of HTTP: {answer}";
        }

        if (status == 207)
        {
            using JsonDocument receipt = JsonDocument.Parse(parts[1]);
            return receipt.RootElement.GetProperty("accepted").GetInt32() == 0 && receipt.RootElement.GetProperty("refused").GetArrayLength() > 0 ? null : "taken";
        }

        if ((status is < 400 or > 499 && status != 505) || !head.Contains("Content-Type: application/problem+json"))
        {
            return answer;
        }

        if (request.AsSpan().StartsWith("HEAD "u8))
        {
            return null;
        }

        try
        {
            using JsonDocument problem = JsonDocument.Parse(parts[1]);
            string? says = problem.RootElement.GetProperty("detail").GetString();
            return problem.RootElement.GetProperty("status").GetInt32() == status && says?.Length > 12 && says.Length < 12_000 && (detail is null || says == detail)
                && problem.RootElement.GetProperty("type").GetString()!.StartsWith("urn:streams:problem:", StringComparison.Ordinal) ? null : answer;
        }
        catch (JsonException)
        {
            return answer;
        }
    }

    /// <summary>Head and body of one answer, by its content length.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream, CancellationToken stop)
    {
        MemoryStream answer = new();
        byte[] piece = new byte[8192];
        while (true)
        {
            int read = await stream.ReadAsync(piece, stop);
            answer.Write(piece, 0, read);
            string text = Encoding.UTF8.GetString(answer.GetBuffer(), 0, (int)answer.Length);
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0)
            {
                string length = text[..end].Split("\r\n").FirstOrDefault(each => each.StartsWith("Content-Length: ", StringComparison.Ordinal)) ?? "Content-Length: 0";
                int whole = Encoding.UTF8.GetByteCount(text.AsSpan(0, end + 4)) + int.Parse(length.AsSpan(16), CultureInfo.InvariantCulture);
                if (answer.Length >= whole || text.StartsWith("HTTP/1.1 405", StringComparison.Ordinal) || read == 0)
                {
                    return text;
                }
            }
            else if (read == 0)
            {
                return answer.Length == 0 ? throw new IOException("closed") : text;
            }
        }
    }

    /// <summary>Makes bad requests: <paramref name="random"/> chooses where there is a choice.</summary>
    private sealed class Requests(Random random)
    {
        private const string Good = """{"deviceId":"d1","time":"2026-11-22T10:15:30.250Z","type":"noise_meter","area":"dijon","metrics":{"laeq_1h":61.5}}""";

        public IEnumerable<(string What, byte[] Bytes)> All(int rounds)
        {
            for (int round = 0; round < rounds; round++)
            {
                string list = "/api/v1/" + Pick(Lists);
                yield return ("an unknown parameter", Plain($"GET {list}?{Word()}x={Word()}"));
                yield return ("a bad limit", Plain($"GET {list}?limit={Pick("0", "-1", "1001", "99999999999999999999", "1e3", "0x10", "ten", "1.5", "%20", "١", "NaN", "")}"));
                yield return ("a repeated parameter", Plain($"GET {list}?limit=5&limit=6"));
                yield return ("a bad cursor", Plain($"GET {list}?after={Pick("!!", "eHh4", "AAAA", "%00", "MTI6", Word() + "=", new string('A', 1001), "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTpp")[..]}&nothing=1"));
                yield return ("a bad time", Plain($"GET /api/v1/anomalies?{Pick("from", "to")}={Pick("yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-22", "0", "99999-01-01T00:00:00Z", "2026-11-22T10:15:00", "0000-00-00T00:00:00Z", "2026-11-22T25:00:00Z")}"));
                yield return ("a filter that nothing can meet", Plain($"GET /api/v1/{Pick("devices?area=", "alerts?area=", "anomalies?area=", "areas?under=")}{Pick("../etc", "/", "a//b", "Dijon", "a/", "%2e%2e", "dijon%5cx", "a%20b", "'%20OR%201=1--", "%25", "*")}"));
                yield return ("a name that none can be", Plain($"GET /api/v1/{Pick("devices?type=", "devices/d/aggregates?metric=", "dead-letters?reason=", "anomalies?device=")}{Pick("a%20b", "%22", "'%20OR%201=1--", "a%5cb", "é", "%F0%9F%98%80", "(x)")}"));
                yield return ("a span that ends before it begins", Plain($"GET /api/v1/{Pick("anomalies", "dead-letters", "devices/d/aggregates", "areas/a/aggregates")}?from=2026-11-22T10:15:00Z&to=2026-11-22T11:14:{random.Next(10, 60)}%2B01:00"));
                yield return ("a control character", Plain($"GET {list}?limit=5&after=%0{random.Next(1, 10)}"));
                yield return ("bad UTF-8 in a parameter", Plain($"GET {list}?{Pick("%ff", "%c0%af", "%ed%a0%80")}=1"));
                yield return ("an overlong value", Plain($"GET /api/v1/devices?area={new string('a', 201 + random.Next(5000))}"));
                yield return ("an overlong path", Plain($"GET /api/v1/devices/{new string('a', 7000 + random.Next(900))}"));
                yield return ("an overlong line", Plain($"GET /api/v1/devices/{new string('a', 9000 + random.Next(9000))}"));
                yield return ("a path trick", Plain($"GET {Pick("/api/v1/devices/../../../etc/passwd", "/api/v1/devices/%2e%2e/%2e%2e/nothing", "/..%2f..%2fetc/passwd", "/api//v1/devices/x", "//api/v1/devices", "/api/v1/devices/%00", "/api/v1/alerts/..%5c..%5cx", "/%2e%2e/%2e%2e/", "/schemas/..%2f..%2fsecret.json", "/schemas/%2e%2e.json", "/api/v1/areas/a%00b", "/.git/config", "/api/v1/devices/%ff%fe", "/api/v1/devices/%c0%ae%c0%ae", "/api/v1/devices/%", "/api/v1/devices/%zz", "/openapi/v1.json/x", "/./.", "/\\..\\")}"));
                yield return ("a wrong method", Plain($"{Pick("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "FOO")} {Pick("/health/live", "/metrics", "/api/v1/cluster", "/api/v1/alerts", "/openapi/v1.json", "/asyncapi.yaml", "/schemas/reading.json", "/api/v1/devices/x/aggregates", "/api/v1/areas")}", "Content-Length: 0"));
                yield return ("a wrong method", Plain($"{Pick("GET", "HEAD", "PUT", "DELETE", "PATCH")} /api/v1/readings", "Content-Length: 0"));
                yield return ("CONNECT", Plain("CONNECT 127.0.0.1:80"));
                yield return ("a wrong content type", Post("[]", Pick("text/plain", "application/xml", "application/json; charset=utf-16", "application/jsonx", "*/*", "application/", ";", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "\"json\"", "application/json, text/plain")));
                yield return ("an encoded body", Post("[]", "application/json", $"Content-Encoding: {Pick("gzip", "br", "identity, gzip", Word())}"));
                yield return ("no content type", Plain("POST /api/v1/readings", "Content-Length: 2") is var head ? [.. head, .. "[]"u8] : head);
                yield return ("broken JSON", Post(Good[..random.Next(1, Good.Length)]));
                yield return ("broken JSON", Post(Pick("", " ", "{", "[", "nul", "[1,]", "{\"a\":1}}", "[[[", "'a'", "\u0000", "{\"deviceId\":\"\u0001\"}", "//", "[1] [2]")));
                yield return ("deep JSON", Post(string.Concat(Enumerable.Repeat(Pick("[", "{\"a\":"), 65 + random.Next(20_000 / 5)))));
                yield return ("no reading", Post(Pick("17", "null", "\"reading\"", "true", "{}", "[1,2,3]", "[null]", "[[]]", "[{}]", "{\"deviceId\":1}", "{\"\\ud800\":1}", "{\"deviceId\":\"\\ud800\"}", "{\"metrics\":{\"\\udfff\":1}}", "{\"units\":{\"\\ud800\":\"m\"},\"metrics\":{\"a\":1}}")));
                yield return ("a huge number", Post(Good.Replace("61.5", Pick("1e999", "-1e999", new string('9', 400), "1" + new string('0', 4000) + ".5"), StringComparison.Ordinal)));
                yield return ("an impossible member", Post(Good.Replace("\"area\":\"dijon\"", Pick("\"area\":\"../x\"", "\"area\":\"Dijon\"", "\"area\":5", "\"area\":\"a//b\"", "\"location\":{\"type\":\"Point\",\"coordinates\":[1e400,0]}", "\"location\":[5,47]", "\"sequence\":-1", "\"sequence\":1e30", "\"units\":[]", "\"time\":\"2026-11-22T10:15:30Z\""), StringComparison.Ordinal)));
                yield return ("bad UTF-8", [.. Plain("POST /api/v1/readings", "Content-Type: application/json", "Content-Length: 5"), 0x22, Pick<byte>(0xff, 0xc0, 0x80, 0xf8), 0x41, 0x22, 0x20]);
                yield return ("mutated bytes", PostBytes(Mutated(Good)));
                yield return ("a bad registration", Put(Pick("", "{}", "[]", "null", "{\"type\":\"noise_meter\"}", "{\"type\":\"noise_meter\",\"area\":\"../x\"}", "{\"type\":\"noise_meter\",\"area\":\"x\",\"location\":{\"type\":\"Point\",\"coordinates\":[1e999,0]}}", "{\"\\ud800\":1}", "{\"type\":\"\\udc00\",\"area\":\"x\"}", "{\"type\":\"noise_meter\",\"area\":\"x\",\"name\":\"\\u0000\"}", "{\"type\":\"none\",\"area\":\"x\"}", new string('[', 70), Good)));
                yield return ("nothing to remove", Plain($"DELETE /api/v1/devices/{Pick(Word(), "%2e%2e", "a%2f..%2fb", "%ff", "", "x/aggregates")}", "Content-Length: 0"));
                yield return ("a broken event", Post(Pick("{}", "{\"specversion\":\"1.0\"}", "{\"specversion\":1.0,\"id\":\"1\",\"source\":\"/\",\"type\":\"t\",\"data\":{}}", "[]x", "{\"specversion\":\"1.0\",\"id\":\"\\ud800\",\"source\":\"/\",\"type\":\"t\",\"data\":{}}", "{\"specversion\":\"1.0\",\"id\":\"1\",\"source\":\"/\",\"type\":\"t\",\"data_base64\":\"!!\"}"), "application/cloudevents+json"));
                yield return ("a broken pack", Post(Pick("[{}]", "{}", "[{\"n\":\"a/b\",\"v\":\"x\"}]", "[{\"n\":\"a/b\",\"v\":1e999}]", "[{\"bn\":\"\\ud800\"}]", "[{\"n\":\"nothing\",\"v\":1}]", "[{\"n\":\"a/b\",\"v\":1,\"t\":1e300}]"), "application/senml+json"));
                yield return ("too long a body", Post(new string(' ', (64 << 10) + 1 + random.Next(1000))));
                yield return ("chunks of nonsense", [.. Plain("POST /api/v1/readings", "Content-Type: application/json", "Transfer-Encoding: chunked"), .. Encoding.ASCII.GetBytes(Pick("zz\r\n", "5\r\nab\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffffff\r\n", "2\r\n[]0\r\n\r\n"))]);
                yield return ("two lengths", Plain("POST /api/v1/readings", "Content-Type: application/json", "Content-Length: 2", "Content-Length: 3"));
                yield return ("a bad length", Plain("POST /api/v1/readings", "Content-Type: application/json", $"Content-Length: {Pick("-1", "abc", "99999999999999999999", "1.5", "0x2")}"));
                yield return ("another coding", Plain("POST /api/v1/readings", "Content-Type: application/json", $"Transfer-Encoding: {Pick("gzip", "chunked, gzip", "identity")}"));
                yield return ("header junk", Raw($"GET /api/v1/devices HTTP/1.1\r\nHost: localhost\r\n{Pick(": x", "a b: c", "novalue", "x\u0000y: 1", " folded: 1", "\u00ff: 1", "a\t: b")}\r\n\r\n"));
                yield return ("too many headers", Plain("GET /api/v1/devices", [.. Enumerable.Range(0, 70).Select(i => $"X-{i}: {i}")]));
                yield return ("too long headers", Plain("GET /api/v1/devices", $"X-Long: {new string('x', 33 << 10)}"));
                yield return ("no host", Raw("GET /api/v1/devices HTTP/1.1\r\n\r\n"));
                yield return ("a bad host", Raw($"GET /api/v1/devices HTTP/1.1\r\nHost: {Pick("a b", "evil.example", "[::1", "\u0001", "local host", "127.0.0.1/x", "@", "user@localhost", "localhost, evil.example")}\r\n\r\n"));
                yield return ("a foreign origin", Plain("POST /api/v1/readings", $"Origin: {Pick("http://evil.example", "null", "x", "file://")}", "Content-Length: 0"));
                yield return ("a bad request line", Raw(Pick("GET\r\n\r\n", "GET  HTTP/1.1\r\n\r\n", "\r\n\r\nFOO\r\n\r\n", "GET /\u0000 HTTP/1.1\r\n\r\n", "get / http/1.1\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n", "{\"deviceId\":1}\r\n\r\n", "G\u00e9T / HTTP/1.1\r\n\r\n", "GET api HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET http://[ HTTP/1.1\r\nHost: localhost\r\n\r\n", "* * *\r\n\r\n", "GET * HTTP/1.1\r\nHost: localhost\r\n\r\n")));
                yield return ("another protocol", Raw(Pick("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003\r\n\r\n", "SSH-2.0-OpenSSH_9\r\n\r\n", "*1\r\n$4\r\nPING\r\n\r\n")));
                yield return ("a dead letter's junk", Plain($"POST /api/v1/dead-letters/{Word()}/replay{Pick("", "/", "/x", "?force=true")}", "Content-Length: 0"));
            }
        }

        /// <summary>A good request with a few bytes changed, left out or put in.</summary>
        public byte[] Damaged()
        {
            List<byte> bytes =
            [
                .. Pick(
                    Plain("GET /api/v1/devices?area=dijon&limit=10&state=ok"), Plain("GET /api/v1/anomalies?from=2026-11-22T10:15:00Z&to=2026-11-23T10:15:00Z"),
                    Plain("GET /api/v1/areas/dijon/centre/aggregates?window=PT1H"), Post($"[{Good},{Good}]"), Post(Good), Plain("GET /schemas/reading.json"),
                    Post($$"""{"specversion":"1.0","id":"1","source":"/g","type":"t","data":{{Good}}}""", "application/cloudevents+json"),
                    Post("""[{"bn":"urn:dev:a/","bt":1795342530,"n":"air_temperature","u":"Cel","v":8.5}]""", "application/senml+json")),
            ];
            for (int i = random.Next(1, 6); i > 0; i--)
            {
                int at = random.Next(bytes.Count);
                switch (random.Next(3))
                {
                    case 0: bytes[at] = (byte)random.Next(256); break;
                    case 1: bytes.RemoveAt(at); break;
                    default: bytes.Insert(at, (byte)random.Next(256)); break;
                }
            }

            return [.. bytes];
        }

        public static byte[] Plain(string line, params string[] headers) =>
            Raw($"{line} HTTP/1.1\r\n{(headers.Any(each => each.StartsWith("Host:", StringComparison.Ordinal)) ? "" : "Host: localhost\r\n")}{string.Concat(headers.Select(each => each + "\r\n"))}\r\n");

        private static byte[] Raw(string text) => Encoding.Latin1.GetBytes(text);

        private static byte[] Post(string body, string contentType = "application/json", params string[] headers) =>
            PostBytes(Encoding.UTF8.GetBytes(body), contentType, headers);

        private static byte[] Put(string body) =>
            [.. Plain("PUT /api/v1/devices/d1", "Content-Type: application/json", $"Content-Length: {Encoding.UTF8.GetByteCount(body)}"), .. Encoding.UTF8.GetBytes(body)];

        private static byte[] PostBytes(byte[] body, string contentType = "application/json", params string[] headers) =>
            [.. Plain("POST /api/v1/readings", [$"Content-Type: {contentType}", $"Content-Length: {body.Length}", .. headers]), .. body];

        /// <summary>Unlike any JSON: what is changed is a bracket, a quote or a colon.</summary>
        private byte[] Mutated(string good)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(good);
            int[] marks = [.. Enumerable.Range(0, bytes.Length).Where(at => bytes[at] is (byte)'{' or (byte)'}' or (byte)'"' or (byte)':' or (byte)',')];
            bytes[marks[random.Next(marks.Length)]] = (byte)random.Next(128, 256);
            return bytes;
        }

        private string Word() => string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => (char)random.Next('a', 'z' + 1)));

        private T Pick<T>(params T[] from) => from[random.Next(from.Length)];
    }
}
