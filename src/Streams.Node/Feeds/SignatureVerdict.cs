using System.Collections.Immutable;

namespace Streams.Node.Feeds;

/// <summary>What an alert's signature is worth.</summary>
public enum SignatureState : byte
{
    /// <summary>The document is not signed.</summary>
    None = 0,

    /// <summary>Exactly what stands there was signed by someone who is trusted.</summary>
    Good = 1,

    /// <summary>Anything else; the reasons say what.</summary>
    Bad = 2,
}

/// <summary>One thing to say of a signature.</summary>
/// <param name="Rule">Stable, lower-case words with hyphens, for programs; see docs/cap.md.</param>
/// <param name="What">For people: what is so, and what would be right.</param>
public sealed record SignatureRemark(string Rule, string What);

/// <param name="Reasons">Every reason why it is bad; empty otherwise.</param>
/// <param name="Remarks">What is to be known all the same, such as a weak algorithm.</param>
/// <param name="Signer">Subject of the certificate whose key signed; null if there is none or the value is wrong.</param>
/// <param name="IsIntact">The digest and the signature's value are right: nothing was changed since it was signed with the key that is in the document,
/// whoever's that is.</param>
public sealed record SignatureVerdict(
    SignatureState State, ImmutableArray<SignatureRemark> Reasons, ImmutableArray<SignatureRemark> Remarks, string? Signer = null, bool IsIntact = false)
{
    public static SignatureVerdict None { get; } = new(SignatureState.None, [], []);

    internal static SignatureVerdict Bad(string rule, string what) => new(SignatureState.Bad, [new SignatureRemark(rule, what)], []);

    public override string ToString() => State switch
    {
        SignatureState.None => "none",
        SignatureState.Good => string.Join("; ", Remarks.Select(remark => remark.What).Prepend($"good, by {Signer}")),
        _ => "bad: " + string.Join("; ", Reasons.Concat(Remarks).Select(remark => remark.What)),
    };
}
