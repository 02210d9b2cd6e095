// Where the lock of an entry lies: in the same hash slot, since a script may touch keys of one slot only. Called by
// Provider.Locks.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class LockKeys(IConnectionMultiplexer redis, byte[] prefix)
{
    /// <summary>No user's key has a U+0000.</summary>
    private readonly byte[] start = [.. prefix, .. "\0lock\0"u8];

    /// <summary>
    /// The key of the lock of <paramref name="key"/>, which is the entry's with the prefix; null where there is none in
    /// its slot. Whoever locks an entry has to come to the same, so it is made of the key alone.
    /// </summary>
    public RedisKey? Of(RedisKey key)
    {
        byte[] entry = key!;
        RedisKey found = HasTag(entry) ? (byte[])[.. start, .. entry] : (byte[])[.. start, (byte)'{', .. entry, (byte)'}'];
        return redis.GetHashSlot(found) == redis.GetHashSlot(key) ? found : (RedisKey?)null;
    }

    /// <summary>Something between the first { and the first } behind it: only that counts for the slot.</summary>
    private static bool HasTag(ReadOnlySpan<byte> key)
    {
        var open = key.IndexOf((byte)'{');
        return open >= 0 && key[(open + 1)..].IndexOf((byte)'}') > 0;
    }
}
