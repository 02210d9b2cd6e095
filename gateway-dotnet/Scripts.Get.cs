// The scripts of a get, for what GET and GETEX do not read: hashes as IDistributedCache of ASP.NET Core lays them down.
// Each answers 1 (nothing there), 16 (foreign), or four values: the bytes, what PTTL says, 1 when they lie in such a hash,
// and 1 when the life was moved. Called by Provider.Hashes.cs.

namespace AzureCache.Gateway;

internal static partial class Scripts
{
    /// <summary>Answers unless there is an entry; `value` is what it holds.</summary>
    private const string Read = Names + Expiries + """
        local kind = call('TYPE', key)['ok']
        local absexp, sldexp, value, moved
        if kind == 'none' then return 1 end
        if kind == 'string' then
          value = call('GET', key)
        else
          if kind == 'hash' then absexp, sldexp = expiries() end
          if not absexp then return 16 end
          value = call('HGET', key, 'data')
        end
        if not value then return 1 end

        """;

    private const string Tell = """
        return {value, call('PTTL', key), absexp and 1 or 0, moved and 1 or 0}
        """;

    /// <summary>Leaves the life alone.</summary>
    public const string Look = Read + Tell;

    /// <summary>
    /// ARGV[2] is now, in milliseconds since 1970. A read of what slides is a use. EXISTS stands right before PEXPIRE, as in
    /// GiveLife.
    /// </summary>
    public const string Use = Read + Window + """
        local ms = absexp and window(absexp, sldexp, ARGV[2])
        moved = ms and call('EXISTS', key) == 1 and call('PEXPIRE', key, string.format('%.0f', ms))

        """ + Tell;

    /// <summary>ARGV from [2] on as for a touch.</summary>
    public const string GetAndRenew = Read + Window + GiveLife + """
        moved = give()
        if not moved then return 1 end

        """ + Tell;
}
