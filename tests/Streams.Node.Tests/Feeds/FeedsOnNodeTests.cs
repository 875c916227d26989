using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Xml.Linq;
using Streams.Domain.Cap;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Tests.Records;

namespace Streams.Node.Tests.Feeds;

/// <summary>The feeds of a running node that has lived through some hours of a city.</summary>
public sealed class FeedsOnNodeTests(CityRun city)
{
    private static readonly XNamespace s_atom = "http://www.w3.org/2005/Atom";

    [Fact]
    public async Task Each_state_of_each_public_alert_has_its_document_signed_by_the_nodes_own_certificate()
    {
        await city.Lived;
        string[] said = [.. city.Of(TopicSettings.Alerts).Select(each => JsonElement.Parse(each.Value).GetProperty("identifier").GetString()!)];
        Assert.NotEmpty(said);
        using var own = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(city.Node.DataFolder, SigningCertificate.OwnFile));
        List<string> listed = [];
        string? page = "/feeds/cap.atom?limit=50";
        while (page is not null)
        {
            byte[] feed = await city.Client.GetByteArrayAsync(page, TestContext.Current.CancellationToken);
            Assert.True(CapDocument.Read(feed).IsAccepted);
            XElement root = XDocument.Load(new MemoryStream(feed)).Root!;
            foreach (string href in root.Elements(s_atom + "entry").Select(entry => entry.Element(s_atom + "link")!.Attribute("href")!.Value))
            {
                Assert.StartsWith(city.Node.Address.ToString(), href, StringComparison.Ordinal);
                listed.Add(Uri.UnescapeDataString(href[(href.LastIndexOf('/') + 1)..^".xml".Length]));
            }

            page = root.Elements(s_atom + "link").SingleOrDefault(link => link.Attribute("rel")!.Value == "next")?.Attribute("href")!.Value;
        }

        // What areas said meanwhile may be more.
        Assert.Empty(said.Except(listed));
        foreach (string identifier in listed.Take(20))
        {
            byte[] document = await city.Client.GetByteArrayAsync($"/feeds/cap/{identifier}.xml", TestContext.Current.CancellationToken);
            Assert.True(CapReader.Read(document).IsAccepted);
            Assert.Equal(SignatureState.Good, CapSignature.Verify(document, [own], TimeProvider.System.GetUtcNow()).State);
        }
    }

    [Fact]
    public async Task The_map_shows_what_stands_and_the_stream_begins_with_it()
    {
        await city.Lived;
        using HttpResponseMessage map = await city.Client.GetAsync("/feeds/alerts.geojson", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, map.StatusCode);
        int standing = JsonElement.Parse(await map.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).GetProperty("features").GetArrayLength();
        using SseClient stream = await SseClient.OpenAsync(new HttpClient { BaseAddress = city.Node.Address }, "?standing=true");
        string[] told = await stream.IdentifiersAsync(Math.Min(standing, 3));
        Assert.Equal(told.Length, told.Distinct().Count());
        await stream.BegunAsync();
    }
}
