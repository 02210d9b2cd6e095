// The index of each tag: which keys may carry it. Called by Provider.Tags.cs. A member of an index can be stale (its entry
// is gone, or has other tags by now), but a key that carries a tag is always in its index: docs/decisions/0018.

using StackExchange.Redis;

namespace AzureCache.Gateway;

/// <summary>A member of an index as it was seen.</summary>
internal readonly record struct Member(byte[] Key, RedisValue Score);

/// <summary>What was seen of an index, and when, on its server's clock in milliseconds.</summary>
internal readonly record struct Seen(long AtMs, IReadOnlyList<Member> Members)
{
    /// <summary>A put may reach its entry until so long after its tags were noted.</summary>
    public const long PutMs = 30_000;

    /// <summary>
    /// Those that can be judged by what their entries carry: the put that noted them has ended one way or the other.
    /// </summary>
    public IEnumerable<Member> Settled()
    {
        var before = AtMs - (2 * PutMs);
        return Members.Where(member => (long)member.Score <= before);
    }
}

internal sealed class TagIndex(IDatabase redis, byte[] prefix)
{
    /// <summary>As long as Redis can say with room to spare: a hundred years, as in Rules.cs.</summary>
    private const long LongestMs = 3_155_760_000_000;

    private const long SlackMs = 60_000;

    private readonly byte[] start = [.. prefix, .. "\0tag\0"u8];

    /// <summary>
    /// How long an index has to live for an entry with this life; null = it never expires. Twice as long, so that it
    /// outlives an entry that was touched once more, should the one who touched it not come to say so here.
    /// </summary>
    public static long LifeFor(long? ttlMs) => ttlMs is long ms and < LongestMs / 4 ? (2 * ms) + SlackMs : LongestMs;

    /// <summary>Notes that the key may carry the tag; answers what there is to be swept.</summary>
    public async Task<Seen> NoteAsync(ReadOnlyMemory<byte> tag, RedisKey key, long lifeMs)
    {
        var answer = await EvaluateAsync(TagScripts.Note, tag, [(byte[])key!, lifeMs]).ConfigureAwait(false);
        return new((long)answer[0], MembersIn((RedisValue[])answer!, 1));
    }

    /// <summary>The key carries the tag, and lives on.</summary>
    public Task ExtendAsync(ReadOnlyMemory<byte> tag, RedisKey key, long lifeMs) =>
        EvaluateAsync(TagScripts.Extend, tag, [(byte[])key!, lifeMs]);

    /// <summary>About so many members behind a score, and the score of the last of them; 0 when that was all.</summary>
    public async Task<(Seen Seen, long Last)> PageAsync(ReadOnlyMemory<byte> tag, long score, long count)
    {
        var answer = await EvaluateAsync(TagScripts.Page, tag, [score, count]).ConfigureAwait(false);
        var at = (long)answer[0];
        var found = MembersIn((RedisValue[])answer[1]!, 0);
        if (found.Count < count) return (new(at, found), 0);
        // A page ends where a score does.
        var last = found[^1].Score;
        var same = (RedisValue[])answer[2]!;
        return (new(at, [.. found.Where(member => member.Score != last), .. same.Select(key => new Member(key!, last))]), (long)last);
    }

    /// <summary>Drops those that do not carry the tag and were not noted since.</summary>
    /// <param name="members">each with whether its entry carries the tag</param>
    public async Task SweepAsync(ReadOnlyMemory<byte> tag, IEnumerable<(Member Member, bool Carries)> members)
    {
        foreach (var some in members.Chunk(500))
        {
            RedisValue[] arguments = [.. some.SelectMany(one => new RedisValue[] { one.Member.Key, one.Member.Score, one.Carries ? "1" : "" })];
            await EvaluateAsync(TagScripts.Sweep, tag, arguments).ConfigureAwait(false);
        }
    }

    private Task<RedisResult> EvaluateAsync(string script, ReadOnlyMemory<byte> tag, RedisValue[] arguments) =>
        redis.ScriptEvaluateAsync(script, [(byte[])[.. start, .. tag.Span]], arguments, CommandFlags.NoScriptCache);

    private static List<Member> MembersIn(RedisValue[] found, int from)
    {
        var members = new List<Member>();
        for (var n = from; n + 1 < found.Length; n += 2) members.Add(new((byte[])found[n]!, found[n + 1]));
        return members;
    }
}
