// Finds keys, for Provider.Pages.cs: one SCAN for a page, one primary after the other; never KEYS. Made by Connection.cs;
// knows the multiplexer, and nothing of what becomes of the keys.

using System.Globalization;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class KeyList(ConnectionMultiplexer redis, Func<Task<ConnectionMultiplexer>> connect, byte[] prefix) : IAsyncDisposable
{
    /// <summary>Of the largest page, as in src/cache.ts.</summary>
    public const int MaxPageKeys = 1000;

    private readonly ReadRetry retry = new();
    private readonly Lock gate = new();
    private Task<ConnectionMultiplexer>? own;

    /// <summary>
    /// One page of the keys that begin with the operation's key. It can be empty and not the last: what counts is what
    /// the server has looked at.
    /// </summary>
    public async Task<(KeyPage Page, Result? Refusal)> FindAsync(Operation operation)
    {
        var primaries = await Primaries.FindAsync(redis).ConfigureAwait(false);
        var names = primaries.ConvertAll(primary => primary.Name);
        if (ListCursor.Read(operation.Value.Span, names) is not ListCursor cursor) return NoCursor("The cursor is not one that a list has given");
        if (cursor.Server < 0) return NoCursor("The servers of the backend are not those that this cursor was given for");
        byte[] start = [.. prefix, .. operation.Key.Span];
        try
        {
            var answer = await ScanAsync(primaries[cursor.Server].Server, cursor.Position, start, operation.TtlMs).ConfigureAwait(false);
            var position = ulong.Parse((string)answer[0]!, NumberStyles.None, CultureInfo.InvariantCulture);
            var next = cursor.Next(position, names.Count)?.Write(names);
            return (KeyPage.Of((byte[][])answer[1]!, start, prefix.Length, next), null);
        }
        catch (RedisServerException refusal) when (refusal.Message.StartsWith("ERR invalid cursor", StringComparison.Ordinal))
        {
            return NoCursor("The backend does not know the position in this cursor");
        }
    }

    /// <summary>Closes what is not the multiplexer that was given.</summary>
    public async ValueTask DisposeAsync()
    {
        if (own is null) return;
        await ((Task)own).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (own.IsCompletedSuccessfully) await own.Result.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
    }

    private async Task<RedisResult> ScanAsync(IServer server, ulong position, byte[] start, long limit)
    {
        var at = position.ToString(CultureInfo.InvariantCulture);
        var count = limit == 0 ? MaxPageKeys : limit;
        // Garnet does not tell upper from lower case in patterns. And it counts what it has found, so that one SCAN for a
        // rare prefix would go through all there is: there every key is asked for, and most are dropped here.
        var garnet = server.GetProductVariant(out _) == ProductVariant.Garnet;
        object[] arguments = garnet ? [at, "COUNT", count] : [at, "MATCH", KeyPage.Pattern(start), "COUNT", count];
        if (garnet) server = (await OwnAsync().ConfigureAwait(false)).GetServer(server.EndPoint);
        return await retry.RunAsync(() => server.ExecuteAsync(null, "SCAN", arguments, CommandFlags.CommandRetryReadOnly)).ConfigureAwait(false);
    }

    /// <summary>
    /// A connection for lists alone, where a SCAN can hold up what comes behind it: Garnet goes through everything that
    /// has expired, two million entries a second.
    /// </summary>
    private Task<ConnectionMultiplexer> OwnAsync()
    {
        lock (gate)
        {
            if (own is null || own.IsFaulted) own = connect();
            return own;
        }
    }

    private static (KeyPage Page, Result? Refusal) NoCursor(string why) =>
        (default, Result.NotApplied(Status.CursorInvalid, $"{why}. Begin anew without it."));
}
