// From AZURE_CACHE_ENTRA to a credential of Azure.Identity. Called by Bridge.cs only where the setting is set: the
// libraries of Azure are loaded when this file is first used, and not before.

using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using Microsoft.Identity.Client;

namespace AzureCache.Gateway;

/// <param name="Name">what log lines call it</param>
/// <param name="Advice">what to do where it gives no token</param>
internal sealed record EntraIdentity(TokenCredential Credential, string Name, string Advice)
{
    private const string UserPrefix = "user:";

    /// <exception cref="OptionsException">the setting is none of the known</exception>
    public static EntraIdentity For(string entra)
    {
        if (entra.Equals("system", StringComparison.OrdinalIgnoreCase))
            return Managed(ManagedIdentityId.SystemAssigned, "the system-assigned identity", "turn it on for this app or machine (Identity), or name another one in AZURE_CACHE_ENTRA");
        if (entra.StartsWith(UserPrefix, StringComparison.OrdinalIgnoreCase))
        {
            var id = ManagedIdentityId.FromUserAssignedClientId(entra[UserPrefix.Length..]);
            return Managed(id, "the user-assigned identity of that client id", "assign it to this app or machine (Identity, User assigned), and check its client id in AZURE_CACHE_ENTRA");
        }
        if (!entra.Equals("default", StringComparison.OrdinalIgnoreCase))
            throw new OptionsException("AZURE_CACHE_ENTRA is not valid: use system, default or user:<client id>.");
        return new EntraIdentity(
            new DefaultAzureCredential(new DefaultAzureCredentialOptions { RetryPolicy = Once }),
            "the identity that DefaultAzureCredential looks for",
            "give this app or machine an identity, sign in with az login, or set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET");
    }

    /// <summary>
    /// EntraSignIn.cs tries again by itself, for ever, and tells that it does. Left to itself a credential asks five times
    /// more, over half a minute, before it says that something is wrong; Retry.MaxRetries does not change that.
    /// </summary>
    private static RetryPolicy Once => new(maxRetries: 0);

    private static EntraIdentity Managed(ManagedIdentityId id, string name, string advice) =>
        new(new ManagedIdentityCredential(new ManagedIdentityCredentialOptions(id) { RetryPolicy = Once }), name, advice);

    /// <summary>The kind of a failure and what it came of; its words can repeat what was asked and answered.</summary>
    public static string Kind(Exception failure)
    {
        var cause = failure;
        for (; cause.InnerException is not null && Status(cause) == 0; cause = cause.InnerException)
        {
            // The innermost, or the first that knows what was answered.
        }
        var outer = failure.GetType().Name;
        return Status(cause) > 0 ? $"{outer}, HTTP {Status(cause)}" : cause == failure ? outer : $"{outer}, {cause.GetType().Name}";
    }

    private static int Status(Exception failure) => failure switch
    {
        MsalServiceException service => service.StatusCode,
        RequestFailedException request => request.Status,
        _ => 0,
    };
}
