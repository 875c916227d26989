using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Streams.Domain.Tests.Devices;

/// <summary>
/// Bytes of the garbage-collected heap that an object and all it alone refers to take. Summed object by object, for the heap of a
/// test process as a whole never stands still. Sizes are read where the runtime keeps them, in the method table.
/// </summary>
internal static class HeapSize
{
    /// <param name="isShared">True for what belongs to many: it is not counted, nor is what it refers to.</param>
    public static long Of(object root, Func<object, bool> isShared)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var waiting = new Stack<object>([root]);
        long total = 0;
        while (waiting.TryPop(out object? next))
        {
            if (isShared(next) || next is Type or Delegate || (next is string text && string.IsInterned(text) is not null) || !seen.Add(next))
            {
                continue;
            }

            total += SizeOf(next);
            if (next is Array array && !array.GetType().GetElementType()!.IsPrimitive)
            {
                foreach (object? element in array)
                {
                    Visit(element, array.GetType().GetElementType()!, waiting);
                }
            }
            else if (next is not (string or Array))
            {
                VisitFields(next, next.GetType(), waiting);
            }
        }

        return total;
    }

    private static void Visit(object? value, Type declared, Stack<object> waiting)
    {
        if (value is null || declared.IsPrimitive || declared.IsEnum || declared.IsPointer)
        {
            return;
        }

        if (declared.IsValueType)
        {
            VisitFields(value, value.GetType(), waiting);
        }
        else
        {
            waiting.Push(value);
        }
    }

    private static void VisitFields(object value, Type type, Stack<object> waiting)
    {
        if (type.IsValueType && !ContainsReferences(type))
        {
            return;
        }

        for (Type? at = type; at is not null; at = at.BaseType)
        {
            foreach (FieldInfo field in at.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            {
                if (!field.FieldType.IsValueType || ContainsReferences(field.FieldType))
                {
                    Visit(field.GetValue(value), field.FieldType, waiting);
                }
            }
        }
    }

    private static bool ContainsReferences(Type type) =>
        !type.IsPointer && (bool)typeof(RuntimeHelpers).GetMethod(nameof(RuntimeHelpers.IsReferenceOrContainsReferences))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static long SizeOf(object value)
    {
        nint methodTable = value.GetType().TypeHandle.Value;
        long size = (uint)Marshal.ReadInt32(methodTable, 4);
        long length = value switch { Array array => array.Length, string text => text.Length, _ => 0 };
        return (size + (length * (ushort)Marshal.ReadInt16(methodTable)) + 7) & ~7;
    }
}
