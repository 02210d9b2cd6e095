// The old module's two settings, identifier and token, mapped to the caches that Azure has today.
// Called by ConnectionSettings.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class AzureNames
{
    private const string CacheForRedis = ".redis.cache.windows.net";
    private const string ManagedRedis = ".redis.azure.net";

    /// <exception cref="OptionsException">the identifier names no cache that can be reached this way</exception>
    public static ConfigurationOptions Configuration(string identifier, string? token)
    {
        var (host, port) = EndPoint(identifier);
        var configuration = new ConfigurationOptions { Ssl = true, Password = token };
        configuration.EndPoints.Add(host, port);
        return configuration;
    }

    private static (string Host, int Port) EndPoint(string identifier)
    {
        if (Uri.CheckHostName(identifier) == UriHostNameType.Dns)
        {
            if (!identifier.Contains('.', StringComparison.Ordinal)) return (identifier + CacheForRedis, 6380);
            if (identifier.EndsWith(CacheForRedis, StringComparison.OrdinalIgnoreCase)) return (identifier, 6380);
            if (identifier.EndsWith(ManagedRedis, StringComparison.OrdinalIgnoreCase)) return (identifier, 10000);
            if (identifier.EndsWith(".cache.windows.net", StringComparison.OrdinalIgnoreCase))
                throw new OptionsException("AZURE_CACHE_IDENTIFIER names a cache of the Managed Cache Service, which ended in 2016: create an Azure Managed Redis and use its name.");
        }
        throw new OptionsException(
            $"AZURE_CACHE_IDENTIFIER is not the name of a cache on Azure: use a short name, name{CacheForRedis} or name.region{ManagedRedis}, without a port; for any other server set AZURE_CACHE_CONNECTION.");
    }
}
