using System.Collections.Immutable;
using Streams.Node.People;

namespace Streams.Node.Configuration;

/// <summary>What somebody may do. Closed: every request needs one of these.</summary>
public enum Permission
{
    /// <summary>See devices, areas, aggregates, anomalies, alerts.</summary>
    Read,

    /// <summary>Send readings.</summary>
    SendReadings,

    /// <summary>See refused input and have it handled again.</summary>
    RepairInput,

    /// <summary>Register, change and remove devices.</summary>
    ManageDevices,

    /// <summary>Issue, acknowledge and cancel alerts.</summary>
    HandleAlerts,

    /// <summary>Send other agencies' alerts.</summary>
    SendAlerts,

    /// <summary>Drain nodes, change the cluster, start scenarios in a simulated city.</summary>
    Operate,

    /// <summary>Give and end tokens.</summary>
    ManagePeople,

    /// <summary>See who did what.</summary>
    ReadAudit,
}

/// <summary>A named set of permissions.</summary>
public sealed record Role(string Name, ImmutableHashSet<Permission> Permissions);

/// <summary><c>roles.yaml</c>: roles by name, each with the list of what it may do.</summary>
public static class RolesFile
{
    public static ImmutableArray<Role> Read(YamlFile file)
    {
        ImmutableArray<Role>.Builder roles = ImmutableArray.CreateBuilder<Role>();
        foreach ((string name, YamlSection role) in file.Root.Section("roles").Entries(Form.SnakeCase))
        {
            if (Policy.OwnRoles.Contains(name))
            {
                file.Root.Section("roles").Fault(name, "is a name that Streams keeps for itself", "another name");
            }

            roles.Add(new Role(name, [.. role.List("may", Form.Choice<Permission>(), required: true)]));
            if (role.IsSound("may") && roles[^1].Permissions.IsEmpty)
            {
                role.Fault("may", "is empty", "one or more of " + Form.Choice<Permission>().Allowed["one of ".Length..]);
            }
        }

        file.Finish();
        return roles.ToImmutable();
    }
}
