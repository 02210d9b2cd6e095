// Settings to what is connected to, without a network.

using StackExchange.Redis;
using StackExchange.Redis.Configuration;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class ConnectionSettingsTests
{
    /// <summary>Must be in no message.</summary>
    private const string Secret = "s3cr3t/Planted=";

    [Fact]
    public void Without_a_connection_the_backend_is_embedded() => Assert.Null(ConnectionSettings.For(new GatewayOptions()));

    [Theory]
    [InlineData("redis://cache.example", "cache.example:6379", false, null)]
    [InlineData("redis://cache.example:7000/3", "cache.example:7000", false, 3)]
    [InlineData("rediss://cache.example/", "cache.example:6379", true, null)]
    [InlineData("redis://[::1]:7000/0", "[::1]:7000", false, 0)]
    [InlineData("redis://127.0.0.1", "127.0.0.1:6379", false, null)]
    [InlineData("cache.example:7000,ssl=true,defaultDatabase=2", "cache.example:7000", true, 2)]
    [InlineData("cache.example", "cache.example:6379", false, null)]
    public void A_connection_names_its_end_point(string connection, string endPoint, bool ssl, int? database)
    {
        var configuration = For(connection);
        var name = Assert.Single(configuration.EndPoints.Select(one => EndPointCollection.ToString(one)));
        // StackExchange.Redis gives port 0 until it connects, and then takes the default.
        Assert.Equal(endPoint, name!.Contains(':', StringComparison.Ordinal) ? name : $"{name}:6379");
        Assert.Equal((ssl, database), (configuration.Ssl, configuration.DefaultDatabase));
    }

    [Theory]
    [InlineData("redis://:p%40ss%3Aword%2F@host", null, "p@ss:word/")]
    [InlineData("redis://web%2Dapp:with:colon@host", "web-app", "with:colon")]
    [InlineData("redis://user:@host", "user", "")]
    public void The_user_and_the_password_of_a_URL_are_percent_decoded(string connection, string? user, string password)
    {
        var configuration = For(connection);
        Assert.Equal((user, password), (configuration.User, configuration.Password));
    }

    [Theory]
    [InlineData("http://host", "unknown scheme")]
    [InlineData("redis://", "not a valid URL")]
    [InlineData("redis://:" + Secret + "#1@host", "percent-encoded")]
    [InlineData("redis://" + "user@host", "without a password")]
    [InlineData("redis://host/first", "no number")]
    [InlineData("redis://host/-1", "no number")]
    [InlineData("redis://host?tls=true", "question mark")]
    [InlineData("host,password=" + Secret + ",sslx=true", "cannot be read")]
    [InlineData("password=" + Secret, "names no host")]
    [InlineData("host,password=a," + "s3cr3t", "comma")]
    [InlineData("host, Password = a ,=" + Secret + ",ssl=true", "comma")]
    public void What_cannot_be_understood_is_refused_with_what_to_do(string connection, string sentence)
    {
        var refused = Assert.Throws<OptionsException>(() => For(connection));
        Assert.Equal("config_invalid", refused.Code);
        Assert.Contains("AZURE_CACHE_CONNECTION", refused.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shop", "shop.redis.cache.windows.net", 6380, typeof(AzureOptionsProvider))]
    [InlineData("shop.redis.cache.windows.net", "shop.redis.cache.windows.net", 6380, typeof(AzureOptionsProvider))]
    [InlineData("shop.westeurope.redis.azure.net", "shop.westeurope.redis.azure.net", 10000, typeof(AzureManagedRedisOptionsProvider))]
    public void An_identifier_names_a_cache_on_Azure_over_TLS(string identifier, string host, int port, Type provider)
    {
        var configuration = ConnectionSettings.For(new GatewayOptions { Identifier = identifier, Token = Secret })!;
        Assert.Equal([new System.Net.DnsEndPoint(host, port)], configuration.EndPoints);
        Assert.Equal((true, Secret), (configuration.Ssl, configuration.Password));
        Assert.IsType(provider, configuration.Defaults);
    }

    [Theory]
    [InlineData("shop.cache.windows.net", "ended in 2016")]
    [InlineData("shop.example.com", "AZURE_CACHE_CONNECTION")]
    [InlineData("shop:6380", "without a port")]
    [InlineData("https://shop.redis.cache.windows.net", "short name")]
    [InlineData("", "short name")]
    public void An_identifier_that_names_no_cache_is_refused(string identifier, string sentence)
    {
        var refused = Assert.Throws<OptionsException>(() => ConnectionSettings.For(new GatewayOptions { Identifier = identifier, Token = Secret }));
        Assert.Contains(sentence, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("host", "shop", Secret, "two backends")]
    [InlineData("host", null, Secret, "two backends")]
    [InlineData(null, "shop", null, "go together")]
    [InlineData(null, null, Secret, "go together")]
    public void Settings_that_contradict_each_other_are_refused(string? connection, string? identifier, string? token, string sentence)
    {
        var options = new GatewayOptions { Connection = connection, Identifier = identifier, Token = token };
        Assert.Contains(sentence, Assert.Throws<OptionsException>(() => ConnectionSettings.For(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rediss://host", null, null)]
    [InlineData("host:10000,ssl=true", null, null)]
    [InlineData("redis://127.0.0.1:7000", null, null)]
    [InlineData("localhost:7000,[::1]:7001", null, null)]
    [InlineData(null, "shop", null)]
    [InlineData(null, "shop.westeurope.redis.azure.net", null)]
    [InlineData(null, null, "AZURE_CACHE_IDENTIFIER")]
    [InlineData("redis://host", null, "TLS")]
    [InlineData("127.0.0.1:7000,10.0.0.4:7000", null, "TLS")]
    [InlineData("shop.westeurope.redis.azure.net:10000,ssl=false", null, "TLS")]
    [InlineData("host:10000,ssl=true,password=" + Secret, null, "user and password")]
    [InlineData("host:10000,ssl=true,user=web", null, "user and password")]
    [InlineData("rediss://:pw@host", null, "user and password")]
    public void Entra_ID_signs_in_to_a_cache_over_TLS_or_loopback_without_another_password(string? connection, string? identifier, string? sentence)
    {
        var options = new GatewayOptions { Entra = "system", Connection = connection, Identifier = identifier };
        if (sentence is null)
        {
            var configuration = ConnectionSettings.For(options)!;
            Assert.Equal((null, null), (configuration.User, configuration.Password));
            return;
        }
        var message = Assert.Throws<OptionsException>(() => ConnectionSettings.For(options)).Message;
        Assert.StartsWith("AZURE_CACHE_ENTRA", message, StringComparison.Ordinal);
        Assert.Contains(sentence, message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Entra_ID_and_an_access_key_are_not_both_taken()
    {
        var options = new GatewayOptions { Entra = "system", Identifier = "shop", Token = Secret };
        Assert.Contains("not both", Assert.Throws<OptionsException>(() => ConnectionSettings.For(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis://host", "needs a connection with TLS")]
    [InlineData(null, "needs a connection with TLS")]
    [InlineData("rediss://host", "cannot be read")]
    public void An_issuer_file_that_cannot_serve_is_refused(string? connection, string sentence)
    {
        var options = new GatewayOptions { Connection = connection, CaFile = Path.Combine(Path.GetTempPath(), "no-such-file.pem") };
        Assert.Contains(sentence, Assert.Throws<OptionsException>(() => ConnectionSettings.For(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_correctness_depends_on_is_ours_whatever_the_string_says()
    {
        var configuration = For("host,abortConnect=true,allowAdmin=false,asyncTimeout=60000,name=other,connectRetry=9");
        Assert.False(configuration.AbortOnConnectFail);
        Assert.True(configuration.AllowAdmin);
        Assert.False(configuration.IncludeDetailInExceptions);
        Assert.Same(BacklogPolicy.FailFast, configuration.BacklogPolicy);
        Assert.Matches("^azurecache-[0-9a-f]{8}$", configuration.ClientName);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(2000)]
    [InlineData(60000)]
    public void A_timeout_is_noticed_before_the_deadline(int deadlineMs)
    {
        var configuration = ConnectionSettings.For(new GatewayOptions { Connection = "host", DeadlineMs = deadlineMs })!;
        var noticed = configuration.AsyncTimeout + configuration.HeartbeatInterval.TotalMilliseconds;
        Assert.InRange(noticed, deadlineMs / 2, deadlineMs - 1);
    }

    private static ConfigurationOptions For(string connection) => ConnectionSettings.For(new GatewayOptions { Connection = connection })!;
}
