// The verbs of Provider.cs that no single command of Redis does: conditions, and what must be one step. The scripts
// themselves are in Scripts.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    private async Task<Result> GetAndRenewByScriptAsync(Operation operation)
    {
        var answer = await EvaluateAsync(Scripts.GetAndRenew, operation, [LifeArgument(operation)]).ConfigureAwait(false);
        return answer.Resp2Type == ResultType.Integer
            ? Result.NotApplied((Status)(int)answer)
            : Found(operation, (RedisValue)answer, NewLife(operation));
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

    private async Task<Result> DeleteByScriptAsync(Operation operation) =>
        Conditional(await EvaluateAsync(Scripts.Delete, operation, [ConditionArgument(operation)]).ConfigureAwait(false), operation);

    private async Task<Result> TouchAsync(Operation operation)
    {
        var answer = operation.Condition is Condition.None
            ? EvaluateAsync(Scripts.Touch, operation, [LifeArgument(operation)])
            : EvaluateAsync(Scripts.TouchByCondition, operation, [ConditionArgument(operation), LifeArgument(operation)]);
        return Conditional(await answer.ConfigureAwait(false), operation);
    }

    private Task<RedisResult> EvaluateAsync(string script, in Operation operation, RedisValue[] arguments) =>
        redis.ScriptEvaluateAsync(script, [Key(operation)], arguments, CommandFlags.NoScriptCache);

    private static RedisValue LifeArgument(in Operation operation) => operation.TtlKind == TtlKind.Never ? 0 : operation.TtlMs;

    private static RedisValue ConditionArgument(in Operation operation) => operation.Condition switch
    {
        Condition.None => "none",
        Condition.Present => "present",
        _ => Convert.ToHexStringLower(operation.Etag.Span),
    };

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
