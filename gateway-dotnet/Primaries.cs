// Which servers have the keys, by names that stay with them. Used by KeyList.cs, for every page anew: what
// StackExchange.Redis knows of a cluster can be a minute old, and a list must not leave out a server that has come.

using System.Net;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class Primaries
{
    /// <summary>So many members of a cluster are asked for its servers; the first answer counts, for one may be paused.</summary>
    private const int Witnesses = 3;

    /// <summary>In the order of their names: the id of a node, elsewhere the address.</summary>
    /// <exception cref="RedisConnectionException">one of them is not known to the multiplexer: a list would miss its keys</exception>
    public static async Task<List<(string Name, IServer Server)>> FindAsync(ConnectionMultiplexer redis)
    {
        var connected = redis.GetServers().Where(server => server.IsConnected).ToList();
        var primaries = await ClusterAsync(connected).ConfigureAwait(false) is ClusterConfiguration cluster
            ? cluster.Nodes.Where(node => node is { IsReplica: false, Slots.Count: > 0 }).Select(node => (node.NodeId, Known(redis, node.EndPoint)))
            // An address that is not connected may be that of a replica: it counts only if no other is.
            : (connected.Count > 0 ? connected : [.. redis.GetServers()]).Where(server => !server.IsReplica)
                .Select(server => (EndPointCollection.ToString(server.EndPoint), server));
        return [.. primaries.OrderBy(primary => primary.Item1, StringComparer.Ordinal)];
    }

    /// <summary>The nodes as one of them sees them now; null when this is no cluster.</summary>
    private static async Task<ClusterConfiguration?> ClusterAsync(List<IServer> connected)
    {
        var members = connected.Where(server => server.ServerType == ServerType.Cluster).Take(Witnesses).ToList();
        var asked = members.ConvertAll(member => member.ClusterNodesAsync());
        while (asked.Count > 0)
        {
            var answered = await Task.WhenAny(asked).ConfigureAwait(false);
            if (answered.IsCompletedSuccessfully && answered.Result is ClusterConfiguration nodes) return nodes;
            asked.Remove(answered);
        }
        return members.Select(member => member.ClusterConfiguration).FirstOrDefault(nodes => nodes is not null);
    }

    private static IServer Known(ConnectionMultiplexer redis, EndPoint? endPoint) =>
        Array.Find(redis.GetServers(), server => server.EndPoint.Equals(endPoint))
        ?? throw new RedisConnectionException(
            ConnectionFailureType.UnableToResolvePhysicalConnection, CommandFlags.CommandRetryReadOnly, "A server of the cluster is not known yet.");
}
