// The scripts of a put: each condition, none included, with each way in which the value is laid down. A script that does
// more than put (locks, tags) runs one of these inside, so every put has one, also where a single SET does the same.
// Called by Provider.Scripted.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static partial class Scripts
{
    private const string IfAbsent = Names + Expiries + """
        if call('EXISTS', key) == 1 then return 4 end

        """;

    /// <summary>ARGV[2] is the value, behind it what else SET takes: PX and milliseconds, or nothing.</summary>
    private const string String = """
        call('SET', key, ARGV[2], unpack(ARGV, 3))
        return 0
        """;

    /// <summary>
    /// In place of whatever is there, with the value in ARGV[2]. Over such a hash without a DEL: on Garnet, a GET can come
    /// between the two lines. There, what was there can also end in between, and the value with it.
    /// </summary>
    private const string Lay = """
        local function lay(absexp, sldexp, ms)
          if call('TYPE', key)['ok'] ~= 'hash' or not expiries() then call('DEL', key) end
          repeat
            call('HSET', key, 'absexp', absexp, 'sldexp', sldexp, 'data', ARGV[2])
          until call('HEXISTS', key, 'data') == 1
          if ms then call('PEXPIRE', key, ms) else call('PERSIST', key) end
        end

        """;

    /// <summary>ARGV[3] is absexp, ARGV[4] sldexp, ARGV[5] the milliseconds to live at first, if there is an end.</summary>
    private const string Hash = Lay + """
        lay(ARGV[3], ARGV[4], ARGV[5])
        return 0
        """;

    /// <summary>
    /// ARGV[3] is now, in milliseconds since 1970, what stands behind it for an entry that has no life to keep. A hash gets
    /// its life again: one that ends between two lines would come back without.
    /// </summary>
    private const string Keep = Window + Lay + """
        local absexp, sldexp
        if call('TYPE', key)['ok'] == 'hash' then absexp, sldexp = expiries() end
        if absexp then
          local ms = window(absexp, sldexp, ARGV[3]) or call('PTTL', key)
          if ms ~= -2 then
            lay(absexp, sldexp, ms ~= -1 and string.format('%.0f', math.max(ms, 1)))
            return 0
          end
        elseif call('SET', key, ARGV[2], 'XX', 'KEEPTTL') then
          return 0
        end

        """;

    private const string KeepAny = Names + Expiries + Keep + """
        call('SET', key, ARGV[2], unpack(ARGV, 4))
        return 0
        """;

    private const string OrAbsent = "return 2";

    /// <summary>
    /// The script of a put, with ARGV from [2] on. It answers 0 when it has put, else a number of Status, or the value that is
    /// there when it is not the expected one.
    /// </summary>
    public static (string Text, RedisValue[] Arguments) Put(in Operation operation)
    {
        var now = DateTimeOffset.UtcNow;
        if (operation.Extras is { Hash: true } or { SlidingMs: not null })
        {
            var text = operation.Condition switch
            {
                Condition.None => Names + Expiries + Hash,
                Condition.Absent => IfAbsent + Hash,
                Condition.Present => IfPresent + Hash,
                _ => IfEtag + Hash,
            };
            return (text, [operation.Value, .. HashLife.Of(operation, now)]);
        }
        RedisValue[] life = operation.TtlKind == TtlKind.Never ? [] : ["PX", operation.TtlMs];
        // An add has no life to keep.
        if (operation.TtlKind == TtlKind.Keep && operation.Condition is not Condition.Absent)
        {
            var text = operation.Condition switch
            {
                Condition.None => KeepAny,
                Condition.Present => IfPresent + Keep + OrAbsent,
                _ => IfEtag + Keep + OrAbsent,
            };
            return (text, [operation.Value, now.ToUnixTimeMilliseconds(), .. life]);
        }
        return (operation.Condition switch
        {
            Condition.None => Names + String,
            Condition.Absent => IfAbsent + String,
            Condition.Present => IfPresent + String,
            _ => IfEtag + String,
        }, [operation.Value, .. life]);
    }
}
