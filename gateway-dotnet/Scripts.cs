// The Lua that makes a condition and the write it guards one step. Each script touches one key, and answers with a
// number of Status, or with the value that is there when it is not the expected one. In Garnet an entry can also expire
// between two lines. Called by Provider.cs, which sends the whole text each time: with EVALSHA, a server that has
// forgotten a script would need it sent again behind operations that came later.

namespace AzureCache.Gateway;

internal static partial class Scripts
{
    /// <summary>Hashing inside Redis stops everybody else: 41 ms at 8 MiB. Larger values take no ETag condition.</summary>
    public const int MaxConditionBytes = 1 << 20;

    private const string Names = "local key, call = KEYS[1], redis.call\n";

    /// <summary>
    /// Of a hash as IDistributedCache of ASP.NET Core lays it down: its absexp and sldexp, in ticks or -1, as they stand;
    /// nothing of another.
    /// </summary>
    public const string Expiries = """
        local function expiries()
          local found = call('HMGET', key, 'absexp', 'sldexp')
          for n = 1, 2 do
            if not found[n] or (found[n] ~= '-1' and not string.find(found[n], '^%d+$')) then return nil end
          end
          if call('HEXISTS', key, 'data') == 1 then return found[1], found[2] end
        end

        """;

    /// <summary>
    /// The milliseconds that a use at `now` (milliseconds since 1970) lets an entry live on; nothing when it does not slide
    /// or its cap is reached. 2^53 ticks are less than there are since the year 1, but what is lost in Lua's numbers is
    /// less than a hundredth of a millisecond.
    /// </summary>
    public const string Window = """
        local function window(absexp, sldexp, now)
          if sldexp == '-1' then return nil end
          local ms = math.min(math.ceil(tonumber(sldexp) / 10000), 3155760000000)
          if absexp ~= '-1' then ms = math.min(ms, math.floor((tonumber(absexp) - 621355968000000000) / 10000 - now)) end
          if ms > 0 then return ms end
        end

        """;

    /// <summary>Answers unless there is an entry, be it a string or such a hash.</summary>
    private const string IfPresent = Names + Expiries + """
        local kind = call('TYPE', key)['ok']
        if kind == 'none' then return 2 end
        if kind ~= 'string' and (kind ~= 'hash' or not expiries()) then return 16 end

        """;

    /// <summary>
    /// Answers unless there is an entry with the SHA-1 in ARGV[1], in hex. Each call costs a third of the hash of 1 KiB, so
    /// TYPE is asked only where GET finds no string, be that an error (Redis) or nothing (Garnet).
    /// </summary>
    private const string IfEtag = Names + Expiries + """
        local size = redis.pcall('STRLEN', key)
        if type(size) == 'number' and size > 1048576 then return 17 end
        local current = redis.pcall('GET', key)
        if type(current) ~= 'string' then
          local kind = call('TYPE', key)['ok']
          if kind == 'none' or kind == 'string' then return 2 end
          if kind ~= 'hash' or not expiries() then return 16 end
          if call('HSTRLEN', key, 'data') > 1048576 then return 17 end
          current = call('HGET', key, 'data')
          if not current then return 2 end
        end
        if redis.sha1hex(current) ~= ARGV[1] then return current end

        """;

    private const string Delete = """
        call('DEL', key)
        return 0
        """;

    /// <summary>
    /// ARGV[2] is the new absexp of a hash, ARGV[3] PEXPIRE, with milliseconds behind it, or PERSIST. Not these alone: in
    /// Garnet 2.2.8 their answer for an entry that has just expired is a run of NULs, which ends the connection
    /// (docs/decisions/0006), and PERSIST does not tell "no end" from "no entry". EXISTS stands right before them, since
    /// hashing for a condition takes long enough for an entry to expire. A hash that slides goes on to slide, up to its new
    /// cap. One that ends before HSET would be made anew by it, without data. Answers whether there was an entry.
    /// </summary>
    private const string GiveLife = """
        local function give()
          local absexp, sldexp
          if call('TYPE', key)['ok'] == 'hash' then absexp, sldexp = expiries() end
          if not absexp then
            if call('EXISTS', key) == 0 then return false end
            call(ARGV[3], key, unpack(ARGV, 4))
            return true
          end
          local ms = tonumber(ARGV[4])
          if sldexp ~= '-1' then ms = math.min(ms or math.huge, window('-1', sldexp, 0) or math.huge) end
          call('HSET', key, 'absexp', ARGV[2])
          if call('HEXISTS', key, 'data') == 0 then
            call('DEL', key)
            return false
          end
          if ms and ms < math.huge then call('PEXPIRE', key, string.format('%.0f', ms)) else call('PERSIST', key) end
          return true
        end

        """;

    public const string DeleteAlways = Names + "return 1 - call('DEL', key)";

    public const string DeleteIfPresent = IfPresent + Delete;
    public const string DeleteIfEtag = IfEtag + Delete;
    public const string Touch = Names + Expiries + Window + GiveLife + "return give() and 0 or 1";
    public const string TouchIfEtag = IfEtag + Window + GiveLife + "return give() and 0 or 2";

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
}
