// The verbs of Provider.cs that no single command of Redis does: conditions, and what must be one step. The scripts
// themselves are in Scripts.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    /// <param name="till">of a put with tags: until when it may run</param>
    private async Task<Result> PutByScriptAsync(Operation operation, long till = 0)
    {
        if (operation.Condition is Condition.Etag && operation.Value.Length > Scripts.MaxConditionBytes)
            return Result.NotApplied(Status.TooLargeForCondition);
        if (operation.Extras is { Hash: true } or { SlidingMs: not null }) hashes.Set(operation.Key, true);
        else if (operation is { Condition: Condition.None, TtlKind: not TtlKind.Keep }) hashes.Set(operation.Key, false);
        var (script, arguments) = Scripts.Put(operation);
        return Conditional(await EvaluateAsync(script, operation, arguments, till).ConfigureAwait(false), operation);
    }

    private async Task<Result> DeleteByScriptAsync(Operation operation)
    {
        var script = operation.Condition switch
        {
            Condition.None => Scripts.DeleteAlways,
            Condition.Present => Scripts.DeleteIfPresent,
            _ => Scripts.DeleteIfEtag,
        };
        return Conditional(await EvaluateAsync(script, operation, []).ConfigureAwait(false), operation);
    }

    private async Task<Result> TouchAsync(Operation operation)
    {
        var script = operation.Condition is Condition.None ? Scripts.Touch : Scripts.TouchIfEtag;
        return Conditional(await EvaluateAsync(script, operation, LifeArguments(operation)).ConfigureAwait(false), operation);
    }

    /// <summary>ARGV[1] is always the ETag of the condition, empty when it is none.</summary>
    private async Task<RedisResult> EvaluateAsync(string script, Operation operation, RedisValue[] arguments, long till = 0)
    {
        var key = Key(operation);
        arguments = [Convert.ToHexStringLower(operation.Etag.Span), .. arguments];
        (script, var keys, arguments, var tags) = WithTags(script, operation, key, arguments, till);
        if (!operation.Token.IsEmpty)
            (script, keys, arguments) = (LockScripts.Guard(script), [.. keys, LockKey(operation)], [.. arguments, operation.Token]);
        var answer = await redis.ScriptEvaluateAsync(script, keys, arguments, CommandFlags.NoScriptCache).ConfigureAwait(false);
        return tags ? await WithoutTagsAsync(operation, key, answer).ConfigureAwait(false) : answer;
    }

    /// <summary>What a touch takes: for a hash its absexp, then the command and its number.</summary>
    private static RedisValue[] LifeArguments(in Operation operation)
    {
        var absolute = HashLife.Absolute(operation, DateTimeOffset.UtcNow);
        return operation.TtlKind == TtlKind.Never ? [absolute, "PERSIST"] : [absolute, "PEXPIRE", operation.TtlMs];
    }

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
}
