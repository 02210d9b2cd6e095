// The verbs on Redis. Called by Bridge.cs; knows one multiplexer and nothing of edge-js or where Redis runs.
// A plain entry is a plain string under prefix + key, so that others can read it. Every command of an operation is
// issued before RunAsync returns, so operations on one key take effect in the order of the calls. Never throws.

using System.Security.Cryptography;
using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace AzureCache.Gateway;

internal sealed class Provider(IDatabase redis, byte[] prefix)
{
    /// <summary>Reads may be sent twice; a write never: a repeated one can revive what was deleted in between.</summary>
    private readonly IDatabaseAsync reads = redis.WithRetry(new ReadRetry());

    /// <summary>The server is older than 6.2.</summary>
    private volatile bool withoutGetEx;

    public async Task<Result> RunAsync(Operation operation)
    {
        if (Rules.Problem(operation) is string problem) return Result.NotApplied(Status.FrameInvalid, problem);
        try
        {
            // (6)
            return await StartAsync(operation).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return Failures.ToResult(failure, operation);
        }
    }

    private Task<Result> StartAsync(Operation operation) => operation.Verb switch
    {
        Verb.Get when operation.Renews => GetAndRenewAsync(operation),
        Verb.Get => GetAsync(operation),
        Verb.Put when operation.Condition is Condition.Absent => PutIfAbsentAsync(operation),
        Verb.Put when operation.Condition is Condition.None && operation.TtlKind != TtlKind.Keep => PutAsync(operation),
        Verb.Put => PutByScriptAsync(operation),
        Verb.Delete when operation.Condition is Condition.None => DeleteAsync(operation),
        Verb.Delete => DeleteByScriptAsync(operation),
        Verb.Touch => TouchAsync(operation),
        _ => PingAsync(),
    };

    private async Task<Result> GetAsync(Operation operation)
    {
        var key = Key(operation);
        var reading = reads.StringGetAsync(key);
        // KeyTimeToLive cannot tell "never expires" from "gone".
        var living = operation.WantTtl ? reads.ExecuteAsync("PTTL", [key], CommandFlags.CommandRetryReadOnly) : null;
        if (living is not null) await Task.WhenAll(reading, living).ConfigureAwait(false);
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
        if (withoutGetEx) return await GetAndRenewByScriptAsync(operation).ConfigureAwait(false);
        try
        {
            var value = await redis.StringGetSetExpiryAsync(Key(operation), Life(operation)).ConfigureAwait(false);
            return value.IsNull ? Result.NotApplied(Status.Miss) : Found(operation, value, NewLife(operation));
        }
        catch (RedisServerException refusal) when (refusal.Kind == RedisErrorKind.UnknownCommand)
        {
            withoutGetEx = true;
            return await GetAndRenewByScriptAsync(operation).ConfigureAwait(false);
        }
    }

    private async Task<Result> GetAndRenewByScriptAsync(Operation operation)
    {
        var answer = await EvaluateAsync(Scripts.GetAndRenew, operation, [LifeArgument(operation)]).ConfigureAwait(false);
        return answer.Resp2Type == ResultType.Integer
            ? Result.NotApplied((Status)(int)answer)
            : Found(operation, (RedisValue)answer, NewLife(operation));
    }

    private async Task<Result> PutAsync(Operation operation)
    {
        await redis.StringSetAsync(Key(operation), operation.Value, Life(operation), When.Always).ConfigureAwait(false);
        return Written(operation);
    }

    private async Task<Result> PutIfAbsentAsync(Operation operation)
    {
        var written = await redis.StringSetAsync(Key(operation), operation.Value, Life(operation), When.NotExists).ConfigureAwait(false);
        return written ? Written(operation) : Result.NotApplied(Status.Exists);
    }

    private async Task<Result> PutByScriptAsync(Operation operation)
    {
        if (operation.Condition is Condition.Etag && operation.Value.Length > Scripts.MaxConditionBytes)
            return Result.NotApplied(Status.TooLargeForCondition);
        RedisValue keep = operation.TtlKind == TtlKind.Keep ? 1 : 0;
        var answer = await EvaluateAsync(
            Scripts.Put, operation, [ConditionArgument(operation), operation.Value, LifeArgument(operation), keep]).ConfigureAwait(false);
        return Conditional(answer, operation);
    }

