using System.Buffers;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Streams.Node.Configuration;

/// <summary>A YAML value with its place. Closed: scalar, list, map, or one that could not be read.</summary>
public abstract class YamlValue(YamlPlace place, int size)
{
    public YamlPlace Place { get; } = place;

    /// <summary>Values in it, itself included, with every alias counted as what it stands for.</summary>
    internal int Size { get; } = size;
}

/// <param name="text">As written, quotes and escapes resolved.</param>
/// <param name="quoted">In quotes or a block: certainly text, never a number or a boolean.</param>
public sealed class YamlScalar(YamlPlace place, string text, bool quoted) : YamlValue(place, 1)
{
    public string Text { get; } = text;

    public bool Quoted { get; } = quoted;

    public bool IsEmpty => !Quoted && (Text is "" or "~" or "null");
}

/// <summary>Stands where a value could not be read. The fault is reported already, so whoever asks for the value says nothing more.</summary>
public sealed class YamlBroken(YamlPlace place) : YamlValue(place, 1);

public sealed class YamlList(YamlPlace place, IReadOnlyList<YamlValue> items, int size) : YamlValue(place, size)
{
    public IReadOnlyList<YamlValue> Items { get; } = items;
}

/// <summary>Keys in the order of the file; of a repeated key the first stays, and the repeat is a fault.</summary>
public sealed class YamlMap(YamlPlace place, IReadOnlyList<(YamlScalar Key, YamlValue Value)> entries, int size) : YamlValue(place, size)
{
    public IReadOnlyList<(YamlScalar Key, YamlValue Value)> Entries { get; } = entries;
}

/// <summary>
/// Reads YAML text into values that know their line. Bounded: text of at most 1 MB, 64 levels, 100,000 values with aliases
/// counted in full, so that no file can take the node's memory. Aliases are allowed within these bounds; an alias inside what it
/// names, tags, a second document and keys that are not plain names are faults.
/// </summary>
public sealed class YamlTree
{
    public const int MostBytes = 1 << 20;
    private const int MostLevels = 64;
    private const int MostValues = 100_000;

    private static readonly SearchValues<char> Control = SearchValues.Create(
        [.. Enumerable.Range(0, 0xa0).Select(code => (char)code).Where(each => char.IsControl(each) && each is not ('\t' or '\n' or '\r' or '\u0085'))]);

    private readonly string _source;
    private readonly ConfigurationFaults _faults;
    private readonly Parser _parser;
    private readonly Dictionary<string, YamlValue> _anchors = [];
    private int _values;

    private YamlTree(string source, string text, ConfigurationFaults faults)
    {
        _source = source;
        _faults = faults;
        _parser = new Parser(new StringReader(text));
    }

    /// <summary>The document's value, or null when it can not be read at all (a fault says why).</summary>
    public static YamlValue? Parse(string source, string text, ConfigurationFaults faults)
    {
        if (text.Length > MostBytes)
        {
            faults.Add(new YamlPlace(source, 0, 0), "the file is longer than 1 MB", "allowed: at most 1,048,576 characters; split it");
            return null;
        }

        // Forbidden in YAML, and invisible wherever the text is shown.
        int control = text.AsSpan().IndexOfAny(Control);
        if (control >= 0)
        {
            faults.Add(PlaceOf(source, text, control), $"a control character (U+{(int)text[control]:X4}) stands here", "allowed: text, tabs and line ends");
            return null;
        }

        YamlTree tree = new(source, text, faults);
        try
        {
            return tree.Document();
        }
        catch (BoundExceeded bound)
        {
            faults.Add(bound.Place, bound.Message, bound.Allowed);
            return null;
        }
        catch (YamlException error)
        {
            Explain(source, error, text, faults);
            return null;
        }
        catch (InvalidOperationException)
        {
            // The scanner gives up on some broken flow lists and maps without saying where; the last thing it understood is near.
            faults.Add(tree.At(tree._parser.Current?.End ?? Mark.Empty), "this is not YAML from about here on", "expected keys, values, lists (-) and comments (#), indented with spaces");
            return null;
        }
    }

    private YamlValue? Document()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
        {
            _faults.Add(new YamlPlace(_source, 1, 1), "the file is empty", "expected keys and values");
            return null;
        }

