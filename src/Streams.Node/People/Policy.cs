using System.Collections.Frozen;
using System.Collections.Immutable;
using Streams.Node.Configuration;

namespace Streams.Node.People;

/// <summary>
/// Answers "may this principal do this, and here?". The only place that does, wherever the principal comes from.
/// </summary>
public sealed class Policy
{
    /// <summary>Whoever is on the machine itself: everything.</summary>
    public const string LocalRole = "local";

    /// <summary>Whoever reaches a node that lets everybody in: everything but what outlives the visit or looks at what others did.</summary>
    public const string AnonymousRole = "anonymous";

    /// <summary>Another node, for somebody it has let in and noted.</summary>
    public const string NodeRole = "node";

    /// <summary>Roles that are not for <c>roles.yaml</c> to give.</summary>
    public static readonly ImmutableArray<string> OwnRoles = [LocalRole, AnonymousRole, NodeRole];

    private readonly FrozenDictionary<string, ImmutableHashSet<Permission>> _permissions;

    public Policy(ImmutableArray<Role> roles)
    {
        ImmutableHashSet<Permission> all = [.. Enum.GetValues<Permission>()];
        _permissions = roles.Select(role => (role.Name, role.Permissions))
            .Where(role => !OwnRoles.Contains(role.Name))
            .Append((LocalRole, all))
            .Append((AnonymousRole, all.Remove(Permission.ManagePeople).Remove(Permission.ReadAudit)))
            .Append((NodeRole, [Permission.Read, Permission.Operate]))
            .ToFrozenDictionary(role => role.Item1, role => role.Item2, StringComparer.Ordinal);
        Names = [.. roles.Select(role => role.Name)];
    }

    /// <summary>The roles that can be given, in the file's order.</summary>
    public ImmutableArray<string> Names { get; }

    public bool May(Principal who, Permission what) => who.Roles.Any(role => _permissions.TryGetValue(role, out ImmutableHashSet<Permission>? may) && may.Contains(what));

    /// <param name="area">Null for the whole city.</param>
    public bool May(Principal who, Permission what, string? area) => May(who, what) && who.Reaches(area);

    /// <summary>The roles of the file that may, for whoever may not.</summary>
    public IEnumerable<string> RolesThatMay(Permission what) => Names.Where(name => _permissions[name].Contains(what));

    /// <summary>Whether these roles on this area allow nothing that <paramref name="who"/> may not do.</summary>
    public bool Covers(Principal who, IEnumerable<string> roles, string? area) =>
        who.Reaches(area) && roles.All(role => _permissions.TryGetValue(role, out ImmutableHashSet<Permission>? may) && may.All(what => May(who, what)));

    /// <summary>As <c>roles.yaml</c> writes it: <c>manage_devices</c>.</summary>
    public static string NameOf(Permission what) => Spelling.SnakeCase(what.ToString());
}
