// Whether anything has tags in this backend: while nothing has, no operation needs to look after any, and each stays the
// one plain command that it is. Who puts the first tag leaves a mark, and every sidecar looks for it, each second until it
// is found. Made by Connection.cs; asked by Provider.Tags.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class TagUse : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly IDatabase redis;
    private readonly RedisKey mark;
    private readonly CancellationTokenSource closing = new();
    private readonly Task looking;

    /// <summary>There was no mark when it was looked for last. Until the first answer nobody knows.</summary>
    private volatile bool none;

    /// <summary>This sidecar has put tags.</summary>
    private volatile bool marked;

    private long markedAt = -(long)Pause.TotalMilliseconds;

    public TagUse(IDatabase redis, byte[] prefix)
    {
        this.redis = redis;
        mark = (byte[])[.. prefix, .. "\0tagged"u8];
        looking = LookAsync();
    }

    /// <summary>Entries can have tags.</summary>
    public bool IsPossible => marked || !none;

    /// <summary>To be awaited before a tag is put. Once a second is enough: somebody may have emptied the backend.</summary>
    public Task MarkAsync()
    {
        marked = true;
        var now = Environment.TickCount64;
        if (now - Interlocked.Read(ref markedAt) < Pause.TotalMilliseconds) return Task.CompletedTask;
        return MarkAsync(now);
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync().ConfigureAwait(false);
        await looking.ConfigureAwait(false);
        closing.Dispose();
    }

    private async Task MarkAsync(long now)
    {
        await redis.StringSetAsync(mark, "1").ConfigureAwait(false);
        Interlocked.Exchange(ref markedAt, now);
    }

    private async Task LookAsync()
    {
        for (var found = false; !found && !closing.IsCancellationRequested;)
        {
            try
            {
                found = await redis.KeyExistsAsync(mark).ConfigureAwait(false);
                none = !found;
            }
            catch (RedisServerException)
            {
                // Who may not look may not put tags either.
                none = true;
            }
            catch (Exception failure) when (failure is RedisException or TimeoutException or ObjectDisposedException)
            {
                // What was known last stands; before that, that tags are possible.
            }
            if (!found) await Task.Delay(Pause, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
