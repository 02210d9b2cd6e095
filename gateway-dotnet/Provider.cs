// The verbs on Redis. Called by Bridge.cs; knows one multiplexer and nothing of edge-js or where Redis runs.
// A plain entry is a plain string under prefix + key, so that others can read it. Every command of an operation is
// issued before RunAsync returns, so operations on one key take effect in the order of the calls. Never throws.
// Here is what Redis has a command for; what needs a script is in Provider.Scripted.cs, gets of hashes (of one that
// was not known, by a second command) in Provider.Hashes.cs, what goes page by page in Provider.Pages.cs.

using System.Security.Cryptography;
using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace AzureCache.Gateway;

internal sealed partial class Provider(IDatabase redis, KeyList keys, TagUse tagUse, byte[] prefix, long maxValueBytes, long deadlineMs)
{
    private readonly Turns turns = new();
    private readonly SlotKeys lockKeys = new(redis.Multiplexer, prefix, "lock"u8);
    private readonly SlotKeys tagKeys = new(redis.Multiplexer, prefix, "tags"u8);
    private readonly TagIndex tagIndex = new(redis, prefix);

    /// <summary>Reads may be sent twice; a write never: a repeated one can revive what was deleted in between.</summary>
    private readonly IDatabaseAsync reads = redis.WithRetry(new ReadRetry());

    private readonly KnownHashes hashes = new();

    /// <summary>The server is older than 6.2.</summary>
    private volatile bool withoutGetEx;

    public async Task<Result> RunAsync(Operation operation)
    {
        if (Rules.Problem(operation) is string problem) return Result.NotApplied(Status.FrameInvalid, problem);
        try
        {
            if (CannotLock(operation)) return Result.NotApplied(Status.LockKeyInvalid);
            // (6)
            return await InTurnAsync(operation).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return Failures.ToResult(failure, operation);
        }
    }

    private Task<Result> InTurnAsync(in Operation operation)
    {
        if (operation is { Verb: Verb.Put, Extras.Tags.Count: > 0 }) return PutWithTagsAsync(operation);
        return turns.Behind(operation.Key) is Turns.Turn turn ? WaitAsync(turn, operation) : StartAsync(operation);
    }

    private async Task<Result> WaitAsync(Turns.Turn turn, Operation operation)
    {
        Task<Result> started;
        using (turn)
        {
            var began = Environment.TickCount64;
            await turn.Ready.ConfigureAwait(false);
            if (IsLate(began)) return Result.NotApplied(Status.Timeout);
            started = StartAsync(operation);
        }
        return await started.ConfigureAwait(false);
    }

    /// <summary>Whoever asked has been told by now that there was no answer.</summary>
    private bool IsLate(long began) => Environment.TickCount64 - began >= deadlineMs;

    private Task<Result> StartAsync(Operation operation) => operation.Verb switch
    {
        Verb.Get when hashes.Has(operation.Key) => GetByScriptAsync(operation),
        Verb.Get when operation.Renews && tagUse.IsPossible => GetByScriptAsync(operation),
        Verb.Get when operation.Renews => GetAndRenewAsync(operation),
        Verb.Get => GetAsync(operation),
        Verb.Put when !operation.Token.IsEmpty || operation.Extras is { Hash: true } or { SlidingMs: not null } => PutByScriptAsync(operation),
        Verb.Put when tagUse.IsPossible || operation.Extras is { Untagged: true } => PutByScriptAsync(operation),
        Verb.Put when operation.Condition is Condition.Absent && !IsGarnet => PutIfAbsentAsync(operation),
        Verb.Put when operation.Condition is Condition.None && operation.TtlKind != TtlKind.Keep => PutAsync(operation),
        Verb.Put => PutByScriptAsync(operation),
        Verb.Delete when !operation.Token.IsEmpty => DeleteByScriptAsync(operation),
        Verb.Delete when operation.Condition is Condition.None && !tagUse.IsPossible => DeleteAsync(operation),
        Verb.Delete => DeleteByScriptAsync(operation),
        Verb.Touch => TouchAsync(operation),
        Verb.List when operation.Extras is { Tags.Count: > 0 } => ListByTagAsync(operation),
        Verb.List => ListAsync(operation),
        Verb.Clear when operation.Extras is { Tags.Count: > 0 } => ClearByTagAsync(operation),
        Verb.Clear => ClearAsync(operation),
        Verb.Increment => IncrementAsync(operation),
        Verb.Append or Verb.Prepend => ExtendAsync(operation),
        Verb.Lock => LockAsync(operation),
        Verb.Unlock => UnlockAsync(operation),
        _ => PingAsync(),
    };

    /// <summary>
    /// Its SET NX overwrites a hash, and its GET and GETEX of one say now WRONGTYPE, now nothing, as the command before them
    /// has left the session: beside them it is asked whether there is a key.
    /// </summary>
    private bool IsGarnet => (isGarnet ??= Known()) == true;

