// The Lua of tags. The tags of an entry are a set beside it, in its slot, with its life (SlotKeys.cs); the index of a tag
// is a sorted set of the keys that may carry it, elsewhere (TagIndex.cs). Used by Provider.Tags.cs and TagIndex.cs.
// The first group wraps the script of an entry: the key of its tags is the last of KEYS, arguments of the wrapper are the
// last of ARGV. What a wrapper answers with a life in front ({milliseconds, tags…}) means 0.

namespace AzureCache.Gateway;

internal static class TagScripts
{
    /// <summary>
    /// Gives the tags the life of their entry, of which `left` milliseconds are left; answers what the index has to be told.
    /// A second longer: in Garnet an entry that is given a new life in its last moment would lose them between two lines.
    /// What slides can be moved by ASP.NET, which knows of no tags: they live up to its end, or, without one, as an index
    /// does. A new entry never gets those of the one before all the same: it begins by dropping them.
    /// </summary>
    private const string Follow = """
        local function follow(left)
          if left == -2 then
            redis.call('DEL', tagged)
          elseif redis.call('EXISTS', tagged) == 1 then
            if left == -1 then
              redis.call('PERSIST', tagged)
              return left
            end
            local longer = left
            if redis.call('TYPE', KEYS[1])['ok'] == 'hash' then
              local found = redis.call('HMGET', KEYS[1], 'absexp', 'sldexp')
              local absexp, sldexp = tonumber(found[1] or -1), tonumber(found[2] or -1)
              if sldexp and sldexp > 0 then
                if absexp and absexp > 0 then
                  local time = redis.call('TIME')
                  left = math.max(left, math.floor((absexp - 621355968000000000) / 10000 - time[1] * 1000 - time[2] / 1000))
                  longer = left
                else
                  longer = 2 * left + 60000
                end
              end
            end
            redis.call('PEXPIRE', tagged, string.format('%.0f', longer + 1000))
          end
          return left
        end

        """;

    /// <summary>Takes the key of the tags off, and makes the script of the entry a function.</summary>
    private static string Around(string script) => $$"""
        local tagged = table.remove(KEYS)
        local function run()
        {{script}}
        end
        """;

    /// <summary>Of a put: behind its arguments come the tags, how many they are, and until when it may run (or 0).</summary>
    public static string Naming(string script) => $$"""
        {{Around(script)}}
        {{Follow}}
        local till, count = tonumber(table.remove(ARGV)), tonumber(table.remove(ARGV))
        local tags = {}
        for n = 1, count do tags[n] = table.remove(ARGV) end
        local time = redis.call('TIME')
        if till > 0 and time[1] * 1000 > till then return 19 end
        local answer = run()
        if answer ~= 0 then return answer end
        redis.call('DEL', tagged)
        if count == 0 then return 0 end
        redis.call('SADD', tagged, unpack(tags))
        local left = follow(redis.call('PTTL', KEYS[1]))
        return {left}
        """;

    /// <summary>
    /// Of a put or touch that leaves the tags alone: they get the life of the entry, of which the indexes then have to be told.
    /// </summary>
    public static string Following(string script) => $$"""
        {{Around(script)}}
        {{Follow}}
        local before = redis.call('EXISTS', KEYS[1])
        local answer = run()
        if answer ~= 0 then return answer end
        if before == 0 then
          redis.call('DEL', tagged)
          return 0
        end
        local left = follow(redis.call('PTTL', KEYS[1]))
        local tags = redis.call('SMEMBERS', tagged)
        if #tags == 0 then return 0 end
        table.insert(tags, 1, left)
        return tags
        """;

    /// <summary>Of a read that can give a new life (Scripts.Get.cs). What is no number becomes {what it is, milliseconds left, tags…}.</summary>
    public static string Renewing(string script) => $$"""
        {{Around(script)}}
        {{Follow}}
        local answer = run()
        if type(answer) == 'number' then return answer end
        if answer[4] == 0 then return {answer, -2} end
        local left = follow(redis.call('PTTL', KEYS[1]))
        return {answer, left, unpack(redis.call('SMEMBERS', tagged))}
        """;

