// The Lua that makes a condition and the write it guards one step. Each script touches one key, and answers with a
// number of Status, or with the value that is there when it is not the expected one. They branch on TYPE: in Garnet's
// Lua, GET on a hash gives false, not WRONGTYPE. There an entry can also expire between two lines. Called by Provider.cs,
// which sends the whole text each time: with EVALSHA, a server that has forgotten a script would need it sent again
// behind operations that came later.

namespace AzureCache.Gateway;

internal static class Scripts
{
    /// <summary>Hashing inside Redis stops everybody else: 41 ms at 8 MiB. Larger values take no ETag condition.</summary>
    public const int MaxConditionBytes = 1 << 20;

    /// <summary>Answers unless the condition ARGV[1] (none, present or a SHA-1 in hex) holds for KEYS[1].</summary>
    private const string Check = """
        local kind = redis.call('TYPE', KEYS[1])['ok']
        if ARGV[1] ~= 'none' then
          if kind == 'none' then return 2 end
          if kind ~= 'string' then return 16 end
          if ARGV[1] ~= 'present' then
            if redis.call('STRLEN', KEYS[1]) > 1048576 then return 17 end
            local current = redis.call('GET', KEYS[1])
            if not current then return 2 end
            if redis.sha1hex(current) ~= ARGV[1] then return current end
          end
        end

        """;

    /// <summary>ARGV: condition, value, life in milliseconds (0 = never expires), 1 to keep the life that is there.</summary>
    public const string Put = Check + """
        if ARGV[4] == '1' and kind ~= 'none' then
          redis.call('SET', KEYS[1], ARGV[2], 'KEEPTTL')
        elseif ARGV[3] == '0' then
          redis.call('SET', KEYS[1], ARGV[2])
        else
          redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
        end
        return 0
        """;

    /// <summary>ARGV: condition.</summary>
    public const string Delete = Check + """
        redis.call('DEL', KEYS[1])
        return 0
        """;

    /// <summary>GETEX for servers before 6.2. ARGV: life in milliseconds (0 = never expires). Answers with the value, 1 or 16.</summary>
    public const string GetAndRenew = """
        local kind = redis.call('TYPE', KEYS[1])['ok']
        if kind == 'none' then return 1 end
        if kind ~= 'string' then return 16 end
        if ARGV[1] == '0' then
          redis.call('PERSIST', KEYS[1])
        else
          redis.call('PEXPIRE', KEYS[1], ARGV[1])
        end
        return redis.call('GET', KEYS[1])
        """;

    /// <summary>
    /// Gives the entry the life `life` in milliseconds (0 = never expires); answers with `gone` when there is no entry.
    /// Not PEXPIRE and PERSIST alone: in Garnet 2.2.8 their answer for an entry that has just expired is a run of NULs,
    /// which ends the connection (docs/decisions/0006), and PERSIST does not tell "no end" from "no entry". EXISTS stands
    /// right before them, since hashing for a condition takes long enough for an entry to expire.
    /// </summary>
    private const string GiveLife = """
        if redis.call('EXISTS', KEYS[1]) == 0 then return gone end
        if life == '0' then
          redis.call('PERSIST', KEYS[1])
        else
          redis.call('PEXPIRE', KEYS[1], life)
        end
        return 0
        """;

    /// <summary>ARGV: life. Answers with 0, or 1 when there is no entry.</summary>
    public const string Touch = "local life, gone = ARGV[1], 1\n" + GiveLife;

    /// <summary>ARGV: condition, life.</summary>
    public const string TouchByCondition = Check + "local life, gone = ARGV[2], 2\n" + GiveLife;
}
