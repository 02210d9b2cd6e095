// Which keys were last seen to lie in a hash of IDistributedCache, as far as it fits: Provider.cs reads those by a script at
// once, in place of a GET that is refused first. So the get also stays in the order of what is asked of the key. Wrong only
// in what it costs: the script reads strings as well.

namespace AzureCache.Gateway;

internal sealed class KnownHashes
{
    private const int Slots = 8192;

    /// <summary>The hash code of one key in each, 0 = none: a later one takes the place.</summary>
    private readonly int[] codes = new int[Slots];

    public bool Has(ReadOnlyMemory<byte> key)
    {
        var code = CodeOf(key.Span);
        return Volatile.Read(ref codes[Slot(code)]) == code;
    }

    public void Set(ReadOnlyMemory<byte> key, bool liesInHash)
    {
        var code = CodeOf(key.Span);
        ref var slot = ref codes[Slot(code)];
        if (liesInHash) Volatile.Write(ref slot, code);
        else if (Volatile.Read(ref slot) == code) Volatile.Write(ref slot, 0);
    }

    private static int Slot(int code) => code & (Slots - 1);

    private static int CodeOf(ReadOnlySpan<byte> key)
    {
        var code = default(HashCode);
        code.AddBytes(key);
        return code.ToHashCode() is var some and not 0 ? some : 1;
    }
}
