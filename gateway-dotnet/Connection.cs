// The one multiplexer, opened in the background and kept until closed. Called by Bridge.cs; tells what happens to it
// as events. StackExchange.Redis reconnects by itself; here it is only created, watched and closed.

using System.Collections.Concurrent;
using System.Net;
using System.Text;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class Connection : IAsyncDisposable
{
    private readonly ConfigurationOptions configuration;
    private readonly EntraSignIn? signIn;
    private readonly ResultQueue results;
    private readonly Action<Event> tell;
    private readonly CancellationTokenSource closing = new();
    private readonly Task<ConnectionMultiplexer?> connecting;
    private readonly byte[] prefix;
    private readonly long maxValueBytes;
    private readonly int deadlineMs;
    private readonly bool tracked;

    /// <summary>
    /// Servers known, and whether they were told of as lost: one event for an outage, and none for a first connection
    /// that is "restored". A connection given up because nothing came from it ends without a word (docs/decisions/0003);
    /// of such an outage only the end is told.
    /// </summary>
    private readonly ConcurrentDictionary<EndPoint, bool> lost = new();

    /// <summary>
    /// The event of a first connection can come this much after ConnectAsync has returned with it (seen on a busy
    /// machine). An outage that nobody was told of lasts longer: it is found by silence.
    /// </summary>
    private const int FirstEventMs = 1000;

    private long watchedSince;

    private volatile Provider? provider;
    private volatile Tracking? tracking;
    private KeyList? keys;
    private TagUse? tagUse;

    private Connection(ConfigurationOptions configuration, EntraSignIn? signIn, GatewayOptions options, ResultQueue results)
    {
        (this.configuration, this.signIn, this.results) = (configuration, signIn, results);
        tell = results.Add;
        tracked = options.Tracking;
        prefix = Encoding.UTF8.GetBytes(options.KeyPrefix);
        maxValueBytes = options.MaxValueBytes;
        deadlineMs = options.DeadlineMs;
        connecting = ConnectAsync();
    }

    /// <summary>The verbs; null until the multiplexer is there, connected or not.</summary>
    public Provider? Provider => provider;

    /// <summary>The multiplexer itself, for Diagnosis.cs.</summary>
    public ConnectionMultiplexer? Redis { get; private set; }

    /// <summary>What tells of changes; null until the multiplexer is there, and where it is not wanted.</summary>
    public Tracking? Tracking => tracking;

    /// <summary>What there is to say while there is no <see cref="Provider"/>.</summary>
    public string Missing => signIn?.Missing ?? "The first connection to the backend is not made yet.";

    /// <summary>Begins to connect, and waits for that at most <paramref name="patience"/>.</summary>
    /// <param name="signIn">what gives the configuration its user and password, and keeps them new; ends with the connection</param>
    public static async Task<Connection> OpenAsync(
        ConfigurationOptions configuration, EntraSignIn? signIn, GatewayOptions options, ResultQueue results, TimeSpan patience)
    {
        var connection = new Connection(configuration, signIn, options, results);
        await Task.WhenAny(connection.connecting, Task.Delay(patience)).ConfigureAwait(false);
        return connection;
    }

    /// <summary>Closes the sockets; commands under way end as failures.</summary>
    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync().ConfigureAwait(false);
        if (tagUse is not null) await tagUse.DisposeAsync().ConfigureAwait(false);
        if (await connecting.ConfigureAwait(false) is ConnectionMultiplexer redis)
            await redis.CloseAsync(allowCommandsToComplete: false).ConfigureAwait(false);
        tracking?.Dispose();
        if (keys is not null) await keys.DisposeAsync().ConfigureAwait(false);
        if (signIn is not null) await signIn.DisposeAsync().ConfigureAwait(false);
        closing.Dispose();
    }

    private async Task<ConnectionMultiplexer?> ConnectAsync()
    {
        while (!closing.IsCancellationRequested)
        {
            try
            {
                if (signIn is not null) await signIn.FirstAsync(closing.Token).ConfigureAwait(false);
                var redis = await OpenAsync().ConfigureAwait(false);
                Redis = redis;
                Watch(redis);
                if (tracked) tracking = new Tracking(redis, results, prefix);
                keys = new KeyList(redis, OpenAsync, prefix);
                tagUse = new TagUse(redis.GetDatabase(), prefix);
                provider = new Provider(redis.GetDatabase(), keys, tagUse, prefix, maxValueBytes, deadlineMs);
                return redis;
            }
            catch (OperationCanceledException) when (closing.IsCancellationRequested)
            {
                break;
            }
            catch (Exception failure)
            {
                tell(new Event("warn", "connection_failed", $"Connecting to the backend failed ({failure.GetType().Name}); trying again."));
                await Task.Delay(1000, closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        return null;
    }

    /// <summary>Connections to the backend; whoever calls closes them.</summary>
    private async Task<ConnectionMultiplexer> OpenAsync()
    {
        var redis = await ConnectionMultiplexer.ConnectAsync(configuration).ConfigureAwait(false);
        signIn?.Keep(redis);
        return redis;
    }

    private void Watch(ConnectionMultiplexer redis)
    {
        watchedSince = Environment.TickCount64;
        redis.ConnectionFailed += (_, news) =>
        {
            if (IsMain(news) && Loses(news.EndPoint!))
                tell(new Event("warn", "connection_failed", $"The connection to {Name(news.EndPoint)} was lost ({news.FailureType}); reconnecting."));
        };
        redis.ConnectionRestored += (sender, news) =>
        {
            if (IsMain(news) && Regains(news.EndPoint!))
                tell(new Event("info", "connection_restored", $"The connection to {Name(news.EndPoint)} is restored."));
        };
        redis.ConfigurationChanged += (_, news) =>
            tell(new Event("debug", "topology_changed", $"The servers behind {Name(news.EndPoint)} have changed."));
        foreach (var server in redis.GetServers())
        {
            if (server.IsConnected) lost.TryAdd(server.EndPoint, false);
            else if (Loses(server.EndPoint))
                tell(new Event("warn", "connection_failed", $"{Name(server.EndPoint)} cannot be reached yet; trying again in the background."));
        }
    }

    private bool Loses(EndPoint server)
    {
        var told = lost.TryGetValue(server, out var before) && before;
        lost[server] = true;
        return !told;
    }

    private bool Regains(EndPoint server)
    {
        var known = lost.TryGetValue(server, out var told);
        lost[server] = false;
        return told || (known && Environment.TickCount64 - watchedSince > FirstEventMs);
    }

    /// <summary>The second connection, for messages, comes and goes with the first.</summary>
    private static bool IsMain(ConnectionFailedEventArgs news) =>
        news.ConnectionType == ConnectionType.Interactive && news.EndPoint is not null;

    private static string Name(EndPoint? endPoint) => endPoint is null ? "the backend" : EndPointCollection.ToString(endPoint);
}