    private async Task<Result> DeleteAsync(Operation operation) =>
        await redis.KeyDeleteAsync(Key(operation)).ConfigureAwait(false) ? Result.Applied() : Result.NotApplied(Status.Miss);

    private async Task<Result> DeleteByScriptAsync(Operation operation) =>
        Conditional(await EvaluateAsync(Scripts.Delete, operation, [ConditionArgument(operation)]).ConfigureAwait(false), operation);

    private async Task<Result> TouchAsync(Operation operation)
    {
        var answer = (Status)(int)await EvaluateAsync(Scripts.Touch, operation, [LifeArgument(operation)]).ConfigureAwait(false);
        return answer == Status.Ok ? Result.Applied() : Result.NotApplied(answer);
    }

    private async Task<Result> PingAsync()
    {
        await redis.PingAsync().ConfigureAwait(false);
        return Result.NotApplied(Status.Ok);
    }

    private Task<RedisResult> EvaluateAsync(string script, in Operation operation, RedisValue[] arguments) =>
        redis.ScriptEvaluateAsync(script, [Key(operation)], arguments, CommandFlags.NoScriptCache);

    private RedisKey Key(in Operation operation)
    {
        var key = new byte[prefix.Length + operation.Key.Length];
        prefix.CopyTo(key, 0);
        operation.Key.Span.CopyTo(key.AsSpan(prefix.Length));
        return key;
    }

    private static TimeSpan? Life(in Operation operation) =>
        operation.TtlKind == TtlKind.Never ? null : TimeSpan.FromMilliseconds(operation.TtlMs);

    private static RedisValue LifeArgument(in Operation operation) => operation.TtlKind == TtlKind.Never ? 0 : operation.TtlMs;

    private static long NewLife(in Operation operation) => operation.TtlKind == TtlKind.Never ? Result.Never : operation.TtlMs;

    private static RedisValue ConditionArgument(in Operation operation) => operation.Condition switch
    {
        Condition.None => "none",
        Condition.Present => "present",
        _ => Convert.ToHexStringLower(operation.Etag.Span),
    };

    private static Result Found(in Operation operation, ReadOnlyMemory<byte> value, long? ttlMs) => new()
    {
        Value = value,
        Etag = operation.WantEtag ? Etag(value) : null,
        TtlMs = operation.WantTtl ? ttlMs : null,
    };

    private static Result Written(in Operation operation) =>
        new() { Outcome = Outcome.Applied, Etag = operation.WantEtag ? Etag(operation.Value) : null };

    private static Result Conditional(RedisResult answer, in Operation operation)
    {
        if (answer.Resp2Type == ResultType.Integer)
        {
            var status = (Status)(int)answer;
            return status != Status.Ok ? Result.NotApplied(status) : operation.Verb == Verb.Put ? Written(operation) : Result.Applied();
        }
        ReadOnlyMemory<byte> current = (RedisValue)answer;
        return new Result { Status = Status.Changed, Value = current, Etag = Etag(current) };
    }

#pragma warning disable CA5350 // An ETag guards against accidents, not attacks, and Redis' scripts know no other hash.
    private static byte[] Etag(ReadOnlyMemory<byte> value) => SHA1.HashData(value.Span);
#pragma warning restore CA5350

    /// <summary>One more try, soon, for a read that got no answer because of the connection; never after a timeout.</summary>
    private sealed class ReadRetry() : RetryPolicy(new Builder
    {
        MaxAttempts = 2,
        RetryDelay = TimeSpan.FromMilliseconds(20),
        JitterMax = TimeSpan.FromMilliseconds(20),
        MaxCommandRetryCategory = CommandFlags.CommandRetryReadOnly,
    })
    {
        public override RetryResult CanRetry(in FaultContext fault) =>
            fault.ErrorKind == RedisErrorKind.Timeout ? RetryResult.None : base.CanRetry(fault);
    }
}