    /// <summary>
    /// Of a lock, which is a use of an entry that slides. The indexes are not told of it: they live longer by more than one.
    /// </summary>
    public static string Using(string script) => $$"""
        {{Around(script)}}
        {{Follow}}
        local answer = run()
        if type(answer) == 'string' then follow(redis.call('PTTL', KEYS[1])) end
        return answer
        """;

    /// <summary>Of a delete.</summary>
    public static string Ending(string script) => $$"""
        {{Around(script)}}
        local answer = run()
        if answer == 0 then redis.call('DEL', tagged) end
        return answer
        """;

    /// <summary>Of what can make an entry without a life of its own to keep: an increment.</summary>
    public static string Beginning(string script) => $$"""
        {{Around(script)}}
        if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('DEL', tagged) end
        return run()
        """;

    /// <summary>
    /// KEYS: an entry, its tags. ARGV: tags. Answers 0 where there is no entry or it does not carry the first, 1 where it
    /// carries that but not all of them, 2 where it carries all.
    /// </summary>
    public const string Look = Carrying + "return 2";

    /// <summary>As Look, and with 2 the entry is removed.</summary>
    public const string Remove = Carrying + """
        redis.call('DEL', KEYS[2])
        return 2 * redis.call('DEL', KEYS[1])
        """;

    private const string Carrying = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
        for n = 1, #ARGV do
          if redis.call('SISMEMBER', KEYS[2], ARGV[n]) == 0 then return n == 1 and 0 or 1 end
        end

        """;

    private const string Now = """
        local index, call = KEYS[1], redis.call
        local time = call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)

        """;

    /// <summary>
    /// KEYS: an index. ARGV: a key, the life that the index needs. Answers with the time, and with its two oldest members
    /// and their scores once it has more than a few. The score of a member is when it was noted last, and always more than
    /// before: who has seen one can tell whether it was noted since.
    /// </summary>
    public const string Note = Now + Live + """
        local before = call('ZSCORE', index, ARGV[1])
        call('ZADD', index, string.format('%.0f', math.max(now, before and before + 1 or 0)), ARGV[1])
        live()
        local oldest = call('ZCARD', index) > 16 and call('ZRANGE', index, 0, 1, 'WITHSCORES') or {}
        return {string.format('%.0f', now), unpack(oldest)}
        """;

    /// <summary>As Note, for an entry that was noted when it was put: its score stays.</summary>
    public const string Extend = Now + Live + """
        if not call('ZSCORE', index, ARGV[1]) then call('ZADD', index, string.format('%.0f', now), ARGV[1]) end
        live()
        return 0
        """;

    private const string Live = """
        local function live()
          if call('PTTL', index) < tonumber(ARGV[2]) then call('PEXPIRE', index, ARGV[2]) end
        end

        """;

    /// <summary>
    /// KEYS: an index. ARGV: a score, and how many members are wanted with scores above it. Answers with the time, those
    /// members with their scores, and, where there are so many, every member with the last of these scores.
    /// </summary>
    public const string Page = Now + """
        local found, same = call('ZRANGEBYSCORE', index, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2]), {}
        local last = found[#found]
        if #found == 2 * ARGV[2] then same = call('ZRANGEBYSCORE', index, last, last) end
        return {string.format('%.0f', now), found, same}
        """;

    /// <summary>
    /// KEYS: an index. ARGV: members, each with its score as it was seen, and with 1 if its entry still carries the tag.
    /// Those that were noted since are left alone; of the others those that carry it are noted anew, the rest goes.
    /// </summary>
    public const string Sweep = Now + """
        for n = 1, #ARGV, 3 do
          if call('ZSCORE', index, ARGV[n]) == ARGV[n + 1] then
            if ARGV[n + 2] == '1' then
              call('ZADD', index, string.format('%.0f', now), ARGV[n])
            else
              call('ZREM', index, ARGV[n])
            end
          end
        end
        return 0
        """;
}
