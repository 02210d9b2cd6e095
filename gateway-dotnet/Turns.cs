// Keeps the order of operations on one key where one of them takes two steps: a put with tags writes to the index of each
// tag, waits, and only then to the entry. Whatever is asked of the key meanwhile waits for its turn. Called by Provider.cs;
// operations on keys with no such put under way pay one look at a number.

using System.Text;

namespace AzureCache.Gateway;

internal sealed class Turns
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Turn> last = [];

    /// <summary>Keys with turns; also read outside of the lock.</summary>
    private volatile int keys;

    /// <summary>A turn behind those that have been taken; null when there are none, and none is needed.</summary>
    public Turn? Behind(ReadOnlyMemory<byte> key) => keys == 0 ? null : Take(key, ifOthers: true);

    /// <summary>A turn that others have to wait for.</summary>
    public Turn Take(ReadOnlyMemory<byte> key) => Take(key, ifOthers: false)!;

    private Turn? Take(ReadOnlyMemory<byte> key, bool ifOthers)
    {
        // Byte by byte: two keys are never one name.
        var name = Encoding.Latin1.GetString(key.Span);
        lock (gate)
        {
            var before = last.GetValueOrDefault(name);
            if (before is null && ifOthers) return null;
            var turn = new Turn(before?.Left ?? Task.CompletedTask, this, name);
            last[name] = turn;
            keys = last.Count;
            return turn;
        }
    }

    private void Leave(string name, Turn turn)
    {
        lock (gate)
        {
            if (last.GetValueOrDefault(name) == turn) last.Remove(name);
            keys = last.Count;
        }
    }

    /// <summary>Disposed once the last command of its operation is on its way; again, it does nothing.</summary>
    internal sealed class Turn(Task ready, Turns turns, string name) : IDisposable
    {
        // Not in the thread that leaves: a thousand that wait would be a thousand calls deep.
        private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Ends when those before have left.</summary>
        public Task Ready => ready;

        internal Task Left => left.Task;

        public void Dispose()
        {
            if (left.TrySetResult()) turns.Leave(name, this);
        }
    }
}
