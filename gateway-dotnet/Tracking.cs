// What Redis tells of changes: client tracking (BCAST) of every key under the prefix, by whomever changed. Made by
// Connection.cs for a backend that is no embedded one; tells changes through a ChangeFeed. Knows nothing of who listens.
//
// Tracking belongs to the connection for commands; its messages go to the one for subscriptions (REDIRECT), which exists in
// RESP2 only. Either can be replaced without a word (docs/decisions/0003), and then GETs are still answered. So nothing
// is believed but marks: a key of our own that is written, and whose change has to come back. Where it does not, tracking
// is turned on anew, and what was known until then is void: see Everything below.

using System.Globalization;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class Tracking : IDisposable
{
    /// <summary>A mark whose proof does not come in this time is not waited for: tracking is turned on anew.</summary>
    private const int PatienceMs = 2000;

    /// <summary>Without any proof that patience doubles, up to this.</summary>
    private const int MostPatienceMs = 32_000;

    /// <summary>No NOLOOP: it would also hide that an entry which we have written has expired.</summary>
    private static readonly string[] Broadcast = ["TRACKING", "ON", "BCAST", "REDIRECT"];

    private readonly ConnectionMultiplexer redis;
    private readonly ChangeFeed feed;
    private readonly Action<Event> tell;
    private readonly byte[] prefix;
    private readonly Lock gate = new();

    /// <summary>Counts what happened to the connections: tracking is on for one count, or not at all.</summary>
    private int connections;

    private int armedFor = -1;
    private int refusedFor = -1;
    private bool arming;
    private long quietSince;
    private long patienceMs = PatienceMs;
    private string? told;
    private ChannelMessageQueue? messages;

    public Tracking(ConnectionMultiplexer redis, ResultQueue results, byte[] prefix)
    {
        (this.redis, this.prefix) = (redis, prefix);
        tell = results.Add;
        feed = new ChangeFeed(results, prefix, Proven);
        redis.ConnectionFailed += (_, _) => Replaced();
        redis.ConnectionRestored += (_, _) => Replaced();
    }

    public void Dispose() => feed.Dispose();

    /// <summary>
    /// Writes the mark of this number, whose change comes back as proof that all changes before it were told. Turns tracking
    /// on first where it is not, or does not seem to be. Does not wait, and does nothing while tracking is being turned on.
    /// </summary>
    public void Mark(uint number)
    {
        lock (gate)
        {
            if (arming || refusedFor == connections) return;
            var quiet = Environment.TickCount64 - quietSince > patienceMs;
            if (armedFor == connections && !quiet)
            {
                _ = WriteMarkAsync(number);
                return;
            }
            if (quiet && armedFor == connections) patienceMs = Math.Min(patienceMs * 2, MostPatienceMs);
            arming = true;
        }
        _ = ArmAsync(number);
    }

    private async Task ArmAsync(uint number)
    {
        var count = Volatile.Read(ref connections);
        string? problem = null;
        var refused = false;
        try
        {
            (problem, refused) = await TurnOnAsync().ConfigureAwait(false);
        }
        catch (RedisServerException refusal)
        {
            // By the code alone: the words of a server can repeat what it was sent.
            refused = refusal.Kind is not (RedisErrorKind.Loading or RedisErrorKind.TryAgain);
            problem = $"the server does not offer it, or not to this user ({Failures.FirstWord(refusal)})";
        }
        catch (Exception failure)
        {
            problem = $"the connection does not stand ({failure.GetType().Name})";
        }
        lock (gate)
        {
            arming = false;
            quietSince = Environment.TickCount64;
            if (refused) refusedFor = count;
            // A connection that was replaced meanwhile has no tracking: the next mark turns it on.
            else if (problem is null) armedFor = count;
        }
        if (problem is not null) Tell(refused ? "info" : "debug", "changes_not_told", $"Changes in the backend are not told: {problem}. There is no near cache.");
        else Tell("debug", "changes_told", "Changes in the backend are told (client tracking).");
        if (problem is null) await WriteMarkAsync(number).ConfigureAwait(false);
    }

    /// <summary>Answers why it is not on, and whether trying again on these connections is of no use; (null, false): it is.</summary>
    private async Task<(string? Problem, bool Refused)> TurnOnAsync()
    {
        var servers = redis.GetServers();
        if (servers.Length != 1) return ("there is more than one server", true);
        var server = servers[0];
        if (!server.IsConnected) return ("the connection does not stand", false);
        if (server.ServerType != ServerType.Standalone) return ("the server is part of a cluster, or a proxy", true);
        messages ??= await feed.ReadAsync(redis.GetSubscriber()).ConfigureAwait(false);
        feed.Tell(Changes.Lost);
        // Only a connection that has a subscription is in this list, and only such a one is sent the messages.
        var list = await server.ExecuteAsync("CLIENT", "LIST", "TYPE", "pubsub").ConfigureAwait(false);
        if (NewestOf((string?)list ?? "", redis.ClientName) is not string listener) return ("its own subscription is not found", false);
        // Redis refuses a prefix that it has already.
        await server.ExecuteAsync("CLIENT", "TRACKING", "OFF").ConfigureAwait(false);
        object[] prefixes = prefix.Length == 0 ? [] : ["PREFIX", prefix];
        await server.ExecuteAsync("CLIENT", [.. Broadcast, listener, .. prefixes]).ConfigureAwait(false);
        // What was read until now may have changed without a word; only what is read from here on is watched.
        feed.Tell(Changes.Everything);
        return (null, false);
    }

    private async Task WriteMarkAsync(uint number)
    {
        try
        {
            await redis.GetDatabase().StringSetAsync(feed.Mark(number), RedisValue.EmptyString, TimeSpan.FromMilliseconds(PatienceMs)).ConfigureAwait(false);
        }
        catch (RedisServerException refusal)
        {
            Tell("info", "changes_not_told", $"Changes in the backend are not told: the server refuses to write a mark ({Failures.FirstWord(refusal)}). There is no near cache.");
        }
        catch (Exception)
        {
            // The connection is down, and its end is told by others.
        }
    }

    private void Proven()
    {
        lock (gate)
        {
            quietSince = Environment.TickCount64;
            patienceMs = PatienceMs;
        }
    }

    /// <summary>Of either connection, and of more than one server where there are more: too often does no harm.</summary>
    private void Replaced()
    {
        lock (gate)
        {
            connections++;
            patienceMs = PatienceMs;
        }
        feed.Tell(Changes.Lost);
    }

    /// <summary>Once for each reason.</summary>
    private void Tell(string level, string name, string message)
    {
        lock (gate)
        {
            if (message == told) return;
            told = message;
        }
        tell(new Event(level, name, message));
    }

    /// <summary>
    /// The id of the connection of this name; of several the newest: one that was given up can still be in the server's list.
    /// </summary>
    internal static string? NewestOf(string list, string name) => list.Split('\n')
        .Select(line => line.Split(' '))
        .Where(fields => fields.Contains($"name={name}"))
        .Select(fields => Array.Find(fields, field => field.StartsWith("id=", StringComparison.Ordinal))?[3..])
        .MaxBy(id => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0);
}
