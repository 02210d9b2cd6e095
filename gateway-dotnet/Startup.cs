// The entry that edge-js calls, once per gateway. Hands back functions and plain data: all state is in their closure.
// Nothing here may fault: edge-js throws a faulted task instead of calling back, so failures go back as data.

using System.Text.Json;

namespace AzureCache.Gateway;

/// <summary>The .NET half of the sidecar, for src/bridge.ts.</summary>
public sealed class Startup
{
    /// <summary>
    /// Opens the backend that <paramref name="input"/> (UTF-8 JSON, see GatewayOptions) names. A Redis that cannot be
    /// reached is no error: it is connected in the background.
    /// </summary>
    /// <returns>
    /// Members `submit`, `mark`, `results`, `close`, `description`, `endPoints` and `diagnose`; or only `error`, UTF-8 JSON {code, message}, when the
    /// options cannot be used or the embedded backend cannot start.
    /// </returns>
#pragma warning disable CA1822 // edge-js calls an instance method.
    public async Task<object?> Invoke(object input)
#pragma warning restore CA1822
    {
        NativeLibraries.Register();
        OpenSsl.KeepApart();
        TaskScheduler.UnobservedTaskException += (_, unobserved) => unobserved.SetObserved();
        try
        {
            var options = GatewayOptions.Parse(input as byte[] ?? []);
            // Not on Node's thread, which loads the rest of the sidecar meanwhile.
            var bridge = await Task.Run(() => Bridge.OpenAsync(options)).ConfigureAwait(false);
            return new Dictionary<string, object?>
            {
                ["submit"] = Function(bridge.Submit),
                ["mark"] = Function(number => bridge.Mark(BitConverter.ToUInt32(number))),
                ["results"] = new Func<object, Task<object?>>(async _ => await bridge.ResultsAsync().ConfigureAwait(false)),
                ["close"] = new Func<object, Task<object?>>(async _ =>
                {
                    await bridge.CloseAsync().ConfigureAwait(false);
                    return null;
                }),
                // For the doctor.
                ["endPoints"] = JsonSerializer.SerializeToUtf8Bytes(bridge.EndPoints, GatewayJson.Default.EndPointFactsArray),
                ["diagnose"] = new Func<object, Task<object?>>(async _ =>
                    JsonSerializer.SerializeToUtf8Bytes(await bridge.DiagnoseAsync().ConfigureAwait(false), GatewayJson.Default.BackendFacts)),
                ["description"] = JsonSerializer.SerializeToUtf8Bytes(bridge.Description, GatewayJson.Default.Description),
            };
        }
        catch (OptionsException refused)
        {
            return Error(refused.Code, refused.Message);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            return Error("embedded_failed", $"The .NET half of the sidecar cannot start ({failure.GetType().Name}). Please report this.");
        }
    }

    private static Func<object, Task<object?>> Function(Action<byte[]> action) => input =>
    {
        action(input as byte[] ?? []);
        return Task.FromResult<object?>(null);
    };

    private static Dictionary<string, object?> Error(string code, string message) => new()
    {
        ["error"] = JsonSerializer.SerializeToUtf8Bytes(new StartError(code, message), GatewayJson.Default.StartError),
    };
}