        _parser.Consume<DocumentStart>();
        YamlValue root = Value(1);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out _))
        {
            _faults.Add(At(_parser.Current!.Start), "a second document begins here", "allowed: one document a file");
        }

        return root;
    }

    private YamlValue Value(int level)
    {
        ParsingEvent next = _parser.Consume<ParsingEvent>();
        YamlPlace place = At(next.Start);
        if (level > MostLevels)
        {
            throw new BoundExceeded(place, "nested too deeply", $"allowed: at most {MostLevels} levels");
        }

        if (next is AnchorAlias alias)
        {
            if (!_anchors.TryGetValue(alias.Value.Value, out YamlValue? target))
            {
                _faults.Add(place, $"*{alias.Value.Value} names no anchor that is complete above it", "allowed: an alias of an anchor (&name) that ended before");
                return new YamlBroken(place);
            }

            Count(place, target.Size);
            return target;
        }

        if (next is not NodeEvent node)
        {
            throw new YamlException(next.Start, next.End, "A value is missing here");
        }

        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            _faults.Add(place, $"the tag {node.Tag.Value} is not understood", "allowed: values without tags");
        }

        Count(place, 1);
        YamlValue value = node switch
        {
            Scalar scalar => new YamlScalar(place, scalar.Value, scalar.Style != ScalarStyle.Plain),
            SequenceStart => List(place, level),
            MappingStart => Map(place, level),
            _ => throw new YamlException(node.Start, node.End, "unexpected " + node.GetType().Name),
        };
        if (!node.Anchor.IsEmpty)
        {
            _anchors[node.Anchor.Value] = value;
        }

        return value;
    }

    private YamlList List(YamlPlace place, int level)
    {
        List<YamlValue> items = [];
        int size = 1;
        while (!_parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Value(level + 1));
            size += items[^1].Size;
        }

        return new YamlList(place, items, size);
    }

    private YamlMap Map(YamlPlace place, int level)
    {
        List<(YamlScalar, YamlValue)> entries = [];
        Dictionary<string, YamlPlace> seen = [];
        int size = 1;
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            YamlValue key = Value(level + 1);
            YamlValue value = Value(level + 1);
            size += key.Size + value.Size;
            if (key is not YamlScalar name)
            {
                _faults.Add(key.Place, "a key is a list or a map", "allowed: a name");
            }
            else if (seen.TryGetValue(name.Text, out YamlPlace first))
            {
                _faults.Add(name.Place, $"the key {name.Text} stands here again (first in line {first.Line})", "allowed: each key once");
            }
            else
            {
                seen.Add(name.Text, name.Place);
                entries.Add((name, value));
            }
        }

        return new YamlMap(place, entries, size);
    }

    private void Count(YamlPlace place, int values)
    {
        _values += values;
        if (_values > MostValues)
        {
            throw new BoundExceeded(place, "more values than a configuration file can hold", $"allowed: at most {MostValues:N0}, with each alias counted in full");
        }
    }

    private static YamlPlace PlaceOf(string source, string text, int index)
    {
        ReadOnlySpan<char> before = text.AsSpan(0, index);
        return new YamlPlace(source, before.Count('\n') + 1, index - before.LastIndexOf('\n'));
    }

    private YamlPlace At(in Mark mark) => new(_source, (int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));

    /// <summary>The parser's words, or plainer ones where a tab is to blame: YAML forbids them in indentation and editors hide them.</summary>
    private static void Explain(string source, YamlException error, string text, ConfigurationFaults faults)
    {
        string[] lines = text.TrimEnd().Split('\n');
        int line = (int)Math.Clamp(error.Start.Line, 1, lines.Length);

        // Where the parser itself speaks of a tab it may point at the beginning of all that the tab spoilt.
        bool saysSo = error.Message.Contains("tab", StringComparison.Ordinal);
        int tabbed = Array.FindIndex(lines, saysSo ? 0 : Math.Max(0, line - 2), each => each.TrimStart(' ').StartsWith('\t')) + 1;
        if (tabbed > 0 && (saysSo || tabbed <= line + 1))
        {
            faults.Add(new YamlPlace(source, tabbed, lines[tabbed - 1].IndexOf('\t', StringComparison.Ordinal) + 1), "a tab is used to indent", "allowed: spaces");
            return;
        }

        int column = line == error.Start.Line ? (int)Math.Max(error.Start.Column, 1) : lines[line - 1].Length + 1;
        faults.Add(
            new YamlPlace(source, line, column),
            $"this is not YAML: {error.Message.Trim().TrimEnd('.')}",
            "expected keys, values, lists (-) and comments (#), indented with spaces");
    }

    private sealed class BoundExceeded(YamlPlace place, string what, string allowed) : Exception(what)
    {
        public YamlPlace Place { get; } = place;

        public string Allowed { get; } = allowed;
    }
}
