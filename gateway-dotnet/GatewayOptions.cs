// The options of one gateway, as src/bridge.ts hands them over: UTF-8 JSON, camelCase.
// The settings themselves, with defaults and sentences, are in src/config.ts.

using System.Text.Json;
using System.Text.Json.Serialization;

namespace AzureCache.Gateway;

internal sealed record GatewayOptions
{
    /// <summary>A StackExchange.Redis string or a redis:// or rediss:// URL. Without it and <see cref="Identifier"/>: embedded.</summary>
    public string? Connection { get; init; }

    /// <summary>Name or host of a cache on Azure.</summary>
    public string? Identifier { get; init; }

    /// <summary>The access key that goes with <see cref="Identifier"/>.</summary>
    public string? Token { get; init; }

    /// <summary>The identity of Entra ID to sign in with, in place of a user and password: system, default or user:client id.</summary>
    public string? Entra { get; init; }

    /// <summary>PEM file with the issuers to trust for TLS, in place of the system's.</summary>
    public string? CaFile { get; init; }

    public string KeyPrefix { get; init; } = "";

    /// <summary>Milliseconds in which an operation answers.</summary>
    public int DeadlineMs { get; init; } = 2000;

    /// <summary>Bytes of the largest value; sizes the log of the embedded backend.</summary>
    public long MaxValueBytes { get; init; } = 8 << 20;

    /// <summary>Memory for the entries of the embedded backend.</summary>
    public long EmbeddedBytes { get; init; } = 256 << 20;

    /// <summary>Folder in which the embedded backend keeps entries over a restart. Without it nothing is written to disk.</summary>
    public string? DataDir { get; init; }

    /// <summary>The backend is asked to tell of changes, where it can. An embedded one has none but ours.</summary>
    public bool Tracking { get; init; }

    public string ClientName { get; init; } = "azurecache";

    /// <exception cref="OptionsException">the bytes are not such JSON, or a number makes no sense</exception>
    public static GatewayOptions Parse(ReadOnlySpan<byte> json)
    {
        GatewayOptions? options;
        try
        {
            options = JsonSerializer.Deserialize(json, GatewayJson.Default.GatewayOptions);
        }
        catch (JsonException)
        {
            options = null;
        }
        if (options is null) throw new OptionsException("The options of the gateway are not a JSON object of the known fields.");
        if (options.DeadlineMs < 50) throw new OptionsException("AZURE_CACHE_DEADLINE_MS is too short: use 50 or more.");
        if (options.MaxValueBytes is < 1 or > 256 << 20)
            throw new OptionsException("AZURE_CACHE_MAX_VALUE_BYTES is out of range: use 1 to 268435456.");
        return options;
    }
}

/// <summary>The options cannot be used. The message is one sentence for whoever set them, without credentials.</summary>
internal sealed class OptionsException(string message, string code = "config_invalid") : Exception(message)
{
    /// <summary>config_invalid, data_dir_in_use or embedded_failed.</summary>
    public string Code { get; } = code;
}

internal sealed record Event(string Level, [property: JsonPropertyName("event")] string Name, string Message);

internal sealed record Description(string Backend, string[] Endpoints, Versions Versions);

internal sealed record Versions(string Dotnet, string StackExchangeRedis, string? Garnet);

internal sealed record StartError(string Code, string Message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(GatewayOptions))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(Description))]
[JsonSerializable(typeof(StartError))]
[JsonSerializable(typeof(EndPointFacts[]))]
[JsonSerializable(typeof(BackendFacts))]
internal sealed partial class GatewayJson : JsonSerializerContext;
