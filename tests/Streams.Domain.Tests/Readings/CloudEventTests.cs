using System.Text;
using System.Text.Json.Nodes;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

/// <summary>What makes an event valid, by CloudEvents 1.0 and the standards it names. Every event here carries a good reading.</summary>
public sealed class CloudEventTests
{
    private const long Now = 1795342800000; // 2026-11-22T10:20:00Z

    private static readonly JsonObject Good = JsonNode.Parse("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""")!.AsObject();

    [Theory]
    [InlineData("source", "/gateways/7")]
    [InlineData("source", "#fragment")]
    [InlineData("source", "urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66")]
    [InlineData("source", "mailto:cncf-wg-serverless@lists.cncf.io")]
    [InlineData("source", "1-555-123-4567")]
    [InlineData("source", "//[2001:db8::1]:8080/x?y=z")]
    [InlineData("source", "a%20b")]
    [InlineData("dataschema", "https://example.com/reading.json")]
    [InlineData("dataschema", "urn:schema:reading")]
    [InlineData("time", "2018-04-05T17:31:00Z")]
    [InlineData("time", "2018-04-05t17:31:00.000000000z")]
    [InlineData("time", "2018-04-05T17:31:00.123456789+05:30")]
    [InlineData("time", "1985-04-12T23:59:60Z")]
    [InlineData("time", "0001-01-01T00:00:00Z")]
    [InlineData("datacontenttype", "application/json")]
    [InlineData("datacontenttype", "application/json; charset=utf-8")]
    [InlineData("datacontenttype", "application/vnd.city.reading+json;version=1 ; note=\"a; \\\"b\\\"\"")]
    [InlineData("subject", "d")]
    [InlineData("subject", "\u00e9t\u00e9 \U0001f600")]
    [InlineData("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
    [InlineData("comexampleextension1", "")]
    [InlineData("a", "x")]
    [InlineData("9", "x")]
    public void A_valid_attribute_lets_the_reading_through(string name, string value)
    {
        Assert.Null(RefusalOf(name, JsonValue.Create(value)));
        Assert.Null(BinaryRefusalOf(name, value));
    }

    [Theory]
    [InlineData("id", "")]
    [InlineData("type", "")]
    [InlineData("source", "")]
    [InlineData("source", "a b")]
    [InlineData("source", "\u00e9")]
    [InlineData("source", "a%2")]
    [InlineData("source", "a%zz")]
    [InlineData("source", "a#b#c")]
    [InlineData("source", "1:2")]
    [InlineData("source", "http://[::1")]
    [InlineData("source", "/a[1]")]
    [InlineData("source", "<x>")]
    [InlineData("specversion", "")]
    [InlineData("specversion", "1")]
    [InlineData("specversion", "1.0.2")]
    [InlineData("specversion", "0.3")]
    [InlineData("subject", "")]
    [InlineData("subject", "a\u0007b")]
    [InlineData("subject", "a\u0085b")]
    [InlineData("subject", "a\ufffeb")]
    [InlineData("subject", "a\ufdd0b")]
    [InlineData("time", "")]
    [InlineData("time", "lunchtime")]
    [InlineData("time", "2018-04-05")]
    [InlineData("time", "2018-04-05T17:31Z")]
    [InlineData("time", "2018-04-05T17:31:00")]
    [InlineData("time", "2018-04-05 17:31:00Z")]
    [InlineData("time", "2018-04-05T17:31:00+0530")]
    [InlineData("time", "2018-04-05T17:31:00+25:00")]
    [InlineData("time", "2018-04-05T17:31:00.Z")]
    [InlineData("time", "2018-02-30T17:31:00Z")]
    [InlineData("time", "2018-04-05T24:00:00Z")]
    [InlineData("datacontenttype", "")]
    [InlineData("datacontenttype", "json")]
    [InlineData("datacontenttype", "application/")]
    [InlineData("datacontenttype", "/json")]
    [InlineData("datacontenttype", "application/json;")]
    [InlineData("datacontenttype", "application/json; charset")]
    [InlineData("datacontenttype", "application/json; charset=\"utf-8")]
    [InlineData("datacontenttype", "application/js on")]
    [InlineData("dataschema", "")]
    [InlineData("dataschema", "/relative")]
    [InlineData("dataschema", "not a uri")]
    [InlineData("MyExtension", "x")]
    [InlineData("my-extension", "x")]
    [InlineData("my_extension", "x")]
    [InlineData("my.extension", "x")]
    [InlineData("\u00e9", "x")]
    [InlineData("extension", "\u0000")]
    public void An_invalid_attribute_is_refused_by_name(string name, string value)
    {
        Assert.Equal((RefusalReasons.InvalidCloudEvent, name), RefusalOf(name, JsonValue.Create(value)));
        Assert.Equal((RefusalReasons.InvalidCloudEvent, "ce_" + name), BinaryRefusalOf(name, value));
    }

    [Theory]
    [InlineData("extinteger", "10", true)]
    [InlineData("extinteger", "-2147483648", true)]
    [InlineData("extinteger", "2147483648", false)]
    [InlineData("extinteger", "1.0", false)]
    [InlineData("extinteger", "1e2", false)]
    [InlineData("extboolean", "true", true)]
    [InlineData("extobject", "{\"a\":1}", false)]
    [InlineData("extarray", "[]", false)]
    [InlineData("extnull", "null", true)]
    [InlineData("subject", "null", true)]
    [InlineData("time", "null", true)]
    [InlineData("datacontenttype", "null", true)]
    [InlineData("dataschema", "null", true)]
    [InlineData("data_base64", "null", true)]
    [InlineData("data_base64", "\"e30=\"", false)]
    [InlineData("data_base64", "{}", false)]
    [InlineData("id", "null", false)]
    [InlineData("id", "25", false)]
    [InlineData("source", "{}", false)]
    [InlineData("subject", "true", false)]
    [InlineData("time", "1522949460", false)]
    [InlineData("specversion", "1.0", false)]
    public void Members_have_the_types_of_the_json_format(string name, string json, bool isValid)
    {
        (string, string)? refusal = RefusalOf(name, JsonNode.Parse(json));
        Assert.Equal(isValid ? null : (RefusalReasons.InvalidCloudEvent, name), refusal);
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"1","id":"2","source":"/","type":"t","data":{}}""", "id")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/","type":"t","data":{},"data":{}}""", "data")]
    [InlineData("""{"specversion":"1.0","id":"\ud800","source":"/","type":"t","data":{}}""", "id")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/","type":"t","data_base64":"@@"}""", "data_base64")]
    public void What_an_event_has_twice_or_can_not_be_decoded_is_refused(string json, string field)
    {
        Assert.False(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), ContentForm.CloudEventStructured, default, Now, new Reading(), out Refusal? refusal));
        Assert.Equal((RefusalReasons.InvalidCloudEvent, field), (refusal.Reason, refusal.Field));
    }

    private static (string Reason, string Field)? RefusalOf(string name, JsonNode? value)
    {
        JsonObject one = new() { ["specversion"] = "1.0", ["id"] = "1", ["source"] = "/gw", ["type"] = "t", ["data"] = Good.DeepClone() };
        one[name] = value;
        return ReadingParser.TryParse(Encoding.UTF8.GetBytes(one.ToJsonString()), ContentForm.CloudEventStructured, default, Now, new Reading(), out Refusal? refusal)
            ? null
            : (refusal.Reason, refusal.Field);
    }

    private static (string Reason, string Field)? BinaryRefusalOf(string name, string value)
    {
        CloudEventAttributes attributes = new("ce_");
        foreach ((string each, string given) in new Dictionary<string, string> { ["specversion"] = "1.0", ["id"] = "1", ["source"] = "/gw", ["type"] = "t", [name] = value })
        {
            attributes.Take(Encoding.UTF8.GetBytes(each), Encoding.UTF8.GetBytes(given));
        }

        return ReadingParser.TryParse(Encoding.UTF8.GetBytes(Good.ToJsonString()), ContentForm.CloudEventBinary, in attributes, Now, new Reading(), out Refusal? refusal)
            ? null
            : (refusal.Reason, refusal.Field);
    }
}
