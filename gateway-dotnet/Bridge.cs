// The .NET end of the bridge: frames in, results out as they complete. Made by Startup.cs for one gateway; owns the
// connection and, when no other backend is set, the embedded Garnet. Called on Node's main thread: nothing here waits.

using System.Reflection;
using Garnet;
using StackExchange.Redis;

namespace AzureCache.Gateway;

internal sealed class Bridge
{
    /// <summary>How long the start waits for a Redis that does not answer before it goes on without.</summary>
    private static readonly TimeSpan RedisPatience = TimeSpan.FromSeconds(1);

    /// <summary>The embedded backend does answer; on a busy machine the first connection takes a while.</summary>
    private static readonly TimeSpan EmbeddedPatience = TimeSpan.FromSeconds(10);

    private readonly ResultQueue results;
    private readonly Connection connection;
    private readonly EmbeddedGarnet? garnet;
    private readonly ConfigurationOptions configuration;
    private readonly TimeSpan deadline;
    private readonly TaskCompletionSource idle = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Operations under way, plus one while the bridge is open.</summary>
    private int underWay = 1;

    private volatile bool closing;

    private Bridge(ResultQueue results, Connection connection, EmbeddedGarnet? garnet, ConfigurationOptions configuration, GatewayOptions options)
    {
        (this.results, this.connection, this.garnet, this.configuration) = (results, connection, garnet, configuration);
        deadline = TimeSpan.FromMilliseconds(options.DeadlineMs);
        EndPoints = Diagnosis.EndPoints(configuration);
        Description = new Description(
            garnet is null ? "redis" : "embedded",
            [.. configuration.EndPoints.Select(endPoint => EndPointCollection.ToString(endPoint))],
            new Versions(Environment.Version.ToString(), Version(typeof(ConnectionMultiplexer)), garnet is null ? null : Version(typeof(GarnetServer))));
    }

    public Description Description { get; }

    public EndPointFacts[] EndPoints { get; }

    /// <exception cref="OptionsException">the options cannot be used, or the embedded backend does not start</exception>
    public static async Task<Bridge> OpenAsync(GatewayOptions options)
    {
        var configuration = ConnectionSettings.For(options);
        var results = new ResultQueue();
        EmbeddedGarnet? garnet = null;
        EntraSignIn? signIn = null;
        if (configuration is null)
        {
            garnet = EmbeddedGarnet.Start(options);
            configuration = new ConfigurationOptions { Password = garnet.Password };
            configuration.EndPoints.Add(garnet.EndPoint);
            ConnectionSettings.SetOurs(configuration, options);
            options = options with { Tracking = false };
        }
        else if (options.Entra is string entra) signIn = new EntraSignIn(EntraIdentity.For(entra), configuration, results.Add);
        var patience = garnet is null ? RedisPatience : EmbeddedPatience;
        var connection = await Connection.OpenAsync(configuration, signIn, options, results, patience).ConfigureAwait(false);
        return new Bridge(results, connection, garnet, configuration, options);
    }

    /// <summary>Begins every operation in these frames, in their order.</summary>
    public void Submit(byte[] frames)
    {
        // (5)
        for (ReadOnlyMemory<byte> rest = frames; !rest.IsEmpty;)
        {
            var length = Frames.Length(rest.Span);
            if (length == 0)
            {
                results.Add(0, Result.NotApplied(Status.FrameInvalid, "The length of a frame does not fit what was submitted."));
                return;
            }
            Begin(rest[..length]);
            rest = rest[length..];
        }
    }

    /// <summary>Asks for a mark in the stream of changes (Tracking.cs); for nothing where there is none.</summary>
    public void Mark(uint number)
    {
        if (!closing) connection.Tracking?.Mark(number);
    }

    /// <summary>What has completed since, as soon as there is something; null when the bridge is closed and all is fetched.</summary>
    public Task<byte[]?> ResultsAsync() => results.TakeAsync();

    /// <summary>See Diagnosis.cs.</summary>
    public Task<BackendFacts> DiagnoseAsync() => Diagnosis.AskAsync(() => connection.Redis, configuration);

    /// <summary>
    /// Refuses what comes from now on, waits up to the deadline for what is under way, then ends the connection
    /// and the embedded backend.
    /// </summary>
    public async Task CloseAsync()
    {
        if (closing) return;
        closing = true;
        Leave();
        await Task.WhenAny(idle.Task, Task.Delay(deadline)).ConfigureAwait(false);
        await connection.DisposeAsync().ConfigureAwait(false);
        // Commands that closing has ended still have to come back as results.
        await Task.WhenAny(idle.Task, Task.Delay(deadline)).ConfigureAwait(false);
        await CloseGarnetAsync().ConfigureAwait(false);
        results.Complete();
    }

    private async Task CloseGarnetAsync()
    {
        try
        {
            if (garnet is not null) await garnet.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            results.Add(new Event("error", "not_saved", $"What was written last may not be in AZURE_CACHE_DATA_DIR ({failure.GetType().Name}). Is its disk full?"));
        }
    }

    private void Begin(ReadOnlyMemory<byte> frame)
    {
        if (Frames.Read(frame, out var operation) is string problem)
        {
            results.Add(Frames.Id(frame.Span), Result.NotApplied(Status.FrameInvalid, problem));
            return;
        }
        Interlocked.Increment(ref underWay);
        _ = AnswerAsync(operation);
    }

    private async Task AnswerAsync(Operation operation)
    {
        results.Add(operation.Id, await RunAsync(operation).ConfigureAwait(false));
        Leave();
    }

    private ValueTask<Result> RunAsync(in Operation operation)
    {
        if (closing) return new(Result.NotApplied(Status.ShuttingDown));
        if (connection.Provider is Provider provider) return new(provider.RunAsync(operation));
        return new(Result.NotApplied(Status.BackendUnreachable, connection.Missing));
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref underWay) == 0) idle.TrySetResult();
    }

    private static string Version(Type type) =>
        type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
