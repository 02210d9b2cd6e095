// What an operation must be to make sense to the Provider, beyond the form that Frames.cs checks.
// The rules for people (length of keys, default life, limits) are those of src/cache.ts.

namespace AzureCache.Gateway;

internal static class Rules
{
    /// <summary>A hundred years in milliseconds: what Redis and TimeSpan both take with room to spare.</summary>
    private const long MaxTtlMs = 3_155_760_000_000;

    /// <summary>What is wrong with the operation, as a sentence; null when nothing is.</summary>
    public static string? Problem(in Operation operation)
    {
        if (operation.Verb is not (Verb.Ping or Verb.List or Verb.Clear) && operation.Key.IsEmpty) return "The key is empty.";
        if (operation.TtlKind == TtlKind.For || operation is { Verb: Verb.Put, TtlKind: TtlKind.Keep })
        {
            if (operation.TtlMs is < 1 or > MaxTtlMs) return "The life is not between 1 ms and 100 years.";
        }
        return operation switch
        {
            { Verb: Verb.Put, TtlKind: TtlKind.Default } => "A put needs a life.",
            { TtlKind: TtlKind.Keep, Extras: { Hash: true } or { SlidingMs: not null } } => "A hash is put with a life of its own.",
            { Extras.SlidingMs: < 1 or > MaxTtlMs } => "The sliding life is not between 1 ms and 100 years.",
            { Verb: Verb.Touch, TtlKind: TtlKind.Default or TtlKind.Keep } => "A touch needs a life to give.",
            { Verb: Verb.Delete, Condition: Condition.Absent } => "A delete takes no condition 1.",
            { Verb: Verb.Touch, Condition: Condition.Absent or Condition.Present } => "A touch takes condition 3 or none.",
            { Verb: Verb.List or Verb.Clear, TtlKind: not TtlKind.Default } => "List and clear give no life.",
            { Verb: Verb.List or Verb.Clear, TtlMs: > 1000 } => "A page has 1 to 1,000 keys.",
            { Verb: Verb.Increment, TtlKind: TtlKind.Default or TtlKind.Keep } => "An increment needs a life for a new number.",
            { Verb: Verb.Append or Verb.Prepend, TtlKind: not TtlKind.Default } => "A value that grows keeps its life.",
            { Verb: Verb.Lock, TtlKind: not TtlKind.For } => "A lock needs a lease.",
            { Verb: Verb.Unlock, TtlKind: TtlKind.Keep } => "An unlock gives a life, or leaves it alone.",
            { Verb: Verb.Lock or Verb.Unlock, Extras: not { Token.Length: 16 } } => "A lock has a token.",
            { Verb: not (Verb.Put or Verb.Delete or Verb.Touch), Condition: not Condition.None } => "Only put, delete and touch take a condition.",
            _ => null,
        };
    }
}
