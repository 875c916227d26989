using System.Text.RegularExpressions;

namespace Streams.Domain.Cap;

/// <summary>Holds a document against the schema: names, order, how often, and the form of each value. Reports everything that differs.</summary>
internal sealed partial class CapStructure(CapFindings findings)
{
    private const string SchemaInstance = "http://www.w3.org/2001/XMLSchema-instance";

    /// <summary>The namespace that the document's elements are in: CAP's, or the wrong one that was already reported at the root.</summary>
    private string _space = CapSchema.Namespace;

    public void Check(XmlTree alert)
    {
        _space = alert.Namespace;
        if (_space != CapSchema.Namespace)
        {
            findings.Refuse(alert, "namespace", _space.Length == 0 ? "the elements are in no namespace" : $"the elements are in the namespace {CapText.Shown(_space)}", $"xmlns=\"{CapSchema.Namespace}\"");
        }

        Check(alert, CapSchema.Alert);
    }

    private void Check(XmlTree element, CapContent content)
    {
        CheckAttributes(element, content);
        if (content.Kind == CapValueKind.Parts)
        {
            CheckParts(element, content.Parts);
            return;
        }

        if (element.Children.Count > 0)
        {
            findings.Refuse(element.Children[0], "element-in-text", $"<{element.Children[0].Name}> stands within <{element.Name}>", "text only; write < as &lt;");
            return;
        }

        CheckValue(element, content);
    }

    private void CheckAttributes(XmlTree element, CapContent content)
    {
        foreach ((string name, string space, string value) in element.Attributes)
        {
            bool isAllowed = space == SchemaInstance
                && (name is "schemaLocation" or "noNamespaceSchemaLocation"
                    || (name == "type" && content.Kind == CapValueKind.Text && (value == "string" || value.EndsWith(":string", StringComparison.Ordinal))));
            if (!isAllowed)
            {
                findings.Refuse(element, "attribute", $"<{element.Name}> has the attribute {name}", "CAP has no attributes");
            }
        }
    }

    private void CheckParts(XmlTree element, CapPart[] parts)
    {
        if (element.Text.AsSpan().ContainsAnyExcept(CapText.AnySpace))
        {
            findings.Refuse(element, "text-between-elements", $"text stands between the elements of <{element.Name}>: {CapText.Shown(element.Text.Trim())}", "elements only");
        }

        bool isAlert = ReferenceEquals(parts, CapSchema.Alert.Parts);
        var known = new List<(XmlTree Child, int Place)>();
        var counts = new int[parts.Length];
        foreach (XmlTree child in element.Children)
        {
            if (isAlert && child.Namespace == CapSchema.Signatures)
            {
                known.Add((child, parts.Length));
                continue;
            }

            int place = Array.FindIndex(parts, part => part.Name == child.Name);
            if (child.Namespace != _space)
            {
                findings.Refuse(child, "namespace", child.Namespace.Length == 0 ? $"<{child.Name}> is in no namespace" : $"<{child.Name}> is in the namespace {CapText.Shown(child.Namespace)}", $"elements of {CapSchema.Namespace}");
                if (place < 0 || CapSchema.VersionOf(child.Namespace) is not null)
                {
                    continue;
                }
            }

            if (place < 0)
            {
                findings.Refuse(child, "unknown-element", $"<{child.Name}> is no element of <{element.Name}>", "one of " + string.Join(", ", parts.Select(part => part.Name)));
                continue;
            }

            counts[place]++;
            if (counts[place] == (long)parts[place].Max + 1)
            {
                findings.Refuse(child, "too-often", $"<{child.Name}> stands more than once in <{element.Name}>", "at most one");
            }

            known.Add((child, place));
            Check(child, parts[place].Content);
        }

        CheckOrder(element, parts, known);
        for (int i = 0; i < parts.Length; i++)
        {
            if (counts[i] < parts[i].Min)
            {
                findings.Refuse(element, "missing-element", $"<{parts[i].Name}> is missing in <{element.Name}>", i == 0 ? "it comes first" : $"it comes after {parts[i - 1].Name}");
            }
        }
    }

