using System.Collections;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Streams.Domain.Cap;

/// <summary>An immutable list that equals another with equal elements in the same order, so that documents compare by what they say.</summary>
[CollectionBuilder(typeof(CapList), nameof(CapList.Create))]
public readonly struct CapList<T>(ImmutableArray<T> items) : IReadOnlyList<T>, IEquatable<CapList<T>>
{
    private readonly ImmutableArray<T> _items = items;

    private ImmutableArray<T> Items => _items.IsDefault ? [] : _items;

    public int Count => Items.Length;

    public bool IsEmpty => Items.IsEmpty;

    public T this[int index] => Items[index];

    public bool Equals(CapList<T> other) => Items.SequenceEqual(other.Items);

    public override bool Equals(object? obj) => obj is CapList<T> other && Equals(other);

    public override int GetHashCode()
    {
        var hash = default(HashCode);
        foreach (T item in Items)
        {
            hash.Add(item);
        }

        return hash.ToHashCode();
    }

    public ImmutableArray<T>.Enumerator GetEnumerator() => Items.GetEnumerator();

    IEnumerator<T> IEnumerable<T>.GetEnumerator() => ((IEnumerable<T>)Items).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => ((IEnumerable)Items).GetEnumerator();

    public static bool operator ==(CapList<T> left, CapList<T> right) => left.Equals(right);

    public static bool operator !=(CapList<T> left, CapList<T> right) => !left.Equals(right);
}

/// <summary>Makes lists, also from collection expressions.</summary>
public static class CapList
{
    public static CapList<T> Create<T>(ReadOnlySpan<T> items) => new([.. items]);

    public static CapList<T> From<T>(IEnumerable<T> items) => new([.. items]);
}
