// The life of an entry as the hash of ASP.NET Core's IDistributedCache says it: `absexp`, the ticks of a DateTimeOffset in
// UTC, and `sldexp`, those of a TimeSpan, each -1 where there is none; 10,000 ticks are a millisecond. Used for scripts.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class HashLife
{
    private const long None = -1;

    /// <summary>absexp, sldexp, and the milliseconds to live at first unless there is no end: the shorter of the two.</summary>
    public static RedisValue[] Of(in Operation operation, DateTimeOffset now)
    {
        var sliding = operation.Extras?.SlidingMs;
        RedisValue[] expiries = [Absolute(operation, now), sliding * TimeSpan.TicksPerMillisecond ?? None];
        if (operation.TtlKind != TtlKind.Never) return [.. expiries, Math.Min(sliding ?? long.MaxValue, operation.TtlMs)];
        return sliding is long ms ? [.. expiries, ms] : expiries;
    }

    /// <summary>absexp of an entry that gets the life of the operation now.</summary>
    public static RedisValue Absolute(in Operation operation, DateTimeOffset now) =>
        operation.TtlKind == TtlKind.Never ? None : now.UtcTicks + operation.TtlMs * TimeSpan.TicksPerMillisecond;
}
