// The binary form of operations and results, as edge-js carries them between src/bridge.ts and Bridge.cs.
// The C# twin of src/frame.ts; the FORMAT block is the same text in both (a test compares them).
// Reads operations and writes results; knows nothing of Redis.
//
// FORMAT (v1). Integers are unsigned and little-endian; a frame follows the last without padding.
//
// OPERATION
//   offset size field
//   0      4    length      bytes that follow this field: 26 + keyLength + etagLength + extrasLength + those of the value
//   4      4    id          chosen by the sender, 1 to 4294967295, unique among its unanswered frames
//   8      1    verb        1 get, 2 put, 3 delete, 4 touch, 5 ping, 6 list, 7 increment, 8 append, 9 prepend,
//                           10 lock, 11 unlock, 12 clear
//   9      1    flags       1 answer with the ETag, 2 answer with the life left, 4 read past the near cache
//   10     1    condition   0 none, 1 absent, 2 present, 3 etag
//   11     1    ttlKind     0 default, 1 for, 2 never, 3 keep
//   12     4    deadlineMs  how long the sender waits; 0 = as the sidecar is set
//   16     8    ttlMs       milliseconds, below 2^53; the life for `for`, and for `keep` when nothing is there to keep.
//                           List and clear have no life: here, about how many keys a page has, 1 to 1000; 0 = 1000.
//                           Of a lock: its lease
//   24     2    keyLength   bytes of the key; of list and clear: of what the keys begin with, which may be nothing
//   26     2    etagLength  20 with condition 3, else 0
//   28     2    extrasLength
//   30     ...  key, etag (SHA-1 of the value, raw), extras, value (put, append, prepend: may be empty; list, clear: the
//               cursor of the page before, empty = from the start; no other verb)
//
// EXTRAS: what few operations need, in any order: kind (1 byte), length (2), then so many bytes. Each at most once, but tags
//   1 sliding   8 bytes: milliseconds, below 2^53, that the entry lives on from each use
//   2 hash      0 bytes: the entry is laid out as ASP.NET Core's IDistributedCache does it
//   3 token     16 bytes: of a lock
//   4 by        8 bytes, signed: how much is added
//   5 initial   8 bytes, signed: what a number is counted from where there is none
//   6 tag       1 to 255 bytes of UTF-8; up to 100 of them
//   7 absent    0 bytes: a lock is wanted also where there is no entry
//   8 all       0 bytes: of a list or clear: of what carries all of the tags, not any
//   9 untagged  0 bytes: a put takes the entry's tags away
//
// RESULT
//   0      4    length      bytes that follow this field
//   4      4    id          of the operation; 0 = an event, or an error that belongs to no operation
//   8      1    status      0 ok, 1 miss, 2 absent, 3 changed, 4 exists, 5 locked, 6 not held; 16 and up: an error, by its
//                           number in errors.ts; 254 changes, told unasked: see CHANGES; 255 an event
//   9      1    flags       1 an ETag follows, 2 ttlMs counts, 4 never expires, 8 a value follows, 16 which lies in a hash of
//                           IDistributedCache: a read can move its life
//   10     1    outcome     0 not_applied, 1 applied, 2 unknown
//   11     1    reserved    0
//   12     8    ttlMs       life left in milliseconds, with flag 2; with status 5: what is left of the lease
//   20     ...  etag (20 bytes, with flag 1), then the rest: with flag 8 the value (may be empty), without it the
//               UTF-8 detail of an error, or for status 255 the UTF-8 JSON {level,event,message} of an event. The value
//               of a list is the UTF-8 JSON {keys,cursor}, of a clear {removed,cursor}, a number of keys; without cursor it
//               was the last page. The value of an increment is the new number in decimal digits, that of append and
//               prepend the new length in bytes
//
// CHANGES: the value of a RESULT with id 0 and status 254. Its first byte is the kind, then follows
//   1 keys        of each key that has changed: length (2), then so many bytes, without the key prefix
//   2 everything  nothing: any key may have changed, and from now on every change is told
//   3 lost        nothing: changes may happen that are not told
//   4 proof       the number (4) of a mark: what changed before it was written has been told

using System.Buffers.Binary;
using System.Text;

namespace AzureCache.Gateway;

internal static class Frames
{
    public const int OperationHeaderBytes = 30;
    public const int ResultHeaderBytes = 20;
    public const int EtagBytes = 20;

    private const int EtagFlag = 1;
    private const int TtlFlag = 2;
    private const int FreshFlag = 4;
    private const int NeverFlag = 4;
    private const int ValueFlag = 8;
    private const int SlidingFlag = 16;

