// The Lua of locks. The lock of an entry is a key of its own (SlotKeys.cs) that holds the token of who has it, and whose
// life is the lease. Called by Provider.Locks.cs; what a script does to the entry is in Scripts.cs.
// A lock can expire between two lines of a script in Garnet. That is no harm: what is done was held when it began.

namespace AzureCache.Gateway;

internal static class LockScripts
{
    /// <summary>
    /// KEYS: the entry, its lock. ARGV from [2] on: token, lease in milliseconds, whether a lock is wanted also where there
    /// is no entry (1 or nothing), and now, in milliseconds since 1970: to lock is a use of what slides. Answers with the
    /// value; with 0 where there is none; with {5, milliseconds left} while another holds it. The same token again is the
    /// same lock: an answer that was lost can be asked for once more, and a holder that needs longer can have it.
    /// </summary>
    public const string Lock = "local key, lock, call = KEYS[1], KEYS[2], redis.call\n" + Scripts.Expiries + Scripts.Window + """
        local holder = call('GET', lock)
        if holder and holder ~= ARGV[2] then
          local left = call('PTTL', lock)
          if left ~= -2 then return {5, left} end
        end
        local kind = call('TYPE', key)['ok']
        local value, absexp, sldexp
        if kind == 'hash' then absexp, sldexp = expiries() end
        if absexp then
          value = call('HGET', key, 'data')
        elseif kind == 'string' then
          value = call('GET', key)
        elseif kind ~= 'none' then
          return 16
        end
        if not value and ARGV[4] == '' then return 1 end
        call('SET', lock, ARGV[2], 'PX', ARGV[3])
        local ms = absexp and window(absexp, sldexp, ARGV[5])
        if ms and call('EXISTS', key) == 1 then call('PEXPIRE', key, string.format('%.0f', ms)) end
        return value or 0
        """;

    /// <summary>What an unlock does to an entry that keeps its life.</summary>
    public const string Nothing = "return 0";

    /// <summary>
    /// Lets a script of one entry run only while the lock is held with the token, which is the last of ARGV; the lock is
    /// the last of KEYS. Where the script has done what it should, or there was nothing to do it to, the lock is given up;
    /// where its condition did not hold, the lock stays.
    /// </summary>
    public static string Guard(string script) => $$"""
        local lock, token = table.remove(KEYS), table.remove(ARGV)
        if redis.call('GET', lock) ~= token then return 6 end
        local function run()
        {{script}}
        end
        local answer = run()
        if answer == 0 or answer == 1 or type(answer) == 'table' then redis.call('DEL', lock) end
        return answer
        """;
}
