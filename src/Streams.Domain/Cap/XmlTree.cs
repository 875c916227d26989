using System.Text;
using System.Xml;

namespace Streams.Domain.Cap;

/// <summary>An element as it stands in the document, with its line. Comments and processing instructions are gone.</summary>
internal sealed class XmlTree(string name, string space, int line, XmlTree? parent)
{
    private string _text = "";
    private StringBuilder? _more;
    private List<XmlTree>? _children;

    public string Name { get; } = name;

    public string Namespace { get; } = space;

    public int Line { get; } = line;

    public XmlTree? Parent { get; } = parent;

    public IReadOnlyList<XmlTree> Children => _children ?? [];

    /// <summary>Without declarations of namespaces.</summary>
    public List<(string Name, string Namespace, string Value)> Attributes { get; } = [];

    /// <summary>All characters directly in the element, white space included.</summary>
    public string Text
    {
        get
        {
            if (_more is not null)
            {
                _text = _more.ToString();
                _more = null;
            }

            return _text;
        }
    }

    /// <summary>Such as <c>/alert/info[2]/area</c>: numbered where there are several of the name.</summary>
    public string Path
    {
        get
        {
            if (Parent is null)
            {
                return "/" + Name;
            }

            int ordinal = 0;
            int count = 0;
            foreach (XmlTree sibling in Parent.Children)
            {
                if (sibling.Name == Name && sibling.Namespace == Namespace)
                {
                    count++;
                    ordinal = ReferenceEquals(sibling, this) ? count : ordinal;
                }
            }

            return count <= 1 ? $"{Parent.Path}/{Name}" : $"{Parent.Path}/{Name}[{ordinal}]";
        }
    }

    public IEnumerable<XmlTree> Named(string name) => Children.Where(child => child.Name == name);

    public XmlTree? First(string name) => Children.FirstOrDefault(child => child.Name == name);

    /// <summary>Reads a whole document. No DTD is processed, nothing is fetched.</summary>
    /// <returns>The root element, or why there is none.</returns>
    public static (XmlTree? Root, CapFinding? Fault) Read(ReadOnlyMemory<byte> document, CapLimits limits)
    {
        if (document.Length > limits.MaxBytes)
        {
            return (null, Refused("size", 0, $"the document has {document.Length} bytes", $"at most {limits.MaxBytes}"));
        }

        using var bytes = new MemoryStream(document.ToArray(), writable: false);
        using var reader = XmlReader.Create(bytes, Settings(limits));
        return Read(reader, limits);
    }

    /// <summary>The same for a document that stands as text within an element; lines and paths are those of the outer document.</summary>
    public static (XmlTree? Root, CapFinding? Fault) ReadWithin(XmlTree container, CapLimits limits)
    {
        using var text = new StringReader(container.Text.Trim());
        using var reader = XmlReader.Create(text, Settings(limits));
        return Read(reader, limits, container);
    }

    private static XmlReaderSettings Settings(CapLimits limits) => new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        MaxCharactersInDocument = limits.MaxBytes,
    };

    private static (XmlTree? Root, CapFinding? Fault) Read(XmlReader reader, CapLimits limits, XmlTree? container = null)
    {
        XmlTree? root = null;
        XmlTree? at = null;
        int before = container is null ? 0 : container.Line - 1;
        var lines = (IXmlLineInfo)reader;
        try
        {
            while (reader.Read())
            {
                switch (reader.NodeType)
                {
                    case XmlNodeType.Element:
                        if (reader.Depth >= limits.MaxDepth)
                        {
                            return (null, Refused("depth", before + lines.LineNumber, $"more than {limits.MaxDepth} elements stand within each other", $"at most {limits.MaxDepth}"));
                        }

                        var element = new XmlTree(reader.LocalName, reader.NamespaceURI, before + lines.LineNumber, at ?? container);
                        bool isEmpty = reader.IsEmptyElement;
                        element.TakeAttributes(reader);
                        root ??= element;
                        at?.Add(element);
                        at = isEmpty ? at : element;
                        break;
                    case XmlNodeType.EndElement:
                        at = ReferenceEquals(at, root) ? null : at!.Parent;
                        break;
                    case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                        at?.Add(reader.Value);
                        break;
                    default:
                        break;
                }
            }

            return (root, null);
        }
        catch (XmlException fault) when (fault.Message.Contains("DTD", StringComparison.Ordinal))
        {
            return (null, Refused("dtd", before + fault.LineNumber, "there is a document type declaration (DTD)", "leave it out: it is not processed, and nothing it names is fetched"));
        }
        catch (XmlException fault)
        {
            return (null, Refused("not-well-formed", before + fault.LineNumber, "the document is not well-formed XML: " + fault.Message, "XML 1.0 in the encoding that its declaration names"));
        }
    }

    private void Add(XmlTree child) => (_children ??= []).Add(child);

    private void Add(string text)
    {
        if (_text.Length == 0 && _more is null)
        {
            _text = text;
            return;
        }

        _more ??= new StringBuilder(_text);
        _more.Append(text);
    }

    private void TakeAttributes(XmlReader reader)
    {
        while (reader.MoveToNextAttribute())
        {
            if (reader.NamespaceURI != "http://www.w3.org/2000/xmlns/")
            {
                Attributes.Add((reader.LocalName, reader.NamespaceURI, reader.Value));
            }
        }

        reader.MoveToElement();
    }

    private static CapFinding Refused(string rule, int line, string what, string allowed) => new(CapFindingKind.Refused, rule, line, "", what, allowed);
}
