using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Streams.Node.Feeds.Live;

/// <summary>How far somebody has heard: the first offset of each partition of <c>city.alerts</c> that they have not. Means the same on every node.</summary>
/// <param name="Lineage">Names the log that the offsets count in.</param>
internal sealed record FeedPosition(string Lineage, ImmutableArray<long> Next)
{
    /// <summary>Of a topic of a thousand partitions with large offsets.</summary>
    public const int LongestText = 21_000;

    private const int LineageLength = 12;

    public static string LineageOf(string incarnation, string topic) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{incarnation}\n{topic}")).AsSpan(0, LineageLength / 2));

    /// <summary>Null where it is not of the form that <see cref="ToString"/> has.</summary>
    public static FeedPosition? Parse(string text)
    {
        if (text.Length > LongestText || text.Split('-') is not [{ Length: LineageLength } lineage, { Length: > 0 } offsets] || !lineage.All(char.IsAsciiHexDigitLower))
        {
            return null;
        }

        ImmutableArray<long>.Builder next = ImmutableArray.CreateBuilder<long>();
        foreach (string part in offsets.Split('.'))
        {
            if (!long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out long offset))
            {
                return null;
            }

            next.Add(offset);
        }

        return new FeedPosition(lineage, next.ToImmutable());
    }

    /// <summary>Such as <c>0a1b2c3d4e5f-17.0.204.3</c>: safe in a header and in a URL.</summary>
    public override string ToString() => $"{Lineage}-{string.Join('.', Next.Select(offset => offset.ToString(CultureInfo.InvariantCulture)))}";
}
