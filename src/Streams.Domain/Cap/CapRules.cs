using System.Globalization;

namespace Streams.Domain.Cap;

/// <summary>What the standard says in words and its schema cannot see. Works on what is there, so that a faulty document gets all its findings at once.</summary>
internal sealed class CapRules(CapFindings findings)
{
    private const int PointsOfTriangle = 4;

    private int _infos;
    private int _areas;
    private int _points;

    public void Check(XmlTree alert)
    {
        CheckName(alert.First("identifier"));
        CheckName(alert.First("sender"));
        CheckTime(alert.First("sent"));
        CheckAudience(alert);
        CheckReferences(alert);
        CheckQuoted(alert.First("incidents"), "incident");
        string type = TextOf(alert, "msgType");
        string status = TextOf(alert, "status");
        if (IsBlank(alert, "note") && (status == "Exercise" || type == "Error"))
        {
            findings.Advise(alert, "note-missing", status == "Exercise" ? "an exercise has no note" : "an error has no note", status == "Exercise" ? "a note that names the exercise" : "a note that says why the message was refused");
        }

        XmlTree[] infos = [.. alert.Named("info")];
        if (infos.Length == 0 && type is "Alert" or "Update")
        {
            findings.Advise(alert, "no-info", $"a message of type {type} says nothing of the event", "at least one info");
        }

        _infos += infos.Length;
        if (_infos > findings.Limits.MaxInfos)
        {
            findings.Refuse(alert, "too-many-infos", $"{_infos} info blocks", $"at most {findings.Limits.MaxInfos}");
        }

        foreach (XmlTree info in infos)
        {
            CheckInfo(info, alert.First("sent"));
        }
    }

    private void CheckName(XmlTree? name)
    {
        if (name is null)
        {
            return;
        }

        if (name.Text.Length == 0)
        {
            findings.Refuse(name, "name-empty", $"{name.Name} is empty", "a name without spaces, commas, < and &");
        }
        else if (name.Text.Any(char.IsWhiteSpace) || name.Text.AsSpan().ContainsAny(CapText.NotInNames))
        {
            findings.Refuse(name, "name-characters", $"{name.Name} is {CapText.Shown(name.Text)}", "no spaces, commas, < and &");
        }
    }

    private void CheckAudience(XmlTree alert)
    {
        string scope = TextOf(alert, "scope");
        if (scope == "Restricted" && IsBlank(alert, "restriction"))
        {
            findings.Refuse(alert, "restriction-missing", "the scope is Restricted and no restriction is given", "a restriction that says to whom the message is limited");
        }
        else if (scope is "Public" or "Private" && !IsBlank(alert, "restriction"))
        {
            findings.Advise(alert.First("restriction")!, "restriction-unused", $"a restriction is given and the scope is {scope}", "scope Restricted, or no restriction");
        }

        CheckQuoted(alert.First("addresses"), "address");
        if (scope == "Private" && IsBlank(alert, "addresses"))
        {
            findings.Refuse(alert, "addresses-missing", "the scope is Private and no addresses are given", "the addresses it goes to, separated by spaces");
        }
    }

    private void CheckQuoted(XmlTree? list, string what)
    {
        if (list is not null && !CapText.TryQuotedWords(list.Text, out _))
        {
            findings.Refuse(list, "quotes-open", $"a double quote in {list.Name} is not closed", $"one {what} after the other, separated by spaces; in double quotes if it holds spaces");
        }
    }

    private void CheckReferences(XmlTree alert)
    {
        XmlTree? list = alert.First("references");
        string[] references = CapText.Words(list?.Text ?? "");
        string type = TextOf(alert, "msgType");
        if (references.Length == 0 && type is "Update" or "Cancel" or "Ack" or "Error")
        {
            findings.Refuse(list ?? alert, "references-missing", $"a message of type {type} names no earlier message", "references of the form sender,identifier,sent");
        }

        foreach (string text in references)
        {
            if (!CapText.TryReference(text, out CapReference? reference))
            {
                findings.Refuse(list!, "reference-form", $"the reference {CapText.Shown(text)}", "sender,identifier,sent, with the time as 2026-11-22T10:15:30+01:00");
                continue;
            }

            if (text.EndsWith("+00:00", StringComparison.Ordinal))
            {
                findings.Advise(list!, "reference-utc-as-plus-zero", $"the time of {CapText.Shown(text)}", "UTC is written -00:00");
            }

            if (reference.Value.Sender == TextOf(alert, "sender") && reference.Value.Identifier == TextOf(alert, "identifier"))
            {
                if (CapText.TryTime(TextOf(alert, "sent"), out DateTimeOffset sent) && sent == reference.Value.Sent)
                {
                    findings.Refuse(list!, "self-reference", "the message refers to itself", "earlier messages only");
                }
                else
                {
                    findings.Advise(list!, "identifier-used-again", "an earlier message of this sender has the same identifier", "an identifier of its own for each message");
                }
            }
        }
    }

