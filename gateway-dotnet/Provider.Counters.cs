// The verbs of Provider.cs that build on what is there: numbers that are counted, values that grow. Each is a script of
// Scripts.cs, since the life of what is there has to stay, and the limit of a value to hold.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    /// <summary>A number that this makes gets the life of the operation; one that is there keeps its own.</summary>
    private async Task<Result> IncrementAsync(Operation operation)
    {
        var by = operation.Extras?.By ?? 1;
        var sum = (Int128)(operation.Extras?.Initial ?? 0) + by;
        var first = sum == (long)sum ? (RedisValue)(long)sum : RedisValue.EmptyString;
        RedisValue[] life = operation.TtlKind == TtlKind.Never ? [] : ["PX", operation.TtlMs];
        return Extended(await EvaluateAsync(Scripts.Increment, operation, [by, first, .. life]).ConfigureAwait(false));
    }

    private async Task<Result> ExtendAsync(Operation operation)
    {
        var script = operation.Verb == Verb.Append ? Scripts.Append : Scripts.Prepend;
        return Extended(await EvaluateAsync(script, operation, [operation.Value, maxValueBytes]).ConfigureAwait(false));
    }

    private Result Extended(RedisResult answer)
    {
        if (answer.Resp2Type != ResultType.Integer)
            return new Result { Outcome = Outcome.Applied, Value = (ReadOnlyMemory<byte>)(RedisValue)answer };
        var status = (Status)(int)answer;
        return Result.NotApplied(status, status == Status.ValueTooLarge
            ? $"With this the value would be over the limit of {maxValueBytes} bytes (AZURE_CACHE_MAX_VALUE_BYTES)."
            : null);
    }
}
