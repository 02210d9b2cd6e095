// The way of changes from Redis' messages to the result queue, in their order. Made by Tracking.cs, which knows when
// messages are to be believed; here is only what they say.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class ChangeFeed : IDisposable
{
    /// <summary>Keys of one frame.</summary>
    private const int FrameKeys = 1000;

    /// <summary>More messages than these are not told one by one: so many changes are told as everything.</summary>
    private const int MaxWaiting = 100_000;

    /// <summary>
    /// Redis tells the keys of one turn of its loop in the order of their bytes, so a mark, which was perhaps written last,
    /// before all others: it proves what is told in this time after it.
    /// </summary>
    private const int SameTurnMs = 5;

    /// <summary>Bytes of the longest key that can be asked for, as in src/cache.ts.</summary>
    private const int MaxKeyBytes = 1024;

    private static readonly RedisChannel Invalidations = RedisChannel.Literal("__redis__:invalidate");

    private readonly ResultQueue results;
    private readonly int prefixBytes;
    private readonly byte[] prefix;
    private readonly byte[] mark;
    private readonly Action proven;
    private readonly CancellationTokenSource closing = new();

    /// <param name="proven">called for each proof</param>
    public ChangeFeed(ResultQueue results, byte[] prefix, Action proven)
    {
        (this.results, this.prefix, this.proven) = (results, prefix, proven);
        prefixBytes = prefix.Length;
        mark = [.. prefix, .. Encoding.UTF8.GetBytes($"\0near\0{RandomNumberGenerator.GetHexString(16, lowercase: true)}:")];
    }

    /// <summary>The key of a mark. Each has its own: what comes back says when it was written.</summary>
    public RedisKey Mark(uint number) => (byte[])[.. mark, .. Encoding.ASCII.GetBytes(number.ToString(CultureInfo.InvariantCulture))];

    /// <summary>Takes the messages from now on, over every later connection as well.</summary>
    public async Task<ChannelMessageQueue> ReadAsync(ISubscriber subscriber)
    {
        var messages = await subscriber.SubscribeAsync(Invalidations).ConfigureAwait(false);
        _ = PassOnAsync(messages);
        return messages;
    }

    /// <summary>Tells a change that came in no message.</summary>
    public void Tell(Changes changes) => results.Add(changes);

    public void Dispose()
    {
        closing.Cancel();
        closing.Dispose();
    }

    private async Task PassOnAsync(ChannelMessageQueue messages)
    {
        var closed = closing.Token;
        try
        {
            while (true)
            {
                await PassAsync(await messages.ReadAsync(closed).ConfigureAwait(false), messages).ConfigureAwait(false);
                // The reader takes them as fast as it can; what comes meanwhile goes into the next frame.
                await results.ChangesTakenAsync().WaitAsync(closed).ConfigureAwait(false);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or System.Threading.Channels.ChannelClosedException)
        {
            // The gateway closes.
        }
    }

    /// <summary>Tells this message and those behind it that are there already.</summary>
    private async Task PassAsync(ChannelMessage first, ChannelMessageQueue messages)
    {
        var proof = Pass(first, messages);
        if (proof is null) return;
        await Task.Delay(SameTurnMs).ConfigureAwait(false);
        if (messages.TryRead(out var next)) proof = Pass(next, messages) ?? proof;
        results.Add(Changes.Proof(proof.Value));
        proven();
    }

    /// <summary>Tells the keys among these messages; answers the last proof among them.</summary>
    private uint? Pass(ChannelMessage message, ChannelMessageQueue messages)
    {
        var keys = new List<ReadOnlyMemory<byte>>();
        uint? proof = null;
        var everything = messages.TryGetCount(out var waiting) && waiting > MaxWaiting;
        var most = everything ? waiting : FrameKeys;
        for (var taken = 1; ; taken++)
        {
            var kind = Read(message.Message, out var key, out var number);
            if (kind == ChangeKind.Everything) everything = true;
            if (kind == ChangeKind.Keys && !everything) keys.Add(key);
            if (kind == ChangeKind.Proof) proof = number;
            if (taken >= most || !messages.TryRead(out message)) break;
        }
        if (everything) results.Add(Changes.Everything);
        else if (keys.Count > 0) results.Add(Changes.Keys(keys));
        return proof;
    }

    /// <summary>What one message says; null: nothing that anybody wants to know.</summary>
    private ChangeKind? Read(RedisValue message, out ReadOnlyMemory<byte> key, out uint number)
    {
        number = 0;
        ReadOnlyMemory<byte> full = message;
        // FLUSHDB names no key. Some versions of Redis send bytes that stand for none, as if they were one.
        var named = !message.IsNull && full.Span.StartsWith(prefix) && !full.Span.SequenceEqual("\0"u8) && !full.Span.SequenceEqual("$-1\r\n"u8);
        key = named ? full[prefixBytes..] : default;
        if (!named) return ChangeKind.Everything;
        if (key.Length is 0 or > MaxKeyBytes) return null;
        if (key.Span[0] != 0) return ChangeKind.Keys;
        return full.Span.StartsWith(mark) && uint.TryParse(full.Span[mark.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out number)
            ? ChangeKind.Proof
            : null;
    }
}