    private void CheckInfo(XmlTree info, XmlTree? sentElement)
    {
        RequireText(info, "event", "event-empty", "the kind of event, in words");
        DateTimeOffset? sent = CheckTime(sentElement, advise: false);
        DateTimeOffset? effective = CheckTime(info.First("effective"));
        DateTimeOffset? onset = CheckTime(info.First("onset"));
        DateTimeOffset? expires = CheckTime(info.First("expires"));
        if (expires <= sent)
        {
            findings.Advise(info.First("expires")!, "expires-not-after-sent", "the information expires before it is sent", "a time after sent");
        }
        else if (expires < effective || expires < onset)
        {
            findings.Advise(info.First("expires")!, "expires-before-onset", "the information expires before it holds", "a time after effective and onset");
        }

        if (!IsBlank(info, "web") && !Uri.TryCreate(TextOf(info, "web").Trim(), UriKind.Absolute, out _))
        {
            findings.Advise(info.First("web")!, "web-relative", $"web is {CapText.Shown(TextOf(info, "web"))}", "a full, absolute URI");
        }

        foreach (XmlTree resource in info.Named("resource"))
        {
            CheckResource(resource);
        }

        XmlTree[] areas = [.. info.Named("area")];
        if (areas.Length == 0)
        {
            findings.Advise(info, "info-without-area", "no area is given", "the area it is about");
        }

        _areas += areas.Length;
        if (_areas > findings.Limits.MaxAreas && _areas - areas.Length <= findings.Limits.MaxAreas)
        {
            findings.Refuse(info, "too-many-areas", $"more than {findings.Limits.MaxAreas} areas", $"at most {findings.Limits.MaxAreas}");
        }

        foreach (XmlTree area in areas)
        {
            CheckArea(area);
        }
    }

    private void CheckResource(XmlTree resource)
    {
        if (IsBlank(resource, "uri") && IsBlank(resource, "derefUri"))
        {
            findings.Advise(resource, "resource-nowhere", "neither uri nor derefUri is given", "where the resource is, or the resource itself");
        }

        if (TextOf(resource, "mimeType") is var mime && !mime.Contains('/', StringComparison.Ordinal))
        {
            findings.Advise(resource, "mime-type-form", $"mimeType is {CapText.Shown(mime)}", "a media type such as image/png");
        }

        if (!IsBlank(resource, "digest") && TextOf(resource, "digest").Trim() is var digest && !(digest.Length == 40 && digest.All(char.IsAsciiHexDigit)))
        {
            findings.Advise(resource.First("digest")!, "digest-form", $"digest is {CapText.Shown(digest)}", "a SHA-1 digest, 40 hexadecimal digits");
        }

        if (TextOf(resource, "size").Trim().StartsWith('-'))
        {
            findings.Advise(resource.First("size")!, "size-negative", $"size is {TextOf(resource, "size")}", "a number of bytes");
        }
    }

    private void CheckArea(XmlTree area)
    {
        RequireText(area, "areaDesc", "area-desc-empty", "the area, in words");
        foreach (XmlTree shape in area.Children)
        {
            if (shape.Name == "polygon")
            {
                CheckPolygon(shape);
            }
            else if (shape.Name == "circle")
            {
                CheckCircle(shape);
            }
        }

        if (IsBlank(area, "polygon") && IsBlank(area, "circle") && area.First("geocode") is null)
        {
            findings.Advise(area, "area-no-geometry-or-geocode", "the area is given in words only", "a polygon, a circle or a geocode");
        }

        if (area.First("ceiling") is { } ceiling)
        {
            if (area.First("altitude") is not { } altitude)
            {
                findings.Refuse(ceiling, "ceiling-without-altitude", "a ceiling is given without an altitude", "an altitude before it");
            }
            else if (CapText.TryNumber(altitude.Text, out decimal low) && CapText.TryNumber(ceiling.Text, out decimal high) && high < low)
            {
                findings.Advise(ceiling, "ceiling-below-altitude", "the ceiling is below the altitude", "a ceiling above it");
            }
        }
    }

