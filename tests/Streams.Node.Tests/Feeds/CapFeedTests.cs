using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using System.Xml.Schema;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cap;
using Streams.Node.Feeds;
using Streams.Node.Tests.Api;
using Streams.Tests;

namespace Streams.Node.Tests.Feeds;

/// <summary>The feeds that are looked at: Atom, CAP documents, the map.</summary>
public sealed class CapFeedTests : IAsyncDisposable
{
    private static readonly XNamespace s_atom = "http://www.w3.org/2005/Atom";

    private readonly ApiServer _api = new(feeds: feeds => feeds with { BaseUrl = new Uri("https://alerts.example.org/city/"), SenderName = "Ville de Dijon" });

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_document_is_given_out_byte_for_byte_and_its_signature_is_good()
    {
        using X509Certificate2 signer = Signers.Ecdsa();
        _api.Say(SaidAlerts.Haze(), signer);
        byte[] stored = _api.Store.Get("cap", "dijon.centre.haze.001.1")!.Value.Body.ToArray();
        using HttpResponseMessage first = await AskAsync("/feeds/cap/dijon.centre.haze.001.1.xml");
        byte[] given = await first.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        Assert.Equal(stored, given);
        Assert.Equal("application/cap+xml", first.Content.Headers.ContentType!.ToString());
        Assert.Equal($"\"{Convert.ToHexStringLower(SHA256.HashData(given))}\"", first.Headers.ETag!.Tag);
        Assert.False(first.Headers.ETag.IsWeak);
        Assert.Contains("immutable", first.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Equal(SignatureState.Good, CapSignature.Verify(given, [signer], Signers.Now).State);
        Assert.Equal("Ville de Dijon", CapReader.Read(given).Alert!.Infos[0].SenderName);
        using HttpResponseMessage again = await AskAsync("/feeds/cap/dijon.centre.haze.001.1.xml", ("If-None-Match", first.Headers.ETag.Tag));
        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        using HttpRequestMessage head = new(HttpMethod.Head, "/feeds/cap/dijon.centre.haze.001.1.xml");
        using HttpResponseMessage headed = await _api.Client.SendAsync(head, TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, given.Length), (headed.StatusCode, (int)headed.Content.Headers.ContentLength!));
        await _api.GetAsync("/feeds/cap/dijon.centre.haze.001.2.xml", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_feed_is_good_atom_that_our_own_reader_takes()
    {
        _api.Say(SaidAlerts.Haze());
        _api.Say(SaidAlerts.Haze(revision: 2));
        _api.Say(SaidAlerts.Haze(revision: 3, state: AlertState.Cleared));
        byte[] feed = await BytesAsync("/feeds/cap.atom");
        CapDocument read = CapDocument.Read(feed);
        Assert.Equal((CapDocumentKind.AtomFeed, true, true, 3), (read.Kind, read.IsAccepted, read.IsIndex, read.Links));
        Assert.Empty(read.Findings);
        Validate(feed);
        XElement[] entries = Entries(feed);
        Assert.Equal(["Cancel", "Update", "Alert"], entries.Select(entry => entry.Elements(s_atom + "category").First().Attribute("term")!.Value));
        XElement link = entries[0].Element(s_atom + "link")!;
        Assert.Equal(("application/cap+xml", "https://alerts.example.org/city/feeds/cap/dijon.centre.haze.001.3.xml"), (link.Attribute("type")!.Value, link.Attribute("href")!.Value));
        Assert.Equal("Centre: haze 1 & <more>", entries[2].Element(s_atom + "title")!.Value);
        Assert.Equal("Since 11:00.\n\nStay in.", entries[2].Element(s_atom + "summary")!.Value);
        Assert.Equal("Centre : brume 1", Entries(await BytesAsync("/feeds/cap.atom?lang=fr-FR"))[2].Element(s_atom + "title")!.Value);
        Assert.Equal(3, entries.Select(entry => entry.Element(s_atom + "id")!.Value).Distinct().Count());
    }

    [Fact]
    public async Task Nothing_said_yet_is_a_feed_too()
    {
        byte[] feed = await BytesAsync("/feeds/cap.atom");
        Assert.True(CapDocument.Read(feed).IsAccepted);
        Validate(feed);
        Assert.Empty(Entries(feed));
    }

    [Fact]
    public async Task Pages_are_walked_there_and_back_and_nothing_is_left_out()
    {
        for (int number = 1; number <= 25; number++)
        {
            _api.Say(SaidAlerts.Haze(number));
        }

        List<string> there = [], back = [];
        byte[] page = await BytesAsync("/feeds/cap.atom?limit=10");
        string? url = "";
        while (url is not null)
        {
            there.AddRange(Entries(page).Select(Id));
            url = Link(page, "next");
            page = url is null ? page : await BytesAsync(Local(url));
        }

        Assert.Equal(Enumerable.Range(1, 25).Reverse().Select(number => $"urn:streams:streams:cap:dijon.centre.haze.{number:000}.1"), there);
        Assert.Equal(3, CountPages());
        while ((url = Link(page, "previous")) is not null)
        {
            page = await BytesAsync(Local(url));
            back.InsertRange(0, Entries(page).Select(Id));
        }

        Assert.Equal(there[..20], back);
        Assert.Equal("https://alerts.example.org/city/feeds/cap.atom?limit=10", Link(page, "first"));
        await _api.GetAsync("/feeds/cap.atom?after=MTo&before=MTo", HttpStatusCode.BadRequest);

        static string Id(XElement entry) => entry.Element(s_atom + "id")!.Value;
        int CountPages() => (there.Count + 9) / 10;
    }

    [Fact]
    public async Task A_page_that_is_known_is_not_sent_again_until_something_new_is_said()
    {
        _api.Say(SaidAlerts.Haze());
        using HttpResponseMessage first = await AskAsync("/feeds/cap.atom");
        string tag = first.Headers.ETag!.Tag;
        string modified = first.Content.Headers.LastModified!.Value.ToString("R");
        Assert.Equal(HttpStatusCode.NotModified, (await AskAsync("/feeds/cap.atom", ("If-None-Match", tag))).StatusCode);
        Assert.Equal(HttpStatusCode.NotModified, (await AskAsync("/feeds/cap.atom", ("If-Modified-Since", modified))).StatusCode);
        _api.Say(SaidAlerts.Haze(2));
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/feeds/cap.atom", ("If-None-Match", tag))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/feeds/cap.atom", ("If-Modified-Since", modified))).StatusCode);

