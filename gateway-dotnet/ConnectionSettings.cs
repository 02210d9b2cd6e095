// From the settings to what StackExchange.Redis connects with. No network. Called by Bridge.cs.
// The library's own Azure providers stay in effect: they go by the host names set here.

using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal static class ConnectionSettings
{
    /// <summary>The configuration of a Redis service; null when none is set and the backend is embedded.</summary>
    /// <exception cref="OptionsException">the settings contradict each other or cannot be read</exception>
    public static ConfigurationOptions? For(GatewayOptions options)
    {
        if (options.Connection is not null && (options.Identifier ?? options.Token) is not null)
            throw new OptionsException("AZURE_CACHE_CONNECTION and AZURE_CACHE_IDENTIFIER with AZURE_CACHE_TOKEN name two backends: set one of them.");
        if (options.Entra is null && (options.Identifier is null) != (options.Token is null))
            throw new OptionsException("AZURE_CACHE_IDENTIFIER and AZURE_CACHE_TOKEN go together: set both, or AZURE_CACHE_CONNECTION instead.");
        var configuration = options switch
        {
            { Identifier: string identifier } => AzureNames.Configuration(identifier, options.Token),
            { Connection: string connection } when connection.Contains("://", StringComparison.Ordinal) => RedisUrl.Configuration(connection),
            { Connection: string connection } => Parse(connection),
            _ => null,
        };
        if (options.CaFile is not null) TrustIssuers(configuration, options.CaFile);
        if (options.Entra is not null) CheckEntra(configuration, options);
        if (configuration is not null) SetOurs(configuration, options);
        return configuration;
    }

    /// <summary>Sets what correctness depends on, whatever the connection string says.</summary>
    public static void SetOurs(ConfigurationOptions configuration, GatewayOptions options)
    {
        // Its ending makes it the name of this connection alone: Tracking.cs looks for it among those of the server.
        configuration.ClientName = $"{options.ClientName}-{RandomNumberGenerator.GetHexString(8, lowercase: true)}";
        // With RESP3 the messages of client tracking do not arrive, and a channel prefix would change their name.
        configuration.Protocol = RedisProtocol.Resp2;
        configuration.ChannelPrefix = default;
        // StackExchange.Redis counts CLUSTER NODES, which Primaries.cs asks for, among the commands of administrators.
        configuration.AllowAdmin = true;
        configuration.IncludeDetailInExceptions = false;
        // A backend that is away is reported at once, and looked for again every half second to two seconds.
        configuration.AbortOnConnectFail = false;
        configuration.BacklogPolicy = BacklogPolicy.FailFast;
        configuration.ReconnectRetryPolicy = new ExponentialRetry(500, 2000);
        configuration.ConnectRetry = 1;
        configuration.ConnectTimeout = 5000;
        // Timeouts are looked for at each heartbeat. They come a little before the deadline, so that the answer can say
        // whether the command was sent; the bridge's own timer at the deadline is the backstop.
        var heartbeatMs = Math.Clamp(options.DeadlineMs / 20, 10, 100);
        configuration.HeartbeatInterval = TimeSpan.FromMilliseconds(heartbeatMs);
        configuration.AsyncTimeout = options.DeadlineMs - (2 * heartbeatMs);
        configuration.SyncTimeout = configuration.AsyncTimeout;
    }

    /// <summary>The token is both user and password, and whoever reads it on its way can use it.</summary>
    private static void CheckEntra(ConfigurationOptions? configuration, GatewayOptions options)
    {
        if (configuration is null)
            throw new OptionsException("AZURE_CACHE_ENTRA is for a cache on Azure: set AZURE_CACHE_IDENTIFIER or AZURE_CACHE_CONNECTION too.");
        if (options.Token is not null)
            throw new OptionsException("AZURE_CACHE_ENTRA takes the place of an access key: set AZURE_CACHE_TOKEN or AZURE_CACHE_ENTRA, not both.");
        if ((configuration.User ?? configuration.Password) is not null)
            throw new OptionsException("AZURE_CACHE_ENTRA takes the place of user and password: take them out of AZURE_CACHE_CONNECTION, or do not set AZURE_CACHE_ENTRA.");
        if (!configuration.Ssl && !configuration.EndPoints.All(IsLoopback))
            throw new OptionsException("AZURE_CACHE_ENTRA needs a connection with TLS, so that nobody on the way can read the token: use a rediss:// URL or ssl=true.");
    }

    private static bool IsLoopback(EndPoint endPoint) => endPoint switch
    {
        IPEndPoint { Address: var address } => IPAddress.IsLoopback(address),
        DnsEndPoint { Host: var host } => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address)),
        _ => false,
    };

    private static ConfigurationOptions Parse(string connection)
    {
        // Else the rest of such a password would be a server, whose name is in logs and is asked of DNS.
        var afterPassword = connection.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .SkipWhile(part => !part.StartsWith("password", StringComparison.OrdinalIgnoreCase)).Skip(1);
        if (afterPassword.Any(part => part.IndexOf('=', StringComparison.Ordinal) <= 0))
            throw new OptionsException("AZURE_CACHE_CONNECTION has something behind its password that is no option. Put servers in front of it; a password with a comma in it goes into a redis:// URL, with %2C for the comma.");
        ConfigurationOptions configuration;
        try
        {
            configuration = ConfigurationOptions.Parse(connection);
        }
        catch (Exception failure) when (failure is ArgumentException or FormatException or OverflowException)
        {
            // The exception's message repeats part of the string, which can be part of the password.
            throw new OptionsException("AZURE_CACHE_CONNECTION cannot be read: use host:port,password=...,ssl=true (StackExchange.Redis) or a redis:// URL.");
        }
        if (configuration.EndPoints.Count == 0)
            throw new OptionsException("AZURE_CACHE_CONNECTION names no host: use host:port,password=...,ssl=true (StackExchange.Redis) or a redis:// URL.");
        return configuration;
    }

    /// <summary>Trusts these issuers in place of the system's. The name in the certificate is verified as always.</summary>
    private static void TrustIssuers(ConfigurationOptions? configuration, string caFile)
    {
        if (configuration is not { Ssl: true })
            throw new OptionsException("AZURE_CACHE_CA_FILE needs a connection with TLS: use a rediss:// URL or ssl=true.");
        var issuers = new X509Certificate2Collection();
        try
        {
            issuers.ImportFromPemFile(caFile);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new OptionsException($"AZURE_CACHE_CA_FILE cannot be read ({failure.GetType().Name}): it must be a PEM file of certificates.");
        }
        if (issuers.Count == 0) throw new OptionsException("AZURE_CACHE_CA_FILE holds no certificate: it must be a PEM file of certificates.");
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.AddRange(issuers);
        configuration.SslClientAuthenticationOptions = host => new SslClientAuthenticationOptions
        {
            TargetHost = host,
            CertificateChainPolicy = trust,
        };
    }
}
