namespace Streams.Node.Configuration;

/// <summary>One thing wrong in the configuration: where, what, and what would be right.</summary>
/// <param name="Source">File name as the reader was given it, or the name of an environment variable.</param>
/// <param name="Line">From 1; 0 where a line means nothing (a missing file, an environment variable).</param>
/// <param name="Column">From 1; 0 as for the line.</param>
/// <param name="What">What is wrong, naming the key.</param>
/// <param name="Allowed">What may stand there instead.</param>
public sealed record ConfigurationFault(string Source, int Line, int Column, string What, string Allowed)
{
    /// <summary><c>file:line:column: what; allowed</c>, as editors and compilers write it.</summary>
    public override string ToString() =>
        (Line > 0 ? $"{Source}:{Line}:{Column}: {What}" : $"{Source}: {What}") + (Allowed.Length > 0 ? $"; {Allowed}" : "");
}

/// <summary>A spot that a fault can point at.</summary>
public readonly record struct YamlPlace(string Source, int Line, int Column);

/// <summary>Collects every fault of a run over the configuration, so that one look shows all that is to be mended.</summary>
public sealed class ConfigurationFaults
{
    /// <summary>A file of the wrong kind makes a fault a line; beyond this many nobody reads on.</summary>
    private const int Most = 200;

    private readonly List<ConfigurationFault> _faults = [];

    public int Count => _faults.Count;

    public ConfigurationFault Add(YamlPlace at, string what, string allowed)
    {
        ConfigurationFault fault = new(at.Source, at.Line, at.Column, what, allowed);
        if (_faults.Count < Most)
        {
            _faults.Add(fault);
        }

        return fault;
    }

    /// <summary>Takes back what turned out to follow from another fault.</summary>
    public void Remove(ConfigurationFault fault) => _faults.Remove(fault);

    /// <summary>By file, in the order the files were read, then by line.</summary>
    public IReadOnlyList<ConfigurationFault> InOrder()
    {
        List<string> sources = [.. _faults.Select(fault => fault.Source).Distinct()];
        return [.. _faults.Distinct().OrderBy(fault => sources.IndexOf(fault.Source)).ThenBy(fault => fault.Line).ThenBy(fault => fault.Column)];
    }
}
