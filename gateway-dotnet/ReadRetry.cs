// When a read is sent a second time. Used by Provider.cs and KeyList.cs; a write never is: a repeated one can revive what was deleted
// in between.

using StackExchange.Redis;
using StackExchange.Redis.Availability;

namespace AzureCache.Gateway;

/// <summary>One more try, soon, for a read that got no answer because of the connection; never after a timeout.</summary>
internal sealed class ReadRetry() : RetryPolicy(new Builder
{
    MaxAttempts = 2,
    RetryDelay = TimeSpan.FromMilliseconds(20),
    JitterMax = TimeSpan.FromMilliseconds(20),
    MaxCommandRetryCategory = CommandFlags.CommandRetryReadOnly,
})
{
    public override RetryResult CanRetry(in FaultContext fault) =>
        fault.ErrorKind == RedisErrorKind.Timeout ? RetryResult.None : base.CanRetry(fault);

    /// <summary>The same for a command to one server, which StackExchange.Redis does not repeat.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> read)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception failure) when (CanRetry(new FaultContext(failure)) != RetryResult.None)
        {
            await Task.Delay(RetryDelay).ConfigureAwait(false);
            return await read().ConfigureAwait(false);
        }
    }
}
