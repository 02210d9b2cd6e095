// What the bridge fetches: batches of frames, events among them, nothing lost at the end.

using Xunit;

namespace AzureCache.Gateway.Tests;

public class ResultQueueTests
{
    private static readonly Event News = new("info", "connection_restored", "It is back.");

    private readonly ResultQueue queue = new();

    [Fact]
    public async Task A_reader_that_waits_gets_what_is_added()
    {
        var reading = queue.TakeAsync();
        Assert.False(reading.IsCompleted);
        queue.Add(7, Result.Applied());
        var answer = Assert.Single(await TakeAsync(reading));
        Assert.Equal((7u, Status.Ok, Outcome.Applied), (answer.Id, answer.Status, answer.Outcome));
    }

    [Fact]
    public async Task What_has_collected_comes_in_one_batch_in_the_order_it_was_added()
    {
        for (uint id = 1; id <= 100; id++) queue.Add(id, Result.NotApplied(Status.Miss));
        Assert.Equal(Enumerable.Range(1, 100), (await TakeAsync(queue.TakeAsync())).Select(answer => (int)answer.Id));
    }

    [Fact]
    public async Task A_large_value_travels_alone()
    {
        queue.Add(1, Result.Applied());
        queue.Add(2, new Result { Value = new byte[1 << 20] });
        queue.Add(3, Result.Applied());
        Assert.Equal([1u], (await TakeAsync(queue.TakeAsync())).Select(answer => answer.Id));
        Assert.Equal([2u], (await TakeAsync(queue.TakeAsync())).Select(answer => answer.Id));
        Assert.Equal([3u], (await TakeAsync(queue.TakeAsync())).Select(answer => answer.Id));
    }

    [Fact]
    public async Task An_event_is_JSON_under_id_0()
    {
        queue.Add(News);
        var answer = Assert.Single(await TakeAsync(queue.TakeAsync()));
        Assert.Equal((0u, Status.Event), (answer.Id, answer.Status));
        Assert.Equal("""{"level":"info","event":"connection_restored","message":"It is back."}""", answer.Detail);
    }

    [Fact]
    public async Task Events_that_nobody_fetches_are_bounded_and_results_are_not()
    {
        for (var i = 0; i < 1000; i++)
        {
            queue.Add(News);
            queue.Add(1, Result.Applied());
        }
        queue.Complete();
        var answers = new List<Answer>();
        while (await queue.TakeAsync() is byte[] frames) answers.AddRange(Wire.Read(frames));
        Assert.Equal(1000, answers.Count(answer => answer.Id == 1));
        Assert.Equal(100, answers.Count(answer => answer.Id == 0));
    }

    [Fact]
    public async Task After_the_end_what_is_left_comes_and_then_null()
    {
        queue.Add(1, Result.Applied());
        queue.Complete();
        Assert.Single(await TakeAsync(queue.TakeAsync()));
        Assert.Null(await queue.TakeAsync());
    }

    private static async Task<Answer[]> TakeAsync(Task<byte[]?> reading)
    {
        var frames = await reading.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.NotNull(frames);
        return [.. Wire.Read(frames)];
    }
}
