using System.Text;
using System.Xml;
using System.Xml.Schema;
using Streams.Tests;

namespace Streams.Domain.Tests.Cap;

/// <summary>CAP documents of others, with what is expected of each, and the standard's schema.</summary>
internal static class CapConformance
{
    public static string Folder => RecordedData.Require("conformance", "cap");

    public static string[] In(string folder) =>
        [.. Directory.GetFiles(Path.Combine(Folder, folder)).Where(file => !file.EndsWith(".pem", StringComparison.Ordinal) && !file.EndsWith(".csv", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    public static string NameOf(string file) => $"{Path.GetFileName(Path.GetDirectoryName(file))}/{Path.GetFileName(file)}";

    /// <summary>Findings by rule that the manifest lists for a file.</summary>
    public static Dictionary<string, string[]> Manifest() =>
        Rows(File.ReadAllText(Path.Combine(Folder, "manifest.csv"))).Skip(1).ToDictionary(row => row[0], row => row[3].Split(' ', StringSplitOptions.RemoveEmptyEntries));

    public static Dictionary<string, string> Derived() =>
        Rows(File.ReadAllText(Path.Combine(Folder, "derived", "derived.csv"))).Skip(1).ToDictionary(row => row[0], row => row[1]);

    /// <returns>The first fault that the schema sees; null if there is none.</returns>
    public static string? SchemaFault(byte[] document)
    {
        var schemas = new XmlSchemaSet { XmlResolver = null };
        using (var xsd = XmlReader.Create(Path.Combine(Folder, "schemas", "CAP-v1.2.xsd")))
        {
            schemas.Add(null, xsd);
        }

        string? fault = null;
        var settings = new XmlReaderSettings { ValidationType = ValidationType.Schema, Schemas = schemas, XmlResolver = null };
        settings.ValidationFlags |= XmlSchemaValidationFlags.ReportValidationWarnings;

        // Of signatures there is no schema here, and CAP's wants none.
        settings.ValidationEventHandler += (_, found) =>
            fault ??= found.Severity == XmlSeverityType.Warning && !found.Message.Contains("alert'", StringComparison.Ordinal) ? null : found.Message;
        using var reader = XmlReader.Create(new MemoryStream(document), settings);
        while (reader.Read())
        {
        }

        return fault;
    }

    private static IEnumerable<List<string>> Rows(string text)
    {
        var row = new List<string>();
        var cell = new StringBuilder();
        bool quoted = false;
        foreach (char character in text)
        {
            switch (character)
            {
                case '"':
                    quoted = !quoted;
                    break;
                case ',' when !quoted:
                    row.Add(cell.ToString());
                    cell.Clear();
                    break;
                case '\n' when !quoted:
                    row.Add(cell.ToString());
                    cell.Clear();
                    yield return row;
                    row = [];
                    break;
                default:
                    cell.Append(character);
                    break;
            }
        }
    }
}
