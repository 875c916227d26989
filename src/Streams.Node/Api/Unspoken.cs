using System.Buffers;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Node.Api.Endpoints;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>Devices and areas of which the configuration knows and nothing was heard yet.</summary>
internal static class Unspoken
{
    /// <summary>As the API shows it; null where the configuration knows nothing of it either.</summary>
    public static ReadOnlyMemory<byte>? Of(ClusterConfiguration configuration, string kind, string id)
    {
        ArrayBufferWriter<byte> body = new(512);
        if (kind == DeviceEndpoints.Kind && configuration.Register.Find(id) is { } device)
        {
            DeviceJson.WriteUnseen(body, device);
            return body.WrittenMemory;
        }

        if (kind == AreaEndpoints.Kind && configuration.AlertRules.Describe(id) is not null)
        {
            new Area(id).WriteJson(body, configuration.AlertRules, whole: true);
            return body.WrittenMemory;
        }

        return null;
    }

    /// <summary>The areas that complete the trees of cities from which something was heard; those of other configured cities are nobody's concern here.</summary>
    public static IEnumerable<Document> AreasBeside(IReadOnlyList<Document> heard, ApiSources sources, string? under)
    {
        HashSet<string> known = [.. heard.Select(row => row.Id)];
        foreach (IGrouping<string, AreaDescription> city in sources.Configuration.Areas.GroupBy(area => AreaPath.RootOf(area.Id)))
        {
            if (sources.Store.Query(new DocumentQuery(AreaEndpoints.Collection, ScopePrefix: city.Key, Limit: 1)).Count == 0)
            {
                continue;
            }

            foreach (AreaDescription area in city.Where(area => !known.Contains(area.Id) && (under is null || AreaPath.IsWithin(area.Id, under))))
            {
                ArrayBufferWriter<byte> body = new(256);
                new Area(area.Id).WriteJson(body, sources.Configuration.AlertRules, whole: false);
                yield return new Document(AreaEndpoints.Collection, area.Id, area.Id, "", "", 0, body.WrittenMemory);
            }
        }
    }
}
