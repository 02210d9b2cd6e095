// Microsoft Garnet inside this process: the backend when no other is set. Started and closed by Bridge.cs, which then
// speaks to it as to any Redis, over loopback with a random password. With a data folder, entries survive a restart;
// without one, nothing is written to disk.

using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Garnet;
using Garnet.server;
using Garnet.server.Auth.Settings;
using Tsavorite.core;

namespace AzureCache.Gateway;

internal sealed class EmbeddedGarnet : IAsyncDisposable
{
    /// <summary>How far the log of writes grows on disk, give or take five seconds of writes; by default without end.</summary>
    private const long AofLimitBytes = 64 << 20;

    private readonly GarnetServer server;
    private readonly DataFolder? folder;

    private EmbeddedGarnet(GarnetServer server, DataFolder? folder, IPEndPoint endPoint, string password)
    {
        (this.server, this.folder) = (server, folder);
        (EndPoint, Password) = (endPoint, password);
    }

    public IPEndPoint EndPoint { get; }

    public string Password { get; }

    /// <exception cref="OptionsException">the folder is in use or not writable, or Garnet does not start</exception>
    public static EmbeddedGarnet Start(GatewayOptions options)
    {
        var folder = options.DataDir is null ? null : DataFolder.Lock(options.DataDir);
        var password = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        var endPoint = FreePort();
        GarnetServer? server = null;
        try
        {
            server = new GarnetServer(ServerOptions(endPoint, password, folder, options));
            server.Start();
            return new EmbeddedGarnet(server, folder, endPoint, password);
        }
        catch (Exception failure)
        {
            server?.Dispose();
            folder?.Dispose();
            throw new OptionsException(
                folder is null
                    ? $"The embedded backend did not start ({failure.GetType().Name}). Install azurecache-sidecar again (in a checkout: npm run build), in case a file of it is damaged; else set AZURE_CACHE_CONNECTION to a Redis, and please report this."
                    : $"The embedded backend did not start on the folder AZURE_CACHE_DATA_DIR ({failure.GetType().Name}). Check that it is intact, or move it away.",
                "embedded_failed");
        }
    }

    /// <summary>Writes what is not on disk yet, then stops.</summary>
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (folder is not null) await server.Store.CommitAOFAsync(CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            server.Dispose();
            folder?.Dispose();
        }
    }

    private static GarnetServerOptions ServerOptions(IPEndPoint endPoint, string password, DataFolder? folder, GatewayOptions gateway)
    {
        var options = new GarnetServerOptions
        {
            EndPoints = [endPoint],
            AuthSettings = new PasswordAuthenticationSettings(password),
            QuietMode = true,
            // Taken as it fills. When it is full, the entries written longest ago make room.
            LogMemorySize = $"{gateway.EmbeddedBytes}",
            PageSize = "4m",
            // It takes twelve keys for each 64 bytes, and when it is full, Garnet ends the connection at every further put:
            // it grows in time, up to what the smallest entries that the log can hold (48 bytes each) need.
            IndexMemorySize = "1m",
            IndexMaxMemorySize = $"{BitPower(gateway.EmbeddedBytes / 32)}",
            IndexResizeFrequencySecs = 1,
            EnableLua = true,
            LuaOptions = new LuaOptions(),
            // Without it other connections' commands run between those of a script.
            LuaTransactionMode = true,
        };
        if (folder is not null)
        {
            options.EnableAOF = true;
            options.Recover = true;
            options.CheckpointDir = folder.Path;
            options.CommitFrequencyMs = 1000;
            // A record must fit in a page.
            var pageBytes = BitPower(Math.Max(8 << 20, gateway.MaxValueBytes * 2));
            options.AofPageSize = $"{pageBytes}";
            options.AofMemorySize = $"{pageBytes * 4}";
            // A log over this size gives way to a snapshot. Its files are deleted whole, so they are no larger.
            options.AofSizeLimit = options.AofSegmentSize = $"{Math.Max(AofLimitBytes, pageBytes)}";
            // The default device needs libaio, and ends the process without it.
            options.DeviceType = DeviceType.RandomAccess;
        }
        return options;
    }

    private static long BitPower(long atLeast) => (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)atLeast);

    private static IPEndPoint FreePort()
    {
        using var probe = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return (IPEndPoint)probe.LocalEndPoint!;
    }
}
