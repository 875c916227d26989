using Microsoft.Extensions.Primitives;
using Streams.Node.Api.Description;
using Streams.Node.Configuration;

namespace Streams.Node.Api.Requests;

/// <summary>
/// What a request says, read by its operation's parameters and strictly: what is unknown, repeated, empty or of the wrong form is a complaint that
/// says what is allowed, and all complaints come in one answer (400). A request that misspells a filter must not be answered as if it had none.
/// </summary>
internal sealed class Query
{
    /// <summary>Whoever got so much wrong is not helped by more.</summary>
    private const int MostComplaints = 20;

    private readonly HttpContext _context;
    private readonly object?[] _values;
    private readonly Operation _operation;
    private readonly List<Complaint> _complaints = [];

    private Query(HttpContext context, Operation operation)
    {
        _context = context;
        _operation = operation;
        _values = operation.Parameters.Count == 0 ? [] : new object?[operation.Parameters.Count];
    }

    /// <summary>Null where something was wrong: then that is answered already.</summary>
    public static async Task<Query?> ReadAsync(HttpContext context, Operation operation)
    {
        Query query = new(context, operation);
        query.ReadAll();
        if (query._complaints.Count == 0)
        {
            return query;
        }

        await query.RefuseAsync();
        return null;
    }

    /// <summary>The value given, or the parameter's default.</summary>
    public T Of<T>(Parameter<T> parameter)
    {
        for (int i = 0; i < _values.Length; i++)
        {
            if (ReferenceEquals(_operation.Parameters[i], parameter))
            {
                return _values[i] is { } value ? (T)value : parameter.Default;
            }
        }

        throw new InvalidOperationException($"{_operation.Id} reads {parameter.Name} and does not declare it.");
    }

    /// <summary>Answers that one more thing is wrong.</summary>
    public Task RefuseAsync(Parameter parameter, string detail)
    {
        Complain(parameter.Name, detail);
        return RefuseAsync();
    }

    private Task RefuseAsync() => Problem.Write(
        _context, StatusCodes.Status400BadRequest, "invalid-parameter", string.Join(" | ", _complaints.Select(each => each.Detail)), _complaints);

    private void ReadAll()
    {
        for (int i = 0; i < _values.Length; i++)
        {
            Parameter parameter = _operation.Parameters[i];
            _values[i] = _operation.IsInPath(parameter) ? parameter.Read((string)_context.Request.RouteValues[parameter.Name]!) : ReadOne(parameter);
        }

        foreach ((Parameter parameter, object? value) in _operation.Parameters.Zip(_values))
        {
            if (parameter.Begin is { } begin && value is long until && Of(begin) >= until)
            {
                Complain(parameter.Name, $"not after {begin.Name}; allowed: a later time");
            }
        }

        foreach (string name in _context.Request.Query.Keys)
        {
            if (_complaints.Count == MostComplaints)
            {
                break;
            }

            if (!_operation.Parameters.Any(each => each.Name == name && !_operation.IsInPath(each)))
            {
                string[] known = [.. _operation.Parameters.Where(each => !_operation.IsInPath(each)).Select(each => each.Name).Order(StringComparer.Ordinal)];
                string shown = Shown(name);
                _complaints.Add(new Complaint(
                    shown, $"{shown} is not a parameter here{Spelling.DidYouMean(name, known)}; allowed: {(known.Length == 0 ? "none" : string.Join(", ", known))}"));
            }
        }
    }

    private object? ReadOne(Parameter parameter)
    {
        if (!_context.Request.Query.TryGetValue(parameter.Name, out StringValues values))
        {
            return null;
        }

        if (values.Count > 1)
        {
            Complain(parameter.Name, "given more than once; allowed: once");
            return null;
        }

        string text = values.ToString();
        if (text.Length == 0 || text.Length > parameter.Longest || text.Any(char.IsControl))
        {
            Complain(parameter.Name, $"{Shown(text)}; allowed: 1 to {parameter.Longest} printable characters, or leave it out");
            return null;
        }

        object? value = parameter.Read(text);
        if (value is null)
        {
            Complain(parameter.Name, $"{Shown(text)}; allowed: {parameter.Allowed}");
        }

        return value;
    }

    private void Complain(string name, string detail) => _complaints.Add(new Complaint(name, $"{name} is {detail}"));

    private static string Shown(string text) => text.Length == 0 ? "empty" : text.Length > 60 ? text[..60] + "…" : text;
}
