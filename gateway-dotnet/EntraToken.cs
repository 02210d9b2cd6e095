// One access token of Entra ID as Redis takes it: a user, a password and an end. Made by EntraSignIn.cs. No network.

using System.Buffers.Text;
using System.Text;
using System.Text.Json;

namespace AzureCache.Gateway;

/// <param name="User">the object id of the identity: the user that a cache on Azure knows it by</param>
/// <param name="Password">the token itself, a secret</param>
internal sealed record EntraToken(string User, string Password, DateTimeOffset ExpiresOn)
{
    /// <summary>
    /// Azure asks for a new one some minutes before the end; and the libraries below hand out the token that they have
    /// until 5 minutes before it, so that asking earlier can bring nothing new, and asking then does.
    /// </summary>
    private static readonly TimeSpan Margin = TimeSpan.FromMinutes(4);

    /// <summary>Tokens of a few seconds exist in tests alone.</summary>
    private static readonly TimeSpan Soonest = TimeSpan.FromMilliseconds(500);

    /// <summary>Null when it does not say whose it is: then it is no token of Entra ID.</summary>
    public static EntraToken? Read(string token, DateTimeOffset expiresOn) =>
        ObjectId(token) is string user ? new EntraToken(user, token, expiresOn) : null;

    /// <summary>
    /// How long it is before a new one is asked for: three quarters of what is left, but at the latest with the margin left.
    /// Where the same token comes back, the same of what is left then.
    /// </summary>
    public TimeSpan RenewAfter(DateTimeOffset now)
    {
        var left = ExpiresOn - now;
        var share = left * 0.75;
        if (left > Margin && left - Margin < share) share = left - Margin;
        return share > Soonest ? share : Soonest;
    }

    /// <summary>Of the record's own, so that no log line can have the token in it.</summary>
    public override string ToString() => nameof(EntraToken);

    /// <summary>The claim `oid`. The signature is for the cache to check.</summary>
    private static string? ObjectId(string token)
    {
        if (token.Split('.') is not [_, var claims, _]) return null;
        try
        {
            using var json = JsonDocument.Parse(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(claims)));
            return json.RootElement.TryGetProperty("oid", out var oid) && oid.GetString() is { Length: > 0 } found ? found : null;
        }
        catch (Exception failure) when (failure is FormatException or JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
