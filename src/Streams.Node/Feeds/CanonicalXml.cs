using System.Security.Cryptography.Xml;
using System.Xml;
using Streams.Domain.Cap;

namespace Streams.Node.Feeds;

/// <summary>XML in the one form that is hashed and signed.</summary>
internal static class CanonicalXml
{
    private const string Declarations = "http://www.w3.org/2000/xmlns/";

    /// <summary>The canonical form sorts an element's attributes in a time that grows with the square of their number. CAP has none, signatures have one or two.</summary>
    private const int MostAttributes = 100;

    /// <summary>Reads without a DTD and without fetching anything; white space is kept, as it is signed.</summary>
    /// <exception cref="XmlException">Not well-formed, with a DTD, or beyond a limit.</exception>
    public static XmlDocument Load(ReadOnlyMemory<byte> bytes, CapLimits limits)
    {
        byte[] copy = bytes.ToArray();
        CheckLimits(copy, limits);
        using XmlReader reader = Reader(copy, limits);
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.Load(reader);
        return document;
    }

    /// <summary>Before there is a tree: what works on one goes into itself for each level, and the stack is not endless.</summary>
    private static void CheckLimits(byte[] bytes, CapLimits limits)
    {
        using XmlReader reader = Reader(bytes, limits);
        while (reader.Read())
        {
            if (reader.Depth > limits.MaxDepth)
            {
                throw new XmlException($"More than {limits.MaxDepth} elements stand within each other.");
            }

            if (reader.AttributeCount > MostAttributes)
            {
                throw new XmlException($"An element has {reader.AttributeCount} attributes; at most {MostAttributes} are taken.");
            }
        }
    }

    private static XmlReader Reader(byte[] bytes, CapLimits limits) => XmlReader.Create(
        new MemoryStream(bytes, writable: false),
        new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = limits.MaxBytes, CloseInput = true });

    /// <summary>The whole document without its signature and without comments.</summary>
    /// <param name="onlyRoot">True for a reference to the root's id: then processing instructions around it are no part of it.</param>
    public static byte[] Document(XmlDocument document, string method, IEnumerable<string> prefixes, bool onlyRoot)
    {
        var copy = (XmlDocument)document.CloneNode(deep: true);
        foreach (XmlElement signature in copy.DocumentElement!.ChildNodes.OfType<XmlElement>().Where(IsSignature).ToArray())
        {
            copy.DocumentElement.RemoveChild(signature);
        }

        if (onlyRoot)
        {
            foreach (XmlNode node in copy.ChildNodes.OfType<XmlNode>().Where(node => node is not XmlElement).ToArray())
            {
                copy.RemoveChild(node);
            }
        }

        return Apply(copy, method, prefixes);
    }

    /// <summary>An element in its place: namespaces that it inherits count as its own.</summary>
    public static byte[] Element(XmlElement element, string method, IEnumerable<string> prefixes)
    {
        var alone = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        var root = (XmlElement)alone.AppendChild(alone.ImportNode(element, deep: true))!;
        for (XmlElement? outer = element.ParentNode as XmlElement; outer is not null; outer = outer.ParentNode as XmlElement)
        {
            foreach (XmlAttribute declaration in outer.Attributes.OfType<XmlAttribute>().Where(attribute => attribute.NamespaceURI == Declarations))
            {
                if (!root.HasAttribute(declaration.LocalName, Declarations))
                {
                    root.SetAttributeNode((XmlAttribute)alone.ImportNode(declaration, deep: true));
                }
            }
        }

        return Apply(alone, method, prefixes);
    }

    /// <summary>A copy without texts that are white space only.</summary>
    public static XmlDocument WithoutIndentation(XmlDocument document)
    {
        var copy = (XmlDocument)document.CloneNode(deep: true);
        foreach (XmlNode blank in copy.SelectNodes("//text()")!.OfType<XmlNode>().Where(node => node is not XmlCDataSection && string.IsNullOrWhiteSpace(node.Value)).ToArray())
        {
            blank.ParentNode!.RemoveChild(blank);
        }

        return copy;
    }

    public static bool IsSignature(XmlElement element) => element is { LocalName: "Signature", NamespaceURI: SignatureAlgorithm.Namespace };

    private static byte[] Apply(XmlDocument document, string method, IEnumerable<string> prefixes)
    {
        Transform transform = SignatureAlgorithm.Plain(method) == SignatureAlgorithm.Exclusive
            ? new XmlDsigExcC14NTransform(includeComments: false, string.Join(' ', prefixes))
            : new XmlDsigC14NTransform(includeComments: false);
        transform.LoadInput(document);
        using var output = (Stream)transform.GetOutput(typeof(Stream));
        using var bytes = new MemoryStream();
        output.CopyTo(bytes);
        return bytes.ToArray();
    }
}
