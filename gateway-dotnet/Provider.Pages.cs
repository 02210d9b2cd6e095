// The verbs of Provider.cs that go page by page: what is on a page is found by KeyList.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed partial class Provider
{
    private async Task<Result> ListAsync(Operation operation)
    {
        var (page, refusal) = await keys.FindAsync(operation).ConfigureAwait(false);
        return refusal ?? new Result { Value = page.List(prefix.Length) };
    }

    /// <summary>Each key is a command of its own: on a cluster they lie in many slots.</summary>
    private async Task<Result> ClearAsync(Operation operation)
    {
        var (page, refusal) = await FindToClearAsync(operation).ConfigureAwait(false);
        if (refusal is not null) return refusal.Value;
        var removing = page.Keys.Select(RemoveAsync).ToList();
        try
        {
            var removed = await Task.WhenAll(removing).ConfigureAwait(false);
            return new Result { Outcome = Outcome.Applied, Value = page.Cleared(removed.Count(gone => gone)) };
        }
        catch (Exception failure) when (removing.Count > 1)
        {
            // That one of them was not sent says nothing of the others.
            return Failures.ToResult(failure, operation) with { Outcome = Outcome.Unknown };
        }
    }

    private async Task<bool> RemoveAsync(byte[] key)
    {
        if (!tagUse.IsPossible || tagKeys.Of(key) is not RedisKey tagged) return await redis.KeyDeleteAsync(key).ConfigureAwait(false);
        var script = TagScripts.Ending(Scripts.DeleteAlways);
        return (long)await redis.ScriptEvaluateAsync(script, [key, tagged], [], CommandFlags.NoScriptCache).ConfigureAwait(false) == 0;
    }

    /// <summary>As long as keys are looked for nothing has changed.</summary>
    private async Task<(KeyPage Page, Result? Refusal)> FindToClearAsync(Operation operation)
    {
        try
        {
            return await keys.FindAsync(operation).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            return (default, Failures.ToResult(failure, operation) with { Outcome = Outcome.NotApplied });
        }
    }
}
