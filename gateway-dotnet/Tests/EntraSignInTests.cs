// Tokens asked for again and again, with a credential of the tests. Over real connections: test/entra*.test.ts.

using System.Collections.Concurrent;
using Azure.Core;
using StackExchange.Redis;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class EntraSignInTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_first_token_is_user_and_password_of_the_connections_to_come()
    {
        var credential = new FakeCredential(TimeSpan.FromHours(1));
        await using var signIn = Start(credential, out var configuration, out _);
        await signIn.FirstAsync(CancellationToken.None).WaitAsync(Patience);
        Assert.Null(signIn.Missing);
        Assert.Equal(("user-1", credential.Given[0]), (configuration.User, configuration.Password));
        Assert.Equal(["https://redis.azure.com/.default"], credential.Scopes);
    }

    [Fact]
    public async Task Each_token_is_followed_by_the_next_before_its_end()
    {
        var credential = new FakeCredential(TimeSpan.FromSeconds(2));
        await using var signIn = Start(credential, out var configuration, out var events);
        await credential.AskedAsync(3);
        Assert.True(SpinWait.SpinUntil(() => configuration.User == "user-3", Patience));
        Assert.Equal(["info", "debug", "debug"], events.Select(one => one.Level));
        Assert.All(events, one => Assert.Equal("entra_token", one.Name));
    }

    [Fact]
    public async Task After_a_sleep_of_the_machine_the_next_one_is_asked_for_at_once()
    {
        var credential = new FakeCredential(TimeSpan.FromHours(1));
        var clock = new JumpingClock();
        await using var signIn = Start(credential, out _, out _, clock);
        await signIn.FirstAsync(CancellationToken.None).WaitAsync(Patience);
        clock.Ahead = TimeSpan.FromMinutes(50);
        await credential.AskedAsync(2);
    }

    [Fact]
    public async Task A_token_that_has_ended_by_this_clock_is_taken_and_the_next_not_asked_for_in_a_hurry()
    {
        var credential = new FakeCredential(TimeSpan.FromMinutes(-10));
        await using var signIn = Start(credential, out _, out _);
        await signIn.FirstAsync(CancellationToken.None).WaitAsync(Patience);
        await Task.Delay(TimeSpan.FromSeconds(2.5));
        Assert.InRange(credential.Asked, 1, 2);
    }

    [Fact]
    public async Task A_token_without_an_end_is_no_failure()
    {
        var credential = new FakeCredential(TimeSpan.FromDays(365 * 100));
        var clock = new JumpingClock();
        await using var signIn = Start(credential, out _, out _, clock);
        await signIn.FirstAsync(CancellationToken.None).WaitAsync(Patience);
        clock.Ahead = TimeSpan.FromDays(365 * 80);
        await credential.AskedAsync(2);
    }

    [Fact]
    public async Task A_failure_is_told_once_without_its_words_and_the_next_token_is_news()
    {
        var credential = new FakeCredential(TimeSpan.FromHours(1)) { Failures = 2 };
        await using var signIn = Start(credential, out _, out var events);
        await credential.AskedAsync(1);
        Assert.Contains("the identity of tests", signIn.Missing, StringComparison.Ordinal);
        await signIn.FirstAsync(CancellationToken.None).WaitAsync(Patience);
        Assert.Equal(3, credential.Asked);
        Assert.Equal([("error", "entra_token_failed"), ("info", "entra_token")], events.Select(one => (one.Level, one.Name)));
        Assert.DoesNotContain(events, one => one.Message.Contains("planted", StringComparison.Ordinal));
        Assert.DoesNotContain(events, one => one.Message.Contains(credential.Given[0], StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_credential_that_never_answers_does_not_hold_up_the_end()
    {
        var credential = new FakeCredential(TimeSpan.FromHours(1)) { Silent = true };
        var signIn = Start(credential, out _, out var events);
        await credential.AskedAsync(1);
        await signIn.DisposeAsync().AsTask().WaitAsync(Patience);
        Assert.Empty(events);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => signIn.FirstAsync(new CancellationToken(canceled: true)));
    }

    [Theory]
    [InlineData("system", "system-assigned")]
    [InlineData("SYSTEM", "system-assigned")]
    [InlineData("user:01234567-89ab-cdef-0123-456789abcdef", "user-assigned")]
    [InlineData("default", "DefaultAzureCredential")]
    public void The_setting_names_an_identity(string entra, string name) => Assert.Contains(name, EntraIdentity.For(entra).Name, StringComparison.Ordinal);

    [Fact]
    public void Another_one_is_refused() => Assert.Throws<OptionsException>(() => EntraIdentity.For("none"));

    private static EntraSignIn Start(FakeCredential credential, out ConfigurationOptions configuration, out ConcurrentQueue<Event> events, TimeProvider? clock = null)
    {
        configuration = new ConfigurationOptions();
        events = new ConcurrentQueue<Event>();
        return new EntraSignIn(new EntraIdentity(credential, "the identity of tests", "wait"), configuration, events.Enqueue, clock);
    }

    private sealed class JumpingClock : TimeProvider
    {
        private long ahead;

        public TimeSpan Ahead
        {
            set => Volatile.Write(ref ahead, value.Ticks);
        }

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref ahead));
    }

    private sealed class FakeCredential(TimeSpan life) : TokenCredential
    {
        private int asked;

        public int Failures { get; init; }

        public bool Silent { get; init; }

        public List<string> Given { get; } = [];

        public string[] Scopes { get; private set; } = [];

        public int Asked => Volatile.Read(ref asked);

        public async Task AskedAsync(int times)
        {
            for (var end = DateTime.UtcNow + Patience; Asked < times; await Task.Delay(10))
                Assert.True(DateTime.UtcNow < end, $"Waited for the credential to be asked {times} times.");
        }

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override async ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes = requestContext.Scopes;
            var count = Interlocked.Increment(ref asked);
            // A credential that runs a program can take no notice of who gives up.
            if (Silent) await Task.Delay(Timeout.Infinite, CancellationToken.None);
            if (count <= Failures) throw new InvalidOperationException("planted words");
            Given.Add(EntraTokenTests.Jwt($$"""{"oid":"user-{{count}}"}"""));
            return new AccessToken(Given[^1], DateTimeOffset.UtcNow + life);
        }
    }
}
