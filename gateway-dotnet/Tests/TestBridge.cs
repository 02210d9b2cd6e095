// A bridge in this process, for the tests that need one: they share it and use keys of their own. On the embedded backend,
// unless a test makes one on another.

using System.Collections.Concurrent;
using Xunit;

namespace AzureCache.Gateway.Tests;

public sealed class TestBridge : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<uint, TaskCompletionSource<Answer>> waiting = new();
    private Bridge? bridge;
    private Task? reading;
    private uint lastId;
    private readonly GatewayOptions options;

    public TestBridge()
        : this(new GatewayOptions { KeyPrefix = "test:" })
    {
    }

    internal TestBridge(GatewayOptions options) => this.options = options;

    public async Task InitializeAsync()
    {
        NativeLibraries.Register();
        bridge = await Bridge.OpenAsync(options).WaitAsync(Patience);
        reading = ReadAsync();
    }

    public async Task DisposeAsync()
    {
        await bridge!.CloseAsync().WaitAsync(Patience);
        await reading!.WaitAsync(Patience);
    }

    internal async Task<Answer> RunAsync(Ask ask) => (await RunAllAsync(ask))[0];

    /// <summary>Hands all of them over at once; answers in their order.</summary>
    internal async Task<Answer[]> RunAllAsync(params Ask[] asks)
    {
        var frames = new List<byte>();
        var answers = new List<Task<Answer>>();
        foreach (var ask in asks)
        {
            var id = Interlocked.Increment(ref lastId);
            frames.AddRange(Wire.Write(id, ask));
            answers.Add(Expect(id));
        }
        Submit([.. frames]);
        return await Task.WhenAll(answers).WaitAsync(Patience);
    }

    internal Task<Answer> Expect(uint id) => (waiting[id] = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    internal void Submit(byte[] frames) => bridge!.Submit(frames);

    private async Task ReadAsync()
    {
        while (await bridge!.ResultsAsync() is byte[] frames)
        {
            foreach (var answer in Wire.Read(frames))
            {
                if (waiting.TryRemove(answer.Id, out var one)) one.SetResult(answer);
            }
        }
    }
}
