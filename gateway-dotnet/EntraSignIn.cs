// Keeps the connections to a cache on Azure signed in with Entra ID: asks for tokens, before the one that is used ends, and
// sends each new one over every connection that stands. Made by Bridge.cs, owned by Connection.cs.
//
// A server closes a connection whose token has ended, unless it was sent a newer one (AUTH) before. The connection for
// subscriptions cannot be sent one: in RESP2 Redis takes no AUTH there. It is closed then, and StackExchange.Redis
// makes it anew; Tracking.cs sees to what was not told in between. Connections that are made take the newest token from
// the configuration. docs/decisions/0021.

using System.Diagnostics;
using System.Globalization;
using Azure.Core;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class EntraSignIn : IAsyncDisposable
{
    private const string Scope = "https://redis.azure.com/.default";

    /// <summary>A credential that does not answer (no network, a program that waits for somebody) is asked anew.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Where there was no token: the first wait, which doubles up to the other.</summary>
    private static readonly TimeSpan FirstWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(15);

    /// <summary>A machine that has slept is not told: the clock is looked at this often.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(5);

    private readonly EntraIdentity identity;
    private readonly ConfigurationOptions configuration;
    private readonly Action<Event> tell;
    private readonly TimeProvider clock;
    private readonly CancellationTokenSource closing = new();
    private readonly CancellationToken closed;
    private readonly TaskCompletionSource first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<ConnectionMultiplexer> kept = [];
    private readonly Task renewing;
    private volatile EntraToken? token;

    /// <summary>What was told last of what is wrong; null when nothing is.</summary>
    private string? told;

    public EntraSignIn(EntraIdentity identity, ConfigurationOptions configuration, Action<Event> tell, TimeProvider? clock = null)
    {
        (this.identity, this.configuration, this.tell) = (identity, configuration, tell);
        this.clock = clock ?? TimeProvider.System;
        closed = closing.Token;
        renewing = Task.Run(RenewAsync);
    }

    /// <summary>What is missing for a first connection; null: nothing.</summary>
    public string? Missing => token is null ? $"There is no token of Entra ID yet for {identity.Name}; the log says why." : null;

    /// <summary>Waits until there is a token, in the configuration; for ever where there is none.</summary>
    public Task FirstAsync(CancellationToken cancelled) => first.Task.WaitAsync(cancelled);

    /// <summary>Keeps every connection of this multiplexer signed in, also those it makes later.</summary>
    public void Keep(ConnectionMultiplexer redis)
    {
        lock (kept) kept.Add(redis);
        // One that was being made while the token changed has the old one.
        redis.ConnectionRestored += (_, news) =>
        {
            if (news is { ConnectionType: ConnectionType.Interactive, EndPoint: not null }) _ = SendAsync(redis.GetServer(news.EndPoint));
        };
        redis.ConnectionFailed += (_, news) =>
        {
            if (news is { ConnectionType: ConnectionType.Interactive, EndPoint: not null }) _ = ExplainAsync(redis.GetServer(news.EndPoint));
        };
        SendToAll(redis);
        foreach (var server in redis.GetServers()) _ = ExplainAsync(server);
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync().ConfigureAwait(false);
        await renewing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        closing.Dispose();
    }

    private async Task RenewAsync()
    {
        var wait = FirstWait;
        while (!closed.IsCancellationRequested)
        {
            var next = await AskAsync().ConfigureAwait(false);
            if (next is not null) wait = FirstWait;
            await RestAsync(next ?? wait).ConfigureAwait(false);
            if (next is null) wait = Longer(wait);
        }
    }

    /// <summary>Until this much time has passed, for this process or by the clock: a token ends by the clock.</summary>
    private async Task RestAsync(TimeSpan time)
    {
        var due = clock.GetUtcNow() + time;
        for (var since = Stopwatch.StartNew(); since.Elapsed < time && clock.GetUtcNow() < due && !closed.IsCancellationRequested;)
        {
            var left = time - since.Elapsed;
            await Task.Delay(left < TimeSpan.Zero ? TimeSpan.Zero : left < Look ? left : Look, closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan Longer(TimeSpan wait) => wait * 2 < LongestWait ? wait * 2 : LongestWait;

    /// <summary>When to ask again; null: there was no token, or one that has ended by the clock of this machine.</summary>
    private async Task<TimeSpan?> AskAsync()
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(closed);
        patience.CancelAfter(Patience);
        try
        {
            var answer = await identity.Credential.GetTokenAsync(new TokenRequestContext([Scope]), patience.Token).AsTask().WaitAsync(patience.Token).ConfigureAwait(false);
            if (EntraToken.Read(answer.Token, answer.ExpiresOn) is not EntraToken given)
            {
                TellNone("the answer is no token with an object id");
                return null;
            }
            if (given.Password != token?.Password) Take(given);
            var now = clock.GetUtcNow();
            return given.ExpiresOn > now ? given.RenewAfter(now) : null;
        }
        catch (Exception) when (closed.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception failure)
        {
            TellNone(failure is OperationCanceledException ? "no answer" : EntraIdentity.Kind(failure));
            return null;
        }
    }

    private void Take(EntraToken given)
    {
        (configuration.User, configuration.Password) = (given.User, given.Password);
        token = given;
        var failed = Interlocked.Exchange(ref told, null) is not null;
        var end = given.ExpiresOn.UtcDateTime.ToString("u", CultureInfo.InvariantCulture);
        // Renewals are as regular as heartbeats; the first one, and one after failures, is news.
        var news = first.TrySetResult() || failed;
        tell(new Event(news ? "info" : "debug", "entra_token", $"There is a token of Entra ID for {identity.Name}, with the object id {given.User}, until {end}."));
        foreach (var redis in Kept()) SendToAll(redis);
    }

    private ConnectionMultiplexer[] Kept()
    {
        lock (kept) return [.. kept];
    }

    private void SendToAll(ConnectionMultiplexer redis)
    {
        foreach (var server in redis.GetServers()) _ = SendAsync(server);
    }

    /// <summary>Until it has arrived, a newer one is sent, or the connection is gone: the next one brings the newest.</summary>
    private async Task SendAsync(IServer server)
    {
        var sent = token;
        for (var wait = FirstWait; sent is not null && sent == token && server.IsConnected && !closed.IsCancellationRequested; wait = Longer(wait))
        {
            try
            {
                await server.ExecuteAsync("AUTH", sent.User, sent.Password).ConfigureAwait(false);
                return;
            }
            catch (RedisServerException)
            {
                TellRefused();
            }
            catch (Exception)
            {
                // The connection is down or slow, and that is told by others.
            }
            await Task.Delay(wait, closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>
    /// Says so if a connection does not come about because the cache refuses the token. StackExchange.Redis tells of the first
    /// failure alone, which can be another one or be over before anybody listens; but the last is in what a command fails with.
    /// </summary>
    private async Task ExplainAsync(IServer server)
    {
        for (var wait = FirstWait; !server.IsConnected && !closed.IsCancellationRequested; wait = Longer(wait))
        {
            try
            {
                await server.PingAsync().ConfigureAwait(false);
            }
            catch (Exception failure)
            {
                if (IsRefusal(failure)) TellRefused();
            }
            await Task.Delay(wait, closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static bool IsRefusal(Exception? failure) => failure switch
    {
        null => false,
        RedisConnectionException { FailureType: ConnectionFailureType.AuthenticationFailure } => true,
        AggregateException several => several.InnerExceptions.Any(IsRefusal),
        _ => IsRefusal(failure.InnerException),
    };

    private void TellNone(string why)
    {
        var ended = token is EntraToken last && last.ExpiresOn <= clock.GetUtcNow();
        var state = token is null ? "the cache cannot be used without one" : ended ? "the last one has ended, so the cache cannot be used" : "the last one is used as long as it lasts";
        Tell(token is null || ended ? "error" : "warn", "entra_token_failed", $"Entra ID gives no token for {identity.Name} ({why}); {state}. Trying again; if it stays so, {identity.Advice}.");
    }

    private void TellRefused()
    {
        // Once it has ended that is what is wrong, and it is told.
        if (token is not EntraToken refused || refused.ExpiresOn <= clock.GetUtcNow()) return;
        Tell("error", "entra_refused", $"The cache refuses {identity.Name}: give its object id, {refused.User}, an access policy on the cache (docs/entra.md). Trying again.");
    }

    /// <summary>Once, until something else is told or it is well again.</summary>
    private void Tell(string level, string name, string message)
    {
        if (Interlocked.Exchange(ref told, message) != message) tell(new Event(level, name, message));
    }
}
