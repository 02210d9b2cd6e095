// A redis-server of the tests' own, on a free loopback port, which writes nothing to disk.

using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace AzureCache.Gateway.Tests;

/// <summary>A fact that needs a redis-server on the PATH; without one it is skipped, and says so.</summary>
public sealed class FactWithRedisAttribute : FactAttribute
{
    public FactWithRedisAttribute()
    {
        if (RedisServer.Program is null) Skip = "There is no redis-server on the PATH.";
    }
}

internal sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Process process;

    private RedisServer(Process process, int port) => (this.process, Port) = (process, port);

    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .SelectMany(folder => new[] { Path.Combine(folder, "redis-server"), Path.Combine(folder, "redis-server.exe") })
        .FirstOrDefault(File.Exists);

    public int Port { get; }

    public string Configuration => $"127.0.0.1:{Port}";

    /// <summary>Ready for connections when it answers.</summary>
    public static async Task<RedisServer> StartAsync()
    {
        for (var attempt = 1; ; attempt++)
        {
            var port = FreePort();
            var process = Process.Start(new ProcessStartInfo(Program!, ["--bind", "127.0.0.1", "--port", $"{port}", "--save", "", "--appendonly", "no"])
            {
                RedirectStandardOutput = true,
                WorkingDirectory = Path.GetTempPath(),
            })!;
            if (await IsReadyAsync(process).WaitAsync(Patience)) return new RedisServer(process, port);
            process.Dispose();
            // Another has taken the port in between.
            if (attempt == 5) throw new InvalidOperationException("redis-server does not start.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync().WaitAsync(Patience);
        process.Dispose();
    }

    /// <summary>False when it ends instead.</summary>
    private static async Task<bool> IsReadyAsync(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync() is string line)
        {
            if (!line.Contains("Ready to accept connections", StringComparison.Ordinal)) continue;
            // Its output must not fill the pipe.
            _ = process.StandardOutput.ReadToEndAsync();
            return true;
        }
        return false;
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
