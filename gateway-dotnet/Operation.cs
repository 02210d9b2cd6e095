// One operation and its result, as the frames carry them and the Provider takes and gives them.
// Numbers are those on the wire: FORMAT in Frames.cs, errors in src/errors.ts. Times are milliseconds.

namespace AzureCache.Gateway;

internal enum Verb : byte { Get = 1, Put, Delete, Touch, Ping, List, Increment, Append, Prepend, Lock, Unlock, Clear }

internal enum Condition : byte { None, Absent, Present, Etag }

internal enum TtlKind : byte { Default, For, Never, Keep }

internal enum Outcome : byte { NotApplied, Applied, Unknown }

internal enum Status : byte
{
    Ok,
    Miss,
    Absent,
    Changed,
    Exists,
    Locked,
    NotHeld,
    ForeignType = 16,
    TooLargeForCondition = 17,
    BackendUnreachable = 18,
    Timeout = 19,
    BackendRefused = 20,
    FrameInvalid = 21,
    ShuttingDown = 22,
    Internal = 23,
    ValueTooLarge = 28,
    CursorInvalid = 46,
    NotANumber = 47,
    NumberOverflow = 48,
    LockKeyInvalid = 49,
    TagKeyInvalid = 53,
    Changes = 254,
    Event = 255,
}

/// <summary>
/// One operation on one entry, or on a page of them. Key, ETag and value are views of the bytes that came over the bridge.
/// </summary>
internal readonly struct Operation
{
    public uint Id { get; init; }
    public Verb Verb { get; init; }
    public bool WantEtag { get; init; }
    public bool WantTtl { get; init; }
    public Condition Condition { get; init; }
    public TtlKind TtlKind { get; init; }
    public long TtlMs { get; init; }
    public ReadOnlyMemory<byte> Key { get; init; }
    public ReadOnlyMemory<byte> Etag { get; init; }

    /// <summary>What few operations need; null when this one has none.</summary>
    public Extras? Extras { get; init; }

    public ReadOnlyMemory<byte> Value { get; init; }

    /// <summary>Of the lock that this takes or needs; empty when it has to do with none.</summary>
    public ReadOnlyMemory<byte> Token => Extras?.Token ?? default;

    /// <summary>A get that gives the entry a new life.</summary>
    public bool Renews => Verb == Verb.Get && TtlKind is (TtlKind.For or TtlKind.Never);

    /// <summary>Running it can change what is stored.</summary>
    public bool Changes => Verb is not (Verb.Get or Verb.Ping or Verb.List) || Renews;
}

/// <summary>What became of one operation.</summary>
internal readonly struct Result
{
    /// <summary>The <see cref="TtlMs"/> of an entry that never expires.</summary>
    public const long Never = long.MaxValue;

    public Status Status { get; init; }
    public Outcome Outcome { get; init; }
    public ReadOnlyMemory<byte>? Value { get; init; }
    public byte[]? Etag { get; init; }
    public long? TtlMs { get; init; }

    /// <summary>The value lies in a hash of IDistributedCache, whose life a read can move.</summary>
    public bool Sliding { get; init; }

    /// <summary>With an error: what was tried and the state that explains it. Never a key, a value or a credential.</summary>
    public string? Detail { get; init; }

    public static Result Applied() => new() { Outcome = Outcome.Applied };

    public static Result NotApplied(Status status, string? detail = null) => new() { Status = status, Detail = detail };
}
