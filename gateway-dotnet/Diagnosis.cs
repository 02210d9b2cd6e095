// What the doctor (src/doctor/) wants to know of a backend beyond its verbs, asked over the very connection that serves
// them. Called by Startup.cs through Bridge.cs. Facts only: what they mean is said in src/doctor/backend.ts.
// No word of a server is passed on but its error codes, and those lines of INFO that are named here.

using System.Diagnostics;
using System.Net;
using System.Text.RegularExpressions;
using StackExchange.Redis;

namespace AzureCache.Gateway;

/// <summary>A server as the settings name it.</summary>
/// <param name="ServerName">what its certificate has to say; null without TLS</param>
internal sealed record EndPointFacts(string Host, int Port, string? ServerName);

/// <param name="Failure">why there is no connection, as StackExchange.Redis calls it; null: there is one</param>
/// <param name="Word">the error code of the server that goes with it, if it gave one</param>
/// <param name="Info">chosen lines of INFO; null when it is refused</param>
/// <param name="PingMs">the middle one of a few</param>
/// <param name="SkewMs">how far our clock is ahead of the server's; null when it does not say</param>
internal sealed record BackendFacts(
    string? Failure, string? Word, string Kind, int Servers, Dictionary<string, string>? Info, double? PingMs, double? SkewMs);

internal static partial class Diagnosis
{
    private const int Pings = 5;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>The start has waited for a first connection already.</summary>
    private static readonly TimeSpan Settling = TimeSpan.FromSeconds(1);

    private static readonly HashSet<string> Told =
    [
        "redis_version", "valkey_version", "garnet_version", "server_name", "redis_mode", "role",
        "maxmemory", "maxmemory_policy", "used_memory", "cluster_enabled",
    ];

    public static EndPointFacts[] EndPoints(ConfigurationOptions configuration) =>
        [.. configuration.EndPoints.Select(endPoint => Facts(endPoint, configuration))];

    /// <summary>Waits a few seconds for a connection, then asks. Never faults.</summary>
    /// <param name="multiplexer">null as long as there is no token to sign in with</param>
    public static async Task<BackendFacts> AskAsync(Func<ConnectionMultiplexer?> multiplexer, ConfigurationOptions configuration)
    {
        for (var since = Stopwatch.StartNew(); multiplexer() is null && since.Elapsed < Patience;) await Task.Delay(50).ConfigureAwait(false);
        if (multiplexer() is not ConnectionMultiplexer redis) return new BackendFacts("NoToken", null, "unknown", 0, null, null, null);
        if (await FailureAsync(redis, configuration).ConfigureAwait(false) is (string failure, var word))
            return new BackendFacts(failure, word, "unknown", 0, null, null, null);
        var servers = redis.GetServers();
        var server = servers.First(one => one.IsConnected);
        var info = OrNullAsync(InfoAsync(server));
        var skew = OrNullAsync(SkewAsync(server));
        var ping = OrNullAsync(PingAsync(server));
        return new BackendFacts(
            null,
            null,
            server.ServerType.ToString(),
            servers.Length,
            await info.ConfigureAwait(false),
            (double?)await ping.ConfigureAwait(false),
            (double?)await skew.ConfigureAwait(false));
    }

    private static EndPointFacts Facts(EndPoint endPoint, ConfigurationOptions configuration)
    {
        var (host, port) = endPoint switch
        {
            DnsEndPoint dns => (dns.Host, dns.Port),
            IPEndPoint ip => (ip.Address.ToString(), ip.Port),
            _ => (endPoint.ToString() ?? "", 0),
        };
        return new EndPointFacts(host, port, configuration.Ssl ? configuration.SslHost ?? host : null);
    }

    /// <summary>
    /// Why no server is connected, if none comes to be. The multiplexer tries again in silence, so one of our own is opened,
    /// which does not.
    /// </summary>
    private static async Task<(string Failure, string? Word)?> FailureAsync(ConnectionMultiplexer redis, ConfigurationOptions configuration)
    {
        for (var since = Stopwatch.StartNew(); since.Elapsed < Settling; await Task.Delay(50).ConfigureAwait(false))
            if (redis.GetServers().Any(server => server.IsConnected)) return null;
        var once = configuration.Clone();
        once.AbortOnConnectFail = true;
        try
        {
            var opened = await ConnectionMultiplexer.ConnectAsync(once).WaitAsync(Patience).ConfigureAwait(false);
            await opened.DisposeAsync().ConfigureAwait(false);
            return redis.GetServers().Any(server => server.IsConnected) ? null : ("None", null);
        }
        catch (RedisConnectionException failure)
        {
            return (failure.FailureType.ToString(), Word(failure));
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return (failure.GetType().Name, Word(failure));
        }
    }

    /// <summary>The error code of Redis in what an exception says; the rest can repeat what was sent.</summary>
    private static string? Word(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
            if (Words().Match(failure.Message) is { Success: true } found) return found.Value;
        return null;
    }

    private static async Task<Dictionary<string, string>> InfoAsync(IServer server)
    {
        var text = await server.InfoRawAsync().ConfigureAwait(false) ?? "";
        return text.Split('\n')
            .Select(line => line.Trim().Split(':', 2))
            .Where(pair => pair.Length == 2 && Told.Contains(pair[0]))
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }

    private static async Task<object> PingAsync(IServer server)
    {
        var times = new List<double>();
        for (var i = 0; i < Pings; i++) times.Add((await server.PingAsync().ConfigureAwait(false)).TotalMilliseconds);
        return times.Order().ElementAt(Pings / 2);
    }

    private static async Task<object> SkewAsync(IServer server)
    {
        var before = DateTime.UtcNow;
        var there = await server.TimeAsync().ConfigureAwait(false);
        var here = before + ((DateTime.UtcNow - before) / 2);
        return (here - there).TotalMilliseconds;
    }

    private static async Task<T?> OrNullAsync<T>(Task<T> asked)
        where T : class
    {
        try
        {
            return await asked.WaitAsync(Patience).ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is RedisException or TimeoutException or FormatException or InvalidCastException)
        {
            return null;
        }
    }

    [GeneratedRegex("WRONGPASS|NOAUTH|NOPERM|LOADING|READONLY|MASTERDOWN|invalid password|invalid username", RegexOptions.CultureInvariant)]
    private static partial Regex Words();
}
