using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Streams.Domain.Windows;

/// <summary>Asks the processor to load memory that will be used soon, while something else is being done. Does nothing where it can not.</summary>
internal static class CacheLines
{
    private const int LineInBytes = 64;

    /// <summary>Loads <paramref name="length"/> bytes from <paramref name="start"/> on. A hint: should the object move meanwhile, nothing is lost but the hint.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static unsafe void Prefetch<T>(ref readonly T start, int length)
    {
        if (Sse.IsSupported)
        {
            ref byte first = ref Unsafe.As<T, byte>(ref Unsafe.AsRef(in start));
            for (int at = 0; at < length; at += LineInBytes)
            {
                Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.Add(ref first, at)));
            }
        }
    }
}
