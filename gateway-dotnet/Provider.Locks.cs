// The verbs of Provider.cs on the lock of an entry: lock and unlock. A put or delete with a token is what it is without, in
// a script that guards it (Provider.Scripted.cs). The scripts themselves are in LockScripts.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    private async Task<Result> LockAsync(Operation operation)
    {
        RedisKey[] keys = [Key(operation), LockKey(operation)];
        RedisValue[] arguments = ["", operation.Token, operation.TtlMs, operation.Extras!.Absent ? "1" : "", DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()];
        var script = LockScripts.Lock;
        if (tagUse.IsPossible && tagKeys.Of(keys[0]) is RedisKey tagged) (script, keys) = (TagScripts.Using(script), [.. keys, tagged]);
        var answer = await redis.ScriptEvaluateAsync(script, keys, arguments, CommandFlags.NoScriptCache).ConfigureAwait(false);
        if (answer.Resp2Type == ResultType.Array)
            return new Result { Status = Status.Locked, TtlMs = Math.Max(1, (long)answer[1]) };
        if (answer.Resp2Type == ResultType.Integer)
            return (Status)(int)answer is var status and not Status.Ok ? Result.NotApplied(status) : Result.Applied();
        return Found(operation, (RedisValue)answer, null) with { Outcome = Outcome.Applied };
    }

    private async Task<Result> UnlockAsync(Operation operation)
    {
        var answer = operation.TtlKind == TtlKind.Default
            ? await EvaluateAsync(LockScripts.Nothing, operation, []).ConfigureAwait(false)
            : await EvaluateAsync(Scripts.Touch, operation, LifeArguments(operation)).ConfigureAwait(false);
        return Conditional(answer, operation);
    }

    /// <summary>It has to do with a lock, and the key can have none.</summary>
    private bool CannotLock(in Operation operation) => !operation.Token.IsEmpty && lockKeys.Of(Key(operation)) is null;

    private RedisKey LockKey(in Operation operation) => lockKeys.Of(Key(operation))!.Value;
}
