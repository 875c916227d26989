using System.Security.Cryptography.Xml;
using System.Xml;

namespace Streams.Node.Feeds;

/// <summary>XML in the one form that is hashed and signed.</summary>
internal static class CanonicalXml
{
    private const string Declarations = "http://www.w3.org/2000/xmlns/";

    /// <summary>Reads without a DTD and without fetching anything; white space is kept, as it is signed.</summary>
    /// <exception cref="XmlException">Not well-formed, or with a DTD.</exception>
    public static XmlDocument Load(ReadOnlyMemory<byte> bytes, int mostCharacters)
    {
        using var stream = new MemoryStream(bytes.ToArray(), writable: false);
        using var reader = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null, MaxCharactersInDocument = mostCharacters });
        var document = new XmlDocument { PreserveWhitespace = true, XmlResolver = null };
        document.Load(reader);
        return document;
    }

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
