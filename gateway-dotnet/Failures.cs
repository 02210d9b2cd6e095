// From an exception of StackExchange.Redis to a result. Called by Provider.cs.
// Messages of exceptions and of servers are never passed on: they can repeat keys, values and credentials.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class Failures
{
    public static Result ToResult(Exception failure, in Operation operation)
    {
#pragma warning disable CA1308 // Verbs are written in lower case.
        var verb = operation.Verb.ToString().ToLowerInvariant();
#pragma warning restore CA1308
        return failure switch
        {
            RedisTimeoutException timeout => Lost(
                Status.Timeout, operation, timeout.Commandstatus, $"{verb}: no answer came within the deadline"),
            RedisConnectionException broken => Lost(
                Status.BackendUnreachable, operation, broken.CommandStatus, $"{verb}: the backend cannot be reached ({broken.FailureType})"),
            RedisServerException refusal => Refused(refusal, verb),
            RedisCommandException => Result.NotApplied(
                Status.BackendRefused, $"{verb}: the command is not available here (disabled, or no writable server)."),
            ObjectDisposedException => Result.NotApplied(Status.ShuttingDown),
            OperationCanceledException or TimeoutException => Lost(
                Status.BackendUnreachable, operation, CommandStatus.Unknown, $"{verb}: the backend cannot be reached"),
            _ => new Result
            {
                Status = Status.Internal,
                Outcome = operation.Changes ? Outcome.Unknown : Outcome.NotApplied,
                Detail = $"{verb}: failed with {failure.GetType().Name}.",
            },
        };
    }

    /// <summary>No answer came. Whether a write has happened depends on how far the command got.</summary>
    private static Result Lost(Status status, in Operation operation, CommandStatus sent, string detail)
    {
        if (!operation.Changes) return Result.NotApplied(status, $"{detail}.");
        return sent is CommandStatus.WaitingToBeSent or CommandStatus.WaitingInBacklog
            ? Result.NotApplied(status, $"{detail}; the command was not sent.")
            : new Result { Status = status, Outcome = Outcome.Unknown, Detail = $"{detail}; the command was sent." };
    }

    private static Result Refused(RedisServerException refusal, string verb) => refusal.Kind switch
    {
        RedisErrorKind.WrongType => Result.NotApplied(Status.ForeignType),
        RedisErrorKind.Moved or RedisErrorKind.Ask or RedisErrorKind.UnknownRedirectTarget or RedisErrorKind.ClusterDown
            or RedisErrorKind.TryAgain or RedisErrorKind.Loading or RedisErrorKind.MasterDown =>
            Result.NotApplied(Status.BackendUnreachable, $"{verb}: the backend is not ready ({FirstWord(refusal)})."),
        _ => Result.NotApplied(Status.BackendRefused, $"{verb}: the backend refused the command ({FirstWord(refusal)})."),
    };

    /// <summary>The error code of Redis; the words behind it can repeat arguments.</summary>
    public static string FirstWord(RedisServerException refusal)
    {
        var word = refusal.Message.AsSpan();
        var end = word.IndexOf(' ');
        if (end > 0) word = word[..end];
        return word.Length is > 0 and <= 20 && !word.ContainsAnyExceptInRange('A', 'Z') ? word.ToString() : "ERR";
    }
}
