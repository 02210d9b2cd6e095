// Exceptions of StackExchange.Redis to results: which status, whether a write has happened, and that nothing leaks.

using System.Text;
using StackExchange.Redis;
using StackExchange.Redis.Availability;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class FailuresTests
{
    private const string Planted = "planted-secret";

    private static readonly Operation Get = new() { Verb = Verb.Get, Key = Encoding.UTF8.GetBytes(Planted) };
    private static readonly Operation RenewingGet = new() { Verb = Verb.Get, TtlKind = TtlKind.For, TtlMs = 1 };
    private static readonly Operation Put = new() { Verb = Verb.Put };

    [Theory]
    [InlineData(CommandStatus.WaitingToBeSent, false)]
    [InlineData(CommandStatus.WaitingInBacklog, false)]
    [InlineData(CommandStatus.Sent, true)]
    [InlineData(CommandStatus.Unknown, true)]
    public void A_write_without_an_answer_may_have_happened_unless_it_was_never_sent(CommandStatus sent, bool mayHaveHappened)
    {
        var expected = mayHaveHappened ? Outcome.Unknown : Outcome.NotApplied;
        var timeout = new RedisTimeoutException(CommandFlags.None, Planted, sent);
        var broken = new RedisConnectionException(ConnectionFailureType.SocketFailure, CommandFlags.None, Planted, null, sent);
        foreach (var write in new[] { Put, RenewingGet, new() { Verb = Verb.Delete }, new() { Verb = Verb.Touch } })
        {
            Expect(Status.Timeout, expected, timeout, write);
            Expect(Status.BackendUnreachable, expected, broken, write);
        }
    }

    [Fact]
    public void A_read_without_an_answer_has_changed_nothing()
    {
        foreach (var read in new[] { Get, new() { Verb = Verb.Ping } })
        {
            Expect(Status.Timeout, Outcome.NotApplied, new RedisTimeoutException(CommandFlags.None, Planted, CommandStatus.Sent), read);
            Expect(
                Status.BackendUnreachable,
                Outcome.NotApplied,
                new RedisConnectionException(ConnectionFailureType.SocketClosed, CommandFlags.None, Planted, null, CommandStatus.Sent),
                read);
        }
    }

    [Theory]
    [InlineData("WRONGTYPE", RedisErrorKind.WrongType, (int)Status.ForeignType)]
    [InlineData("LOADING", RedisErrorKind.Loading, (int)Status.BackendUnreachable)]
    [InlineData("CLUSTERDOWN", RedisErrorKind.ClusterDown, (int)Status.BackendUnreachable)]
    [InlineData("MASTERDOWN", RedisErrorKind.MasterDown, (int)Status.BackendUnreachable)]
    [InlineData("TRYAGAIN", RedisErrorKind.TryAgain, (int)Status.BackendUnreachable)]
    [InlineData("MOVED", RedisErrorKind.Moved, (int)Status.BackendUnreachable)]
    [InlineData("OOM", RedisErrorKind.OutOfMemory, (int)Status.BackendRefused)]
    [InlineData("NOPERM", RedisErrorKind.NoPermission, (int)Status.BackendRefused)]
    [InlineData("READONLY", RedisErrorKind.ReadOnly, (int)Status.BackendRefused)]
    [InlineData("BUSY", RedisErrorKind.Busy, (int)Status.BackendRefused)]
    public void A_refusal_of_the_server_changed_nothing_and_is_told_by_its_code_alone(string word, RedisErrorKind kind, int status)
    {
        var refusal = new RedisServerException(kind, CommandFlags.None, $"{word} no permission for '{Planted}'");
        var result = Expect((Status)status, Outcome.NotApplied, refusal, Put);
        if (status != (int)Status.ForeignType) Assert.Contains($"({word})", result.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Planted)]
    [InlineData("")]
    [InlineData("planted-secret is no code")]
    public void A_refusal_without_a_code_repeats_nothing(string message)
    {
        var refusal = new RedisServerException(RedisErrorKind.Unknown, CommandFlags.None, message);
        Assert.Contains("(ERR)", Expect(Status.BackendRefused, Outcome.NotApplied, refusal, Put).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_not_foreseen_is_internal_and_a_write_may_have_happened()
    {
        Expect(Status.Internal, Outcome.Unknown, new InvalidOperationException(Planted), Put);
        Expect(Status.Internal, Outcome.NotApplied, new InvalidOperationException(Planted), Get);
        Expect(Status.ShuttingDown, Outcome.NotApplied, new ObjectDisposedException(Planted), Put);
    }

    private static Result Expect(Status status, Outcome outcome, Exception failure, in Operation operation)
    {
        var result = Failures.ToResult(failure, operation);
        Assert.Equal((status, outcome), (result.Status, result.Outcome));
        Assert.DoesNotContain(Planted, result.Detail ?? "", StringComparison.Ordinal);
        return result;
    }
}
