// Where what belongs to an entry lies, its lock and its tags: in the entry's hash slot, since a script may touch keys of
// one slot only. Called by Provider*.cs and TagIndex.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

/// <param name="name">Of what belongs to the entry: `tags`, for instance.</param>
internal sealed class SlotKeys(IConnectionMultiplexer redis, byte[] prefix, ReadOnlySpan<byte> name)
{
    /// <summary>No user's key has a U+0000.</summary>
    private readonly byte[] start = [.. prefix, 0, .. name, 0];

    /// <summary>
    /// The key of what belongs to <paramref name="key"/>, which is the entry's with the prefix; null where there is none in
    /// its slot. Every sidecar has to come to the same, so it is made of the key alone. Without braces around it begins with
    /// one more U+0000: of `k` and of `{k}` it must not be the same.
    /// </summary>
    public RedisKey? Of(RedisKey key)
    {
        byte[] entry = key!;
        RedisKey found = HasTag(entry) ? (byte[])[.. start, 0, .. entry] : (byte[])[.. start, (byte)'{', .. entry, (byte)'}'];
        return redis.GetHashSlot(found) == redis.GetHashSlot(key) ? found : (RedisKey?)null;
    }

    /// <summary>Something between the first { and the first } behind it: only that counts for the slot.</summary>
    private static bool HasTag(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        return open >= 0 && key[(open + 1)..].IndexOf((byte)'}') > 0;
    }
}
