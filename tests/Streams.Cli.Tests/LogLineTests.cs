using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Streams.Node;
using Streams.Runtime;
using Streams.Simulator.Living;

namespace Streams.Cli.Tests;

/// <summary>Event ids are what operators look a line up by: each is one line's, and the manual knows every line that is more than information.</summary>
public sealed partial class LogLineTests
{
    private static readonly LoggerMessageAttribute[] s_lines =
    [
        .. ((Assembly[])[typeof(ShardId).Assembly, typeof(NodeHost).Assembly, typeof(SimulatedCity).Assembly, typeof(ExitStatus).Assembly])
            .SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>())
            .OfType<LoggerMessageAttribute>(),
    ];

    [Fact]
    public void No_two_lines_have_one_event_id()
    {
        Assert.True(s_lines.Length > 30, $"only {s_lines.Length} lines");
        Assert.Empty(s_lines.GroupBy(line => line.EventId).Where(lines => lines.Count() > 1).Select(lines => $"{lines.Key}: {string.Join(" / ", lines.Select(line => line.Message))}"));
    }

    [Fact]
    public void The_manual_has_every_line_that_is_more_than_information_and_no_other()
    {
        string manual = File.ReadAllText(Path.Combine(Streams.Tests.RecordedData.RepositoryRoot, "docs", "operating.md"));
        var described = Row().Matches(manual).Select(row => (int.Parse(row.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), row.Groups[2].Value)).Order();
        var said = s_lines.Where(line => line.Level is LogLevel.None or >= LogLevel.Warning)
            .Select(line => (line.EventId, line.Level == LogLevel.None ? "as librdkafka says" : line.Level.ToString().ToLowerInvariant())).Order();
        Assert.Equal(said, described);
    }

    [Fact]
    public void Every_such_line_says_what_happens_next_in_a_sentence()
    {
        Assert.Empty(s_lines.Where(line => line.Level is >= LogLevel.Warning and not LogLevel.None && !line.Message.TrimEnd().EndsWith('.') && !line.Message.EndsWith('}')).Select(line => $"{line.EventId}: {line.Message}"));
    }

    [GeneratedRegex(@"^\| (\d{4}) \| ([a-z ]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