    /// <summary>
    /// Length of the frame at the start of <paramref name="bytes"/>, its length field included;
    /// 0 when there is no whole frame with at least an id, so that nothing after it can be trusted.
    /// </summary>
    public static int Length(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 8) return 0;
        var length = 4L + BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        return length >= 8 && length <= bytes.Length ? (int)length : 0;
    }

    /// <summary>The id of a frame of at least 8 bytes.</summary>
    public static uint Id(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]);

    /// <summary>
    /// Reads one whole OPERATION frame; key, etag and value are views of it. Answers what is wrong with its form, or null.
    /// </summary>
    public static string? Read(ReadOnlyMemory<byte> frame, out Operation operation)
    {
        operation = default;
        var bytes = frame.Span;
        if (bytes.Length < OperationHeaderBytes) return "The frame is shorter than its header.";
        var ttlMs = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        int keyLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[24..]);
        int etagLength = BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]);
        var etagEnd = OperationHeaderBytes + keyLength + etagLength;
        var valueStart = etagEnd + BinaryPrimitives.ReadUInt16LittleEndian(bytes[28..]);
        if (Id(bytes) == 0) return "An operation has id 0; ids start at 1.";
        if (bytes[8] is < (byte)Verb.Get or > (byte)Verb.Clear) return "The verb is not known.";
        if (bytes[9] > (EtagFlag | TtlFlag | FreshFlag)) return "A flag is not known.";
        if (bytes[10] > (byte)Condition.Etag) return "The condition is not known.";
        if (bytes[11] > (byte)TtlKind.Keep) return "The ttlKind is not known.";
        if (ttlMs >= 1UL << 53) return "ttlMs is not below 2^53.";
        if (valueStart > bytes.Length) return "Key, ETag and extras are longer than the frame.";
        if (etagLength != ((Condition)bytes[10] == Condition.Etag ? EtagBytes : 0))
            return "An ETag has 20 bytes, and goes with condition 3 only.";
        var carries = (Verb)bytes[8] is Verb.Put or Verb.List or Verb.Append or Verb.Prepend or Verb.Clear;
        if (!carries && valueStart != bytes.Length) return "This verb carries no value.";
        Extras? extras = null;
        if (valueStart > etagEnd && Extras.Read(frame[etagEnd..valueStart], out extras) is string problem) return problem;
        operation = new Operation
        {
            Id = Id(bytes),
            Verb = (Verb)bytes[8],
            WantEtag = (bytes[9] & EtagFlag) != 0,
            WantTtl = (bytes[9] & TtlFlag) != 0,
            Condition = (Condition)bytes[10],
            TtlKind = (TtlKind)bytes[11],
            TtlMs = (long)ttlMs,
            Key = frame.Slice(OperationHeaderBytes, keyLength),
            Etag = frame.Slice(OperationHeaderBytes + keyLength, etagLength),
            Extras = extras,
            Value = frame[valueStart..],
        };
        return null;
    }

    /// <summary>Bytes that <see cref="Write"/> will write.</summary>
    public static int Length(in Result result) =>
        ResultHeaderBytes + (result.Etag?.Length ?? 0) + (result.Value?.Length ?? DetailBytes(result));

    /// <summary>Writes one RESULT frame at the start of <paramref name="into"/>; answers its length.</summary>
    public static int Write(Span<byte> into, uint id, in Result result)
    {
        var length = Length(result);
        BinaryPrimitives.WriteUInt32LittleEndian(into, (uint)(length - 4));
        BinaryPrimitives.WriteUInt32LittleEndian(into[4..], id);
        into[8] = (byte)result.Status;
        into[9] = (byte)((result.Etag is null ? 0 : EtagFlag) | LifeFlag(result.TtlMs) | (result.Value is null ? 0 : ValueFlag)
            | (result.Sliding ? SlidingFlag : 0));
        into[10] = (byte)result.Outcome;
        into[11] = 0;
        BinaryPrimitives.WriteInt64LittleEndian(into[12..], result.TtlMs is long ttlMs and not Result.Never ? ttlMs : 0);
        var rest = into[ResultHeaderBytes..length];
        if (result.Etag is not null)
        {
            result.Etag.CopyTo(rest);
            rest = rest[EtagBytes..];
        }
        if (result.Value is ReadOnlyMemory<byte> value) value.Span.CopyTo(rest);
        else if (result.Detail is not null) Encoding.UTF8.GetBytes(result.Detail, rest);
        return length;
    }

    private static int LifeFlag(long? ttlMs) => ttlMs switch { null => 0, Result.Never => NeverFlag, _ => TtlFlag };

    private static int DetailBytes(in Result result) => result.Detail is null ? 0 : Encoding.UTF8.GetByteCount(result.Detail);
}
