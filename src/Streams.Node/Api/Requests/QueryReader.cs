using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Primitives;
using Streams.Node.Configuration;

namespace Streams.Node.Api.Requests;

/// <summary>
/// Reads query parameters strictly: what is unknown, repeated, empty or of the wrong form is a complaint that says what is allowed, and
/// all complaints come in one answer (400). A request that misspells a filter must not be answered as if it had none.
/// </summary>
internal sealed partial class QueryReader(HttpContext context)
{
    public const int DefaultLimit = 100;
    public const int MaxLimit = 1_000;

    private readonly List<Complaint> _complaints = [];
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    public IReadOnlyList<Complaint> Complaints => _complaints;

    /// <summary>Null where absent.</summary>
    public string? Text(string name, int longest = 200)
    {
        _asked.Add(name);
        if (!context.Request.Query.TryGetValue(name, out StringValues values))
        {
            return null;
        }

        if (values.Count > 1)
        {
            Complain(name, "given more than once; allowed: once");
            return null;
        }

        string text = values.ToString();
        if (text.Length == 0 || text.Length > longest || text.Any(char.IsControl))
        {
            Complain(name, $"{Shown(text)}; allowed: 1 to {longest} printable characters, or leave it out");
            return null;
        }

        return text;
    }

    public string? Choice(string name, params ReadOnlySpan<string> allowed)
    {
        string? text = Text(name);
        if (text is null || allowed.Contains(text))
        {
            return text;
        }

        Complain(name, $"{Shown(text)}; allowed: {string.Join(", ", allowed.ToArray())}");
        return null;
    }

    /// <summary>Unix milliseconds of an RFC 3339 time; null where absent.</summary>
    public long? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        // "+" of an offset arrives as a space when the client did not encode it.
        text = text.Replace(' ', '+');
        if (Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time))
        {
            return time.ToUnixTimeMilliseconds();
        }

        Complain(name, $"{Shown(text)}; allowed: an RFC 3339 time with offset, such as 2026-11-22T10:15:00Z");
        return null;
    }

    public int Limit()
    {
        if (Text("limit") is not { } text)
        {
            return DefaultLimit;
        }

        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaxLimit)
        {
            return limit;
        }

        Complain("limit", $"{Shown(text)}; allowed: a whole number from 1 to {MaxLimit}");
        return DefaultLimit;
    }

    /// <summary>The place the page before ended at: a number to order by, and an id; null for the first page.</summary>
    public (long At, string Id)? After()
    {
        if (Text("after", 1_000) is not { } text)
        {
            return null;
        }

        if (Base64Url.IsValid(text) && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(':', 2) is [{ } at, { } id]
            && long.TryParse(at, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
        {
            return (number, id);
        }

        Complain("after", $"{Shown(text)}; allowed: the \"next\" of the page before, unchanged");
        return null;
    }

    public static string Next(long at, string id) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at}:{id}")));

    public void Complain(string name, string detail) => _complaints.Add(new Complaint(name, $"{name} is {detail}"));

    /// <summary>True when every parameter was understood; otherwise the answer is 400 with all complaints, and nothing more is to be done.</summary>
    public async Task<bool> IsGoodAsync()
    {
        foreach (string name in context.Request.Query.Keys)
        {
            if (!_asked.Contains(name))
            {
                _complaints.Add(new Complaint(
                    name,
                    $"{name} is not a parameter here{Spelling.DidYouMean(name, _asked)}; allowed: "
                    + (_asked.Count == 0 ? "none" : string.Join(", ", _asked.Order(StringComparer.Ordinal)))));
            }
        }

        if (_complaints.Count == 0)
        {
            return true;
        }

        await Problem.Write(
            context, StatusCodes.Status400BadRequest, "invalid-parameter", string.Join(" | ", _complaints.Select(each => each.Detail)), _complaints);
        return false;
    }

    private static string Shown(string text) => text.Length == 0 ? "empty" : text.Length > 60 ? text[..60] + "…" : text;

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