    /// <summary>Null until there is a connection.</summary>
    private bool? isGarnet;

    private bool? Known() => Array.Find(redis.Multiplexer.GetServers(), server => server.IsConnected) is IServer server
        ? server.GetProductVariant(out _) == ProductVariant.Garnet
        : null;

    private async Task<Result> GetAsync(Operation operation)
    {
        var key = Key(operation);
        var reading = reads.StringGetAsync(key);
        // KeyTimeToLive cannot tell "never expires" from "gone".
        var living = operation.WantTtl ? reads.ExecuteAsync("PTTL", [key], CommandFlags.CommandRetryReadOnly) : null;
        var finding = IsGarnet ? reads.KeyExistsAsync(key) : null;
        if (await IsHashAsync(reading, finding, living).ConfigureAwait(false)) return await GetByScriptAsync(operation).ConfigureAwait(false);
        var value = await reading.ConfigureAwait(false);
        if (value.IsNull) return Result.NotApplied(Status.Miss);
        if (living is null) return Found(operation, value, null);
        return (long)await living.ConfigureAwait(false) switch
        {
            -2 => Result.NotApplied(Status.Miss), // It ended between the two commands.
            -1 => Found(operation, value, Result.Never),
            var ttlMs => Found(operation, value, ttlMs),
        };
    }

    private async Task<Result> GetAndRenewAsync(Operation operation)
    {
        if (withoutGetEx) return await GetByScriptAsync(operation).ConfigureAwait(false);
        try
        {
            var key = Key(operation);
            var reading = redis.StringGetSetExpiryAsync(key, Life(operation));
            var finding = IsGarnet ? reads.KeyExistsAsync(key) : null;
            if (await IsHashAsync(reading, finding, null).ConfigureAwait(false)) return await GetByScriptAsync(operation).ConfigureAwait(false);
            var value = await reading.ConfigureAwait(false);
            return value.IsNull ? Result.NotApplied(Status.Miss) : Found(operation, value, NewLife(operation));
        }
        catch (RedisServerException refusal) when (refusal.Kind == RedisErrorKind.UnknownCommand)
        {
            withoutGetEx = true;
            return await GetByScriptAsync(operation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether there is a key, but no string that GET has found. Waits for all of them.</summary>
    private static async Task<bool> IsHashAsync(Task<RedisValue> reading, Task<bool>? finding, Task? living)
    {
        try
        {
            if (finding is not null || living is not null)
                await Task.WhenAll(reading, finding ?? Task.CompletedTask, living ?? Task.CompletedTask).ConfigureAwait(false);
            return (await reading.ConfigureAwait(false)).IsNull && finding is not null && await finding.ConfigureAwait(false);
        }
        catch (RedisServerException refusal) when (refusal.Kind == RedisErrorKind.WrongType)
        {
            return true;
        }
    }

    private async Task<Result> PutAsync(Operation operation)
    {
        hashes.Set(operation.Key, false);
        await redis.StringSetAsync(Key(operation), operation.Value, Life(operation), When.Always).ConfigureAwait(false);
        return Written(operation);
    }

    private async Task<Result> PutIfAbsentAsync(Operation operation)
    {
        var written = await redis.StringSetAsync(Key(operation), operation.Value, Life(operation), When.NotExists).ConfigureAwait(false);
        return written ? Written(operation) : Result.NotApplied(Status.Exists);
    }

    private async Task<Result> DeleteAsync(Operation operation) =>
        await redis.KeyDeleteAsync(Key(operation)).ConfigureAwait(false) ? Result.Applied() : Result.NotApplied(Status.Miss);

    private async Task<Result> PingAsync()
    {
        await redis.PingAsync().ConfigureAwait(false);
        return Result.NotApplied(Status.Ok);
    }

    private RedisKey Key(in Operation operation)
    {
        var key = new byte[prefix.Length + operation.Key.Length];
        prefix.CopyTo(key, 0);
        operation.Key.Span.CopyTo(key.AsSpan(prefix.Length));
        return key;
    }

    private static TimeSpan? Life(in Operation operation) =>
        operation.TtlKind == TtlKind.Never ? null : TimeSpan.FromMilliseconds(operation.TtlMs);

    private static long NewLife(in Operation operation) => operation.TtlKind == TtlKind.Never ? Result.Never : operation.TtlMs;

    private static Result Found(in Operation operation, ReadOnlyMemory<byte> value, long? ttlMs) => new()
    {
        Value = value,
        Etag = operation.WantEtag ? Etag(value) : null,
        TtlMs = operation.WantTtl ? ttlMs : null,
    };

    private static Result Written(in Operation operation) =>
        new() { Outcome = Outcome.Applied, Etag = operation.WantEtag ? Etag(operation.Value) : null };

#pragma warning disable CA5350 // An ETag guards against accidents, not attacks, and Redis' scripts know no other hash.
    private static byte[] Etag(ReadOnlyMemory<byte> value) => SHA1.HashData(value.Span);
#pragma warning restore CA5350
}
