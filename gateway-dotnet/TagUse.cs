// Whether anything has tags in this backend: while nothing has, no operation needs to look after any, and each stays the
// one plain command that it is. Who puts the first tag leaves a mark, and every sidecar looks for it, each second until it
// is found; from then on each keeps it there. Made by Connection.cs; asked by Provider.Tags.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class TagUse : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>The mark can be evicted while there are tags: whoever knows of some writes it again so often.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromMinutes(1);

    private readonly TimeSpan again;
    private readonly IDatabase redis;
    private readonly RedisKey mark;
    private readonly CancellationTokenSource closing = new();
    private readonly Task looking;

    /// <summary>There was no mark when it was looked for last. Until the first answer nobody knows.</summary>
    private volatile bool none;

    /// <summary>There was a first answer.</summary>
    private volatile bool looked;

    /// <summary>This sidecar has put tags.</summary>
    private volatile bool marked;

    private long markedAt = -(long)Pause.TotalMilliseconds;

    /// <param name="again">how often the mark is written anew by who knows of tags; by default each minute</param>
    public TagUse(IDatabase redis, byte[] prefix, TimeSpan? again = null)
    {
        (this.redis, this.again) = (redis, again ?? Again);
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

    /// <summary>Looks for the mark until it is there; from then on, or once this sidecar has put tags, it writes it anew.</summary>
    private async Task LookAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                if (IsKnown) await redis.StringSetAsync(mark, "1").ConfigureAwait(false);
                else none = !await redis.KeyExistsAsync(mark).ConfigureAwait(false);
                looked = true;
            }
            catch (RedisServerException)
            {
                // Who may not look may not put tags either.
                if (!looked) none = looked = true;
            }
            catch (Exception failure) when (failure is RedisException or TimeoutException or ObjectDisposedException)
            {
                // What was known last stands; before that, that tags are possible.
            }
            await Task.Delay(IsKnown ? again : Pause, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool IsKnown => marked || (looked && !none);
}
