using Streams.Domain.Readings;
using Streams.Runtime.Log;

namespace Streams.Node.Actors;

/// <summary>Headers of a record as a CloudEvent's attributes in binary mode.</summary>
internal static class EventHeaders
{
    /// <returns>True where a header begins as a CloudEvent's do.</returns>
    public static bool Take(in Record record, ref CloudEventAttributes attributes)
    {
        bool isEvent = false;
        for (int i = 0; record.TryGetHeader(i, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value); i++)
        {
            if (name.StartsWith("ce_"u8))
            {
                attributes.Take(name[3..], value);
                isEvent = true;
            }
        }

        return isEvent;
    }
}
