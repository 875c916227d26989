using Streams.Node.Api.Endpoints;
using Streams.Node.People;

namespace Streams.Node.Api.Requests;

/// <summary>The area that a stored thing is about, for those who are bound to an area.</summary>
internal static class Concerning
{
    /// <summary>
    /// The document's scope. What is not there concerns nobody else, so it is as if it were in the asker's own area: the answer then says that it is not there, or the
    /// body says where it is to be.
    /// </summary>
    public static async Task<string?> DocumentAsync(HttpContext context, string collection, string id) =>
        await Task.Run(() => ApiSources.Of(context).Store.Get(collection, id)) is { } found ? found.Scope
            : (collection == DeviceEndpoints.Collection ? ApiSources.Of(context).Configuration.Register.Find(id)?.Area : null) ?? Principal.Of(context).Area;
}