    /// <summary>Of the children, as few as possible are named as out of place: those outside the longest run that is in order.</summary>
    private void CheckOrder(XmlTree element, CapPart[] parts, List<(XmlTree Child, int Place)> known)
    {
        // Patience: ends[k] is the child with the lowest place at which an ordered run of k + 1 can end.
        var ends = new List<int>();
        var before = new int[known.Count];
        for (int i = 0; i < known.Count; i++)
        {
            int low = 0;
            int high = ends.Count;
            while (low < high)
            {
                int middle = (low + high) / 2;
                (low, high) = known[ends[middle]].Place <= known[i].Place ? (middle + 1, high) : (low, middle);
            }

            before[i] = low == 0 ? -1 : ends[low - 1];
            if (low == ends.Count)
            {
                ends.Add(i);
            }
            else
            {
                ends[low] = i;
            }
        }

        if (ends.Count == known.Count)
        {
            return;
        }

        var inOrder = new HashSet<int>();
        for (int i = ends[^1]; i >= 0; i = before[i])
        {
            inOrder.Add(i);
        }

        for (int i = 0; i < known.Count; i++)
        {
            if (!inOrder.Contains(i))
            {
                (XmlTree child, int place) = known[i];
                string where = place == parts.Length ? "at the end" : place == 0 ? "first" : $"after {string.Join(", ", parts[..place].Select(part => part.Name))}";
                findings.Refuse(child, "order", $"<{child.Name}> stands at the wrong place in <{element.Name}>", "it comes " + where);
            }
        }
    }

    private void CheckValue(XmlTree element, CapContent content)
    {
        string value = element.Text;
        switch (content.Kind)
        {
            case CapValueKind.Word when !content.Words.Contains(value, StringComparer.Ordinal):
                findings.Refuse(element, "not-in-list", $"{element.Name} is {CapText.Shown(value)}", "exactly one of " + string.Join(", ", content.Words));
                break;
            case CapValueKind.Time when !CapText.TryTime(value, out _):
                findings.Refuse(element, "time-form", $"{element.Name} is {CapText.Shown(value)}", TimeAllowed(value));
                break;
            case CapValueKind.Language when value.Length > 0 && !LanguageForm().IsMatch(value.AsSpan().Trim(CapText.Space)):
                findings.Refuse(element, "language-form", $"{element.Name} is {CapText.Shown(value)}", "a language code such as en or fr-FR");
                break;
            case CapValueKind.Uri when !IsUri(value):
                findings.Refuse(element, "uri-form", $"{element.Name} is {CapText.Shown(value)}", "a URI");
                break;
            case CapValueKind.Integer when !long.TryParse(value.AsSpan().Trim(CapText.Space), System.Globalization.NumberStyles.AllowLeadingSign, System.Globalization.CultureInfo.InvariantCulture, out _):
                findings.Refuse(element, "integer-form", $"{element.Name} is {CapText.Shown(value)}", $"a whole number, at most {long.MaxValue}");
                break;
            case CapValueKind.Decimal when !CapText.TryNumber(value, out _):
                findings.Refuse(element, "decimal-form", $"{element.Name} is {CapText.Shown(value)}", "a decimal number without unit and exponent");
                break;
            default:
                break;
        }
    }

    private static string TimeAllowed(string value)
    {
        const string form = "such as 2026-11-22T10:15:30+01:00";
        string text = value.Trim();
        return text.EndsWith('Z') ? "a numeric offset; UTC is written -00:00, not Z"
            : text.Contains('.', StringComparison.Ordinal) ? "no fraction of a second, " + form
            : text.Length == 19 ? "an offset from UTC, " + form
            : "a time that exists, with a numeric offset, " + form;
    }

    /// <summary>An XML Schema URI reference: almost anything, relative ones included, but not two fragments.</summary>
    private static bool IsUri(string value)
    {
        string text = value.Trim([' ', '\t', '\n', '\r']);
        return text.IndexOf('#', StringComparison.Ordinal) == text.LastIndexOf('#')
            && (text.Length == 0 || Uri.TryCreate(text, UriKind.RelativeOrAbsolute, out _));
    }

    [GeneratedRegex("^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$", RegexOptions.ExplicitCapture)]
    private static partial Regex LanguageForm();
}
