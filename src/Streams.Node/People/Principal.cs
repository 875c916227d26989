using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Runtime.Audit;

namespace Streams.Node.People;

/// <summary>What vouches for a principal.</summary>
public enum PrincipalSource
{
    /// <summary>Nothing: <c>http.allowAnonymous</c> lets everybody in.</summary>
    Nobody,

    /// <summary>The request comes from this machine itself.</summary>
    Machine,

    /// <summary>A bearer token.</summary>
    Token,

    /// <summary>Another node of the cluster, for somebody it has let in.</summary>
    Cluster,
}

/// <summary>Who acts: a person, a system, or a node on somebody's behalf.</summary>
/// <param name="Name">Of the token; <c>local</c>, <c>anonymous</c> or <c>node</c> without one.</param>
/// <param name="Roles">Of <c>roles.yaml</c>, or one of <see cref="Policy"/>'s own.</param>
/// <param name="Area">Acts on this area and those below it; null for everywhere.</param>
/// <param name="Address">Where the request came from, as the connection says it.</param>
public sealed record Principal(string Name, ImmutableArray<string> Roles, PrincipalSource Source, string? Area = null, string Address = "")
{
    public const string LocalName = "local";
    public const string AnonymousName = "anonymous";
    public const string NodeName = "node";

    public static Principal Local(string address) => new(LocalName, [Policy.LocalRole], PrincipalSource.Machine, Address: address);

    public static Principal Anonymous(string address) => new(AnonymousName, [Policy.AnonymousRole], PrincipalSource.Nobody, Address: address);

    public static Principal Node(string address) => new(NodeName, [Policy.NodeRole], PrincipalSource.Cluster, Address: address);

    /// <summary>Who asked, where an operation that needs a permission answers.</summary>
    public static Principal Of(HttpContext context) => (Principal)context.Items[typeof(Principal)]!;

    /// <summary>Whether the area is one of theirs; a null one, the whole city, is only of those who are not bound to an area.</summary>
    public bool Reaches(string? area) => Area is null || (area is not null && AreaPath.IsWithin(area, Area));

    public AuditActor Actor => new(Name, Roles, Source.ToString().ToLowerInvariant(), Address);
}