        // Said a moment ago: another node may still have something older in hand.
        _api.Say(SaidAlerts.Haze(3) with { SentInMs = ApiServer.Now.AddSeconds(-5).ToUnixTimeMilliseconds() });
        using HttpResponseMessage fresh = await AskAsync("/feeds/cap.atom");
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("/feeds/cap.atom", ("If-Modified-Since", fresh.Content.Headers.LastModified!.Value.ToString("R")))).StatusCode);
    }

    [Fact]
    public async Task What_is_not_real_is_never_mixed_with_what_is()
    {
        _api.Say(SaidAlerts.Haze());
        _api.Say(SaidAlerts.Haze(2) with { Status = AlertStatus.Exercise });
        Assert.Equal("dijon.centre.haze.001", Assert.Single(Features(await _api.GetGeoAsync("/feeds/alerts.geojson"))).GetProperty("id").GetString());
        Assert.EndsWith("haze.001.1", Assert.Single(Entries(await BytesAsync("/feeds/cap.atom"))).Element(s_atom + "id")!.Value, StringComparison.Ordinal);
        Assert.EndsWith("haze.002.1", Assert.Single(Entries(await BytesAsync("/feeds/cap.atom?status=Exercise"))).Element(s_atom + "id")!.Value, StringComparison.Ordinal);
        Assert.Empty(Entries(await BytesAsync("/feeds/cap.atom?status=Test")));
        await _api.GetAsync("/feeds/cap.atom?status=Draft", HttpStatusCode.BadRequest);
        Assert.Empty(Entries(await BytesAsync("/feeds/cap.atom?area=dijon/nord")));
    }

    [Fact]
    public async Task The_map_has_rings_that_are_closed_and_run_counter_clockwise()
    {
        _api.Say(SaidAlerts.Haze());
        _api.Say(SaidAlerts.Haze(2, state: AlertState.Cleared));
        _api.Say(SaidAlerts.Haze(3) with { Place = null, State = AlertState.Acknowledged });
        JsonElement[] features = Features(await _api.GetGeoAsync("/feeds/alerts.geojson?lang=fr"));
        Assert.Equal(["dijon.centre.haze.001", "dijon.centre.haze.003"], features.Select(feature => feature.GetProperty("id").GetString()));
        double[][] ring = [.. features[0].GetProperty("geometry").GetProperty("coordinates")[0].EnumerateArray().Select(point => point.EnumerateArray().Select(number => number.GetDouble()).ToArray())];
        Assert.Equal((5, 5.02, 47.31), (ring.Length, ring[0][0], ring[0][1]));
        Assert.Equal(ring[0], ring[^1]);
        Assert.True(ring.Zip(ring.Skip(1)).Sum(edge => (edge.First[0] * edge.Second[1]) - (edge.Second[0] * edge.First[1])) > 0);
        Assert.Equal(JsonValueKind.Null, features[1].GetProperty("geometry").ValueKind);
        JsonElement properties = features[0].GetProperty("properties");
        Assert.Equal(("fr", "Centre : brume 1", "Severe"), (properties.GetProperty("language").GetString(), properties.GetProperty("headline").GetString(), properties.GetProperty("severity").GetString()));
    }

    [Theory]
    [InlineData("1,2 3,4")]
    [InlineData("1,2 3,4 x,5 1,2")]
    [InlineData("")]
    public void What_is_no_ring_is_none(string polygon) => Assert.Null(AlertMap.Ring(polygon));

    [Fact]
    public async Task A_circle_is_a_ring_on_the_map_beside_an_outline_another_polygon()
    {
        Alert haze = SaidAlerts.Haze();
        CapCircle circle = new(new CapPoint(47.32m, 5.03m), 1.5m);
        await using ApiServer api = new();
        api.Say(haze with { Place = new AreaDescription { Id = haze.Area }, Circle = circle });
        api.Say(SaidAlerts.Haze(2) with { Circle = circle });

        JsonElement[] shapes = [.. (await api.GetGeoAsync("/feeds/alerts.geojson")).GetProperty("features").EnumerateArray().OrderBy(each => each.GetProperty("id").GetString(), StringComparer.Ordinal).Select(each => each.GetProperty("geometry"))];

        Assert.Equal(["Polygon", "MultiPolygon"], shapes.Select(shape => shape.GetProperty("type").GetString()));
        double[][] ring = shapes[0].GetProperty("coordinates")[0].Deserialize<double[][]>()!;
        Assert.Equal(37, ring.Length);
        Assert.Equal(ring[0], ring[^1]);
        Assert.All(ring, corner => Assert.Equal(1.5, Kilometres(corner), 0.01));
        Assert.True(ring.Zip(ring.Skip(1)).Sum(side => (side.First[0] * side.Second[1]) - (side.Second[0] * side.First[1])) > 0, "clockwise");

        static double Kilometres(double[] corner) => Streams.Domain.Dispatch.DispatchMap.Metres(new(5.03, 47.32), new(corner[0], corner[1])) / 1000;
    }

    [Theory]
    [InlineData(AlertScope.Restricted)]
    [InlineData(AlertScope.Private)]
    public async Task Everybody_may_read_public_alerts_where_that_is_said_and_others_nobody_who_may_not(AlertScope scope)
    {
        Alert restricted = SaidAlerts.Haze(2) with { Scope = scope, Addresses = scope == AlertScope.Private ? ["ops@city.example"] : [] };
        await using ApiServer open = new(http => http with { Address = "0.0.0.0" }, feeds: feeds => feeds with { Public = true });
        open.Say(SaidAlerts.Haze());
        open.Say(restricted);
        open.Remote = IPAddress.Parse("192.0.2.1");
        foreach (string path in new[] { "/feeds/cap.atom", "/feeds/alerts.geojson" })
        {
            using HttpResponseMessage anonymous = await open.Client.GetAsync(path, TestContext.Current.CancellationToken);
            string seen = await anonymous.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(anonymous.StatusCode == HttpStatusCode.OK, seen);
            Assert.Contains("haze.001.1", seen, StringComparison.Ordinal);
            Assert.DoesNotContain("haze.002.1", seen, StringComparison.Ordinal);
            Assert.Contains("public", anonymous.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            using HttpRequestMessage wrong = new(HttpMethod.Get, path);
            wrong.Headers.Authorization = new("Bearer", "streams_nonsense");
            using HttpResponseMessage refused = await open.Client.SendAsync(wrong, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        }

        await open.GetAsync("/feeds/cap/dijon.centre.haze.002.1.xml", HttpStatusCode.NotFound);
        open.Remote = IPAddress.Loopback;
        using HttpResponseMessage local = await open.Client.GetAsync("/feeds/cap/dijon.centre.haze.002.1.xml", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.OK, true), (local.StatusCode, local.Headers.CacheControl!.Private));
        Assert.Equal(2, Entries(await open.Client.GetByteArrayAsync("/feeds/cap.atom", TestContext.Current.CancellationToken)).Length);

        _api.Remote = IPAddress.Parse("192.0.2.1");
        await _api.GetAsync("/feeds/cap.atom", HttpStatusCode.Unauthorized);
    }

    private static JsonElement[] Features(JsonElement map) => [.. map.GetProperty("features").EnumerateArray()];

    private static XElement[] Entries(byte[] feed) => [.. XDocument.Load(new MemoryStream(feed)).Root!.Elements(s_atom + "entry")];

    private static string? Link(byte[] feed, string relation) =>
        XDocument.Load(new MemoryStream(feed)).Root!.Elements(s_atom + "link").SingleOrDefault(link => link.Attribute("rel")!.Value == relation)?.Attribute("href")!.Value;

    private static string Local(string url) => url.Replace("https://alerts.example.org/city", "", StringComparison.Ordinal);

    private static void Validate(byte[] feed)
    {
        XmlSchemaSet schemas = new() { XmlResolver = null };
        foreach (string file in new[] { "xml.xsd", "atom.xsd" })
        {
            using var schema = XmlReader.Create(RecordedData.Require("conformance", "cap", "schemas", file), new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore });
            schemas.Add(null, schema);
        }

        List<string> faults = [];
        XDocument.Load(new MemoryStream(feed)).Validate(schemas, (_, fault) => faults.Add(fault.Message));
        Assert.Empty(faults);
    }

    private async Task<HttpResponseMessage> AskAsync(string path, params (string Name, string Value)[] headers)
    {
        using HttpRequestMessage request = new(HttpMethod.Get, path);
        foreach ((string name, string value) in headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private Task<byte[]> BytesAsync(string path) => _api.Client.GetByteArrayAsync(path, TestContext.Current.CancellationToken);
}
