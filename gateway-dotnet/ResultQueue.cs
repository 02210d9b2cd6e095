// What has completed and has not been fetched yet: results, events and changes, as frames.
// Bridge.cs fills it from any thread; one reader at a time takes batches.

using System.Text.Json;

namespace AzureCache.Gateway;

internal sealed class ResultQueue
{
    /// <summary>
    /// Bytes of a batch, if more than one frame is in it. Arrays of 85,000 bytes and more go to the large object heap,
    /// which only full collections free.
    /// </summary>
    private const int BatchBytes = 80_000;

    /// <summary>Events beyond this number are dropped while nobody fetches: news, not data.</summary>
    private const int MaxEvents = 100;

    private readonly Lock gate = new();
    private readonly Queue<(uint Id, Result Result)> waiting = new();
    private int events;
    private int changes;
    private TaskCompletionSource? changesTaken;
    private bool completed;
    private TaskCompletionSource? reader;

    public void Add(uint id, in Result result)
    {
        TaskCompletionSource? woken;
        lock (gate)
        {
            waiting.Enqueue((id, result));
            woken = TakeReader();
        }
        woken?.TrySetResult();
    }

    public void Add(Event news)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(news, GatewayJson.Default.Event);
        TaskCompletionSource? woken;
        lock (gate)
        {
            if (events == MaxEvents) return;
            events++;
            // An event is not flagged as a value: its JSON is the rest of the frame, as a detail is.
            waiting.Enqueue((0, new Result { Status = Status.Event, Detail = System.Text.Encoding.UTF8.GetString(json) }));
            woken = TakeReader();
        }
        woken?.TrySetResult();
    }

    public void Add(Changes told)
    {
        TaskCompletionSource? woken;
        lock (gate)
        {
            changes++;
            waiting.Enqueue((0, new Result { Status = Status.Changes, Value = told.Bytes }));
            woken = TakeReader();
        }
        woken?.TrySetResult();
    }

    /// <summary>Ends when no changes wait to be fetched: whoever has more to tell waits for that, so that they do not pile up.</summary>
    public Task ChangesTakenAsync()
    {
        lock (gate)
        {
            if (changes == 0) return Task.CompletedTask;
            // Not in the thread that takes a batch, which is Node's.
            changesTaken ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return changesTaken.Task;
        }
    }

    /// <summary>Nothing will be added any more: the reader gets what is left, then null.</summary>
    public void Complete()
    {
        TaskCompletionSource? woken;
        lock (gate)
        {
            completed = true;
            woken = TakeReader();
        }
        woken?.TrySetResult();
    }

    /// <summary>
    /// The next batch of frames as soon as there is one; null at the end. Called by one reader at a time.
    /// </summary>
    public async Task<byte[]?> TakeAsync()
    {
        while (true)
        {
            Task more;
            lock (gate)
            {
                if (waiting.Count > 0) return TakeBatch();
                if (completed) return null;
                // Goes on in the thread that adds, outside of the lock: one thread less to wake for each answer. That is
                // never the thread that reads the socket (StackExchange.Redis completes its commands elsewhere), and
                // edge-js only posts the batch to Node's thread.
                reader = new TaskCompletionSource();
                more = reader.Task;
            }
            await more.ConfigureAwait(false);
        }
    }

    /// <summary>The reader that waits, who is to be told outside of the lock; null when nobody waits.</summary>
    private TaskCompletionSource? TakeReader()
    {
        var waits = reader;
        reader = null;
        return waits;
    }

    private byte[] TakeBatch()
    {
        var count = 0;
        var bytes = 0;
        foreach (var (_, result) in waiting)
        {
            var length = Frames.Length(result);
            if (count > 0 && bytes + length > BatchBytes) break;
            count++;
            bytes += length;
        }
        var batch = GC.AllocateUninitializedArray<byte>(bytes);
        for (var at = 0; count > 0; count--)
        {
            var (id, result) = waiting.Dequeue();
            if (result.Status == Status.Event) events--;
            if (result.Status == Status.Changes) changes--;
            at += Frames.Write(batch.AsSpan(at), id, result);
        }
        if (changes == 0)
        {
            changesTaken?.TrySetResult();
            changesTaken = null;
        }
        return batch;
    }
}
