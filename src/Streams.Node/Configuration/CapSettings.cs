using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Streams.Node.Configuration;

/// <summary>What becomes of a document that nobody signed. A bad signature is refused in any case.</summary>
public enum UnsignedCap
{
    Accept,
    Refuse,
}

/// <summary>What is taken from other agencies, and what it means here.</summary>
public sealed record CapSettings
{
    /// <summary>Certificates of signers, or of the authorities behind them. Empty (default): no signature is good, so signed documents are refused.</summary>
    public ImmutableArray<X509Certificate2> Trust { get; init; } = [];

    /// <summary>Default: accept.</summary>
    public UnsignedCap Unsigned { get; init; } = UnsignedCap.Accept;

    /// <summary>
    /// The playbook for an event: by its code, a word or words of its name, or its category, without regard to case. Default: none, and the desk of incidents hears nothing.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Hazards { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary><c>cap</c> of <c>node.yaml</c>.</summary>
    internal static CapSettings Read(YamlSection section)
    {
        CapSettings defaults = new();
        ImmutableSortedDictionary<string, string>.Builder hazards = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.OrdinalIgnoreCase);
        YamlSection given = section.Section("hazards");
        foreach (string key in given.Keys.ToList())
        {
            string playbook = given.Required(key, Form.Text("^[a-z][a-z0-9-]{0,62}$", "a playbook's name, such as flood"));
            if (given.IsSound(key) && !hazards.TryAdd(key, playbook))
            {
                given.Fault(key, "is there with other capitals too", "each event once; capitals make no difference");
            }
        }

        return new CapSettings
        {
            Trust = section.MaybeText("trust", Form.Text(1_000)) is { } file ? Load(section, file) : defaults.Trust,
            Unsigned = section.Optional("unsigned", Form.Choice<UnsignedCap>(), defaults.Unsigned),
            Hazards = hazards.ToImmutable(),
        };
    }

    private static ImmutableArray<X509Certificate2> Load(YamlSection section, string file)
    {
        string path = Path.Combine(Path.GetDirectoryName(section.Place.Source) ?? "", file);
        X509Certificate2Collection found = [];
        try
        {
            found.ImportFromPemFile(path);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException)
        {
            section.Fault("trust", $"can't be read: {unreadable.Message}", "a file with certificates as PEM, its path relative to this file");
            return [];
        }

        if (found.Count == 0)
        {
            section.Fault("trust", "holds no certificate", "a file with certificates as PEM: -----BEGIN CERTIFICATE-----");
        }

        return [.. found];
    }
}