    private void CheckPolygon(XmlTree polygon)
    {
        string[] pairs = CapText.Words(polygon.Text);
        if (pairs.Length == 0)
        {
            findings.Advise(polygon, "polygon-empty", "the polygon is empty", "leave it out");
            return;
        }

        int before = _points;
        _points += pairs.Length;
        if (_points > findings.Limits.MaxPoints)
        {
            if (before <= findings.Limits.MaxPoints)
            {
                findings.Refuse(polygon, "too-many-points", $"more than {findings.Limits.MaxPoints} pairs of coordinates", $"at most {findings.Limits.MaxPoints} in all polygons together");
            }

            return;
        }

        var points = new CapPoint?[pairs.Length];
        for (int i = 0; i < pairs.Length; i++)
        {
            points[i] = CheckPoint(polygon, pairs[i], string.Create(CultureInfo.InvariantCulture, $"pair {i + 1}"));
        }

        if (pairs.Length < PointsOfTriangle)
        {
            findings.Refuse(polygon, "polygon-too-short", $"the polygon has {pairs.Length} {(pairs.Length == 1 ? "pair" : "pairs")}", "at least four, the last of them the first again");
        }

        if (points[0] is { } first && points[^1] is { } last && (first != last || pairs.Length == 1))
        {
            findings.Refuse(polygon, "polygon-open", $"the polygon begins with {pairs[0]} and ends with {pairs[^1]}", "the last pair is the first again");
        }
    }

    private void CheckCircle(XmlTree circle)
    {
        string[] words = CapText.Words(circle.Text);
        if (words.Length == 0)
        {
            findings.Advise(circle, "circle-empty", "the circle is empty", "leave it out");
            return;
        }

        if (words.Length != 2)
        {
            findings.Refuse(circle, "circle-form", $"the circle {CapText.Shown(circle.Text)}", "latitude,longitude and, after a space, a radius in km");
            return;
        }

        CheckPoint(circle, words[0], "the centre");
        if (!CapText.TryNumber(words[1], out decimal radius) || radius < 0)
        {
            findings.Refuse(circle, "circle-radius", $"the radius is {CapText.Shown(words[1])}", "a number of km, zero or more");
        }
    }

    private CapPoint? CheckPoint(XmlTree shape, string pair, string which)
    {
        if (!CapText.TryPoint(pair, out CapPoint point))
        {
            findings.Refuse(shape, "point-form", $"{which} is {CapText.Shown(pair)}", "latitude,longitude in degrees, such as 47.322,5.041");
            return null;
        }

        if (point.Latitude is < -90 or > 90 || point.Longitude is < -180 or > 180)
        {
            bool isSwapped = point.Longitude is >= -90 and <= 90 && point.Latitude is >= -180 and <= 180;
            findings.Refuse(shape, "point-range", $"{which} is {CapText.Shown(pair)}", "latitude from -90 to 90 first, then longitude from -180 to 180" + (isSwapped ? "; here they look swapped" : ""));
        }

        return point;
    }

    private void RequireText(XmlTree parent, string name, string rule, string allowed)
    {
        if (parent.First(name) is { Children.Count: 0 } element && string.IsNullOrWhiteSpace(element.Text))
        {
            findings.Refuse(element, rule, $"{name} is empty", allowed);
        }
    }

    private DateTimeOffset? CheckTime(XmlTree? element, bool advise = true)
    {
        if (element is null || !CapText.TryTime(element.Text, out DateTimeOffset time))
        {
            return null;
        }

        if (advise && element.Text.AsSpan().TrimEnd(CapText.Space).EndsWith("+00:00"))
        {
            findings.Advise(element, "utc-as-plus-zero", $"{element.Name} is {CapText.Shown(element.Text)}", "UTC is written -00:00");
        }

        return time;
    }

    private static string TextOf(XmlTree parent, string name) => parent.First(name)?.Text ?? "";

    /// <summary>No such child holds anything.</summary>
    private static bool IsBlank(XmlTree parent, string name) => parent.Named(name).All(child => string.IsNullOrWhiteSpace(child.Text));
}
