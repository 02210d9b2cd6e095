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
        long first;
        try
        {
            first = checked((operation.Extras?.Initial ?? 0) + by);
        }
        catch (OverflowException)
        {
            return Result.NotApplied(Status.NumberOverflow);
        }
        RedisValue[] life = operation.TtlKind == TtlKind.Never ? [] : ["PX", operation.TtlMs];
        return Extended(await EvaluateAsync(Scripts.Increment, operation, [by, first, .. life]).ConfigureAwait(false));
    }

    private async Task<Result> ExtendAsync(Operation operation)
    {
        var script = operation.Verb == Verb.Append ? Scripts.Append : Scripts.Prepend;
        return Extended(await EvaluateAsync(script, operation, [operation.Value, maxValueBytes]).ConfigureAwait(false));
    }

    private static Result Extended(RedisResult answer) => answer.Resp2Type == ResultType.Integer
        ? Result.NotApplied((Status)(int)answer)
        : new Result { Outcome = Outcome.Applied, Value = (ReadOnlyMemory<byte>)(RedisValue)answer };
}
