using System.Runtime.CompilerServices;

namespace Streams.Domain.Devices;

/// <summary>
/// Marks of the last 16 values of a metric, to know a repeat by its time and value. Only values that are not newer than the newest
/// are looked up, so that the one chance in 2^32 of two marks being equal hits out-of-order readings only.
/// </summary>
[InlineArray(Kept)]
internal struct RepeatTags
{
    internal const int Kept = 16;

    private uint _first;

    internal readonly bool Contains(double value, long atInMs) =>
        ((ReadOnlySpan<uint>)this).Contains(Of(value, atInMs));

    internal void Add(double value, long atInMs, uint number) => this[(int)(number % Kept)] = Of(value, atInMs);

    private static uint Of(double value, long atInMs)
    {
        ulong mixed = ((ulong)BitConverter.DoubleToInt64Bits(value) * 0x9E37_79B9_7F4A_7C15UL) ^ ((ulong)atInMs * 0xD6E8_FEB8_6659_FD93UL);
        mixed = (mixed ^ (mixed >> 29)) * 0xBF58_476D_1CE4_E5B9UL;

        // 0 stands for an empty place.
        return Math.Max(1, (uint)(mixed >> 32));
    }
}
