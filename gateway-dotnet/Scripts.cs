// The Lua that makes a condition and the write it guards one step. Each script touches one key, and answers with a
// number of Status, or with the value that is there when it is not the expected one. In Garnet an entry can also expire
// between two lines. Called by Provider.cs, which sends the whole text each time: with EVALSHA, a server that has
// forgotten a script would need it sent again behind operations that came later.

namespace AzureCache.Gateway;

internal static class Scripts
{
    /// <summary>Hashing inside Redis stops everybody else: 41 ms at 8 MiB. Larger values take no ETag condition.</summary>
    public const int MaxConditionBytes = 1 << 20;

    private const string Names = "local key, call = KEYS[1], redis.call\n";

    /// <summary>Answers unless there is a string.</summary>
    private const string IfPresent = Names + """
        local kind = call('TYPE', key)['ok']
        if kind == 'none' then return 2 end
        if kind ~= 'string' then return 16 end

        """;

    /// <summary>
    /// Answers unless there is a string with the SHA-1 in ARGV[1], in hex. Each call costs a third of the hash of 1 KiB, so
    /// TYPE is asked only where GET finds no string, be that an error (Redis) or nothing (Garnet).
    /// </summary>
    private const string IfEtag = Names + """
        local size = redis.pcall('STRLEN', key)
        if type(size) == 'number' and size > 1048576 then return 17 end
        local current = redis.pcall('GET', key)
        if type(current) ~= 'string' then
          local kind = call('TYPE', key)['ok']
          if kind == 'none' or kind == 'string' then return 2 end
          return 16
        end
        if redis.sha1hex(current) ~= ARGV[1] then return current end

        """;

    /// <summary>ARGV[2] is the value, behind it what else SET takes: KEEPTTL, PX and milliseconds, or nothing.</summary>
    private const string Put = """
        call('SET', key, ARGV[2], unpack(ARGV, 3))
        return 0
        """;

    public const string PutAlways = Names + Put;

    public const string PutIfAbsent = Names + "if call('EXISTS', key) == 1 then return 4 end\n" + Put;

    /// <summary>ARGV from [3] on is for an entry that has no life to keep.</summary>
    public const string PutKeep = Names + """
        if call('EXISTS', key) == 1 then
          call('SET', key, ARGV[2], 'KEEPTTL')
        else
          call('SET', key, ARGV[2], unpack(ARGV, 3))
        end
        return 0
        """;

    private const string Delete = """
        call('DEL', key)
        return 0
        """;

    /// <summary>
    /// ARGV[2] is PEXPIRE, with milliseconds behind it, or PERSIST. Not these alone: in Garnet 2.2.8 their answer for an
    /// entry that has just expired is a run of NULs, which ends the connection (docs/decisions/0006), and PERSIST does not
    /// tell "no end" from "no entry". EXISTS stands right before them, since hashing for a condition takes long enough for
    /// an entry to expire.
    /// </summary>
    private const string GiveLife = """
        if call('EXISTS', key) == 0 then return gone end
        call(ARGV[2], key, unpack(ARGV, 3))
        return 0
        """;

    public const string DeleteAlways = Names + "return 1 - call('DEL', key)";

    public const string PutIfPresent = IfPresent + Put;
    public const string PutIfEtag = IfEtag + Put;
    public const string DeleteIfPresent = IfPresent + Delete;
    public const string DeleteIfEtag = IfEtag + Delete;
    public const string Touch = Names + "local gone = 1\n" + GiveLife;
    public const string TouchIfEtag = IfEtag + "local gone = 2\n" + GiveLife;

    /// <summary>
    /// ARGV[2] is how much is added, ARGV[3] the number when there is none (empty: it would be too large), then what SET takes
    /// for its life. That INCRBY has made the entry shows in its life: there was an end, or no entry, and now there is no
    /// end. Whether the old value is a number is asked with 0, since Garnet says the same of a sum that is too large. The
    /// answer is read back as text: Lua's numbers are exact to 2^53 only.
    /// </summary>
    public const string Increment = Names + """
        local life, fault = call('PTTL', key)
        local sum = redis.pcall('INCRBY', key, ARGV[2])
        if type(sum) == 'table' then
          local kind = call('TYPE', key)['ok']
          if kind ~= 'string' and kind ~= 'none' then return 16 end
          fault = type(redis.pcall('INCRBY', key, 0)) == 'number' and 48 or 47
        end
        if life ~= -1 and call('PTTL', key) == -1 then
          if ARGV[3] == '' then
            call('DEL', key)
            return 48
          end
          call('SET', key, ARGV[3], unpack(ARGV, 4))
          return ARGV[3]
        end
        return fault or call('GET', key) or string.format('%.0f', sum)
        """;

    /// <summary>
    /// ARGV[2] is what is added, ARGV[3] the most bytes that the value may have then. As with Increment, an entry that has
    /// ended since it was looked at must not come back for ever.
    /// </summary>
    public const string Append = ToExtend + """
        local life = call('PTTL', key)
        local length = call('APPEND', key, ARGV[2])
        if life ~= -1 and call('PTTL', key) == -1 then
          call('DEL', key)
          return 1
        end
        return tostring(length)
        """;

    public const string Prepend = ToExtend + """
        local value = call('GET', key)
        if not value or not call('SET', key, ARGV[2] .. value, 'XX', 'KEEPTTL') then return 1 end
        return tostring(#ARGV[2] + #value)
        """;

    private const string ToExtend = Names + """
        local kind = call('TYPE', key)['ok']
        if kind == 'none' then return 1 end
        if kind ~= 'string' then return 16 end
        if call('STRLEN', key) + #ARGV[2] > tonumber(ARGV[3]) then return 28 end

        """;

    /// <summary>GETEX for servers before 6.2. ARGV from [2] on as for a touch. Answers with the value, 1 or 16.</summary>
    public const string GetAndRenew = Names + """
        local kind = call('TYPE', key)['ok']
        if kind == 'none' then return 1 end
        if kind ~= 'string' then return 16 end
        call(ARGV[2], key, unpack(ARGV, 3))
        return call('GET', key)
        """;
}
