// A get of what GET and GETEX do not read, be it because the entry lies in a hash (Scripts.Get.cs) or because the server is
// too old. Called at once where that is known (KnownHashes.cs), else after GET has said so: then what was asked of the key in
// between comes first.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    private async Task<Result> GetByScriptAsync(Operation operation)
    {
        var (script, arguments) = operation switch
        {
            { Renews: true } => (Scripts.GetAndRenew, LifeArguments(operation)),
            { TtlKind: TtlKind.Keep } => (Scripts.Look, []),
            _ => (Scripts.Use, [DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()]),
        };
        var answer = await EvaluateAsync(script, operation, arguments).ConfigureAwait(false);
        hashes.Set(operation.Key, answer.Resp2Type == ResultType.Array && (int)answer[2] == 1);
        if (answer.Resp2Type == ResultType.Integer) return Result.NotApplied((Status)(int)answer);
        var ttlMs = (long)answer[1];
        if (ttlMs == -2) return Result.NotApplied(Status.Miss); // It ended within the script.
        return Found(operation, (RedisValue)answer[0], ttlMs == -1 ? Result.Never : ttlMs) with
        {
            Sliding = (int)answer[2] == 1,
            Outcome = (int)answer[3] == 1 ? Outcome.Applied : Outcome.NotApplied,
        };
    }
}
