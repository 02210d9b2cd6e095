// redis:// and rediss:// URLs, which StackExchange.Redis takes for the name of a host. Called by ConnectionSettings.cs.

using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class RedisUrl
{
    private const string Form = "redis://[user:password@]host[:port][/database], or rediss:// for TLS";

    /// <exception cref="OptionsException">the URL is not of that form</exception>
    public static ConfigurationOptions Configuration(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0 || url.Fragment.Length > 0)
            throw new OptionsException($"AZURE_CACHE_CONNECTION is not a valid URL: use {Form}, with special characters in the password percent-encoded.");
        if (url.Scheme is not ("redis" or "rediss")) throw new OptionsException($"AZURE_CACHE_CONNECTION has an unknown scheme: use {Form}.");
        if (url.Query.Length > 1) throw new OptionsException($"AZURE_CACHE_CONNECTION has options behind a question mark, and none is known: use {Form}.");
        var configuration = new ConfigurationOptions { Ssl = url.Scheme == "rediss", DefaultDatabase = Database(url.AbsolutePath) };
        configuration.EndPoints.Add(url.DnsSafeHost, url.Port < 0 ? 6379 : url.Port);
        if (url.UserInfo.Length > 0) SetCredentials(configuration, url.UserInfo);
        return configuration;
    }

    private static void SetCredentials(ConfigurationOptions configuration, string userInfo)
    {
        var colon = userInfo.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0) throw new OptionsException($"AZURE_CACHE_CONNECTION has a user without a password: use {Form} (redis://:password@host without a user).");
        var user = Uri.UnescapeDataString(userInfo[..colon]);
        if (user.Length > 0) configuration.User = user;
        configuration.Password = Uri.UnescapeDataString(userInfo[(colon + 1)..]);
    }

    private static int? Database(string path)
    {
        var name = path.Trim('/');
        if (name.Length == 0) return null;
        return int.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new OptionsException($"AZURE_CACHE_CONNECTION names a database that is no number: use {Form}.");
    }
}
