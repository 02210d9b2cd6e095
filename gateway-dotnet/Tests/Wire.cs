// The other side of Frames.cs: writes operations and reads results, as src/frame.ts does. FORMAT is in Frames.cs.

using System.Buffers.Binary;
using System.Text;

namespace AzureCache.Gateway.Tests;

/// <summary>An operation as a test writes it down.</summary>
internal sealed record Ask(
    Verb Verb,
    string Key = "",
    byte[]? Value = null,
    Condition Condition = Condition.None,
    byte[]? Etag = null,
    TtlKind TtlKind = TtlKind.Default,
    long TtlMs = 0,
    bool WantEtag = false,
    bool WantTtl = false,
    byte[]? Extras = null);

/// <summary>A result as it came over the wire.</summary>
internal sealed record Answer(uint Id, Status Status, Outcome Outcome, byte[]? Value, byte[]? Etag, long? TtlMs, string Detail)
{
    public string? Text => Value is null ? null : Encoding.UTF8.GetString(Value);
}

internal static class Wire
{
    public static byte[] Write(uint id, Ask ask)
    {
        var key = Encoding.UTF8.GetBytes(ask.Key);
        byte[] frame = [.. new byte[Frames.OperationHeaderBytes], .. key, .. ask.Etag ?? [], .. ask.Extras ?? [], .. ask.Value ?? []];
        BinaryPrimitives.WriteInt32LittleEndian(frame, frame.Length - 4);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(4), id);
        frame[8] = (byte)ask.Verb;
        frame[9] = (byte)((ask.WantEtag ? 1 : 0) | (ask.WantTtl ? 2 : 0));
        frame[10] = (byte)ask.Condition;
        frame[11] = (byte)ask.TtlKind;
        BinaryPrimitives.WriteInt64LittleEndian(frame.AsSpan(16), ask.TtlMs);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(24), (ushort)key.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(26), (ushort)(ask.Etag?.Length ?? 0));
        BinaryPrimitives.WriteUInt16LittleEndian(frame.AsSpan(28), (ushort)(ask.Extras?.Length ?? 0));
        return frame;
    }

    public static IEnumerable<Answer> Read(byte[] frames)
    {
        for (var at = 0; at < frames.Length;)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(frames.AsSpan(at)) + 4;
            yield return ReadOne(frames.AsSpan(at, length));
            at += length;
        }
    }

    private static Answer ReadOne(ReadOnlySpan<byte> frame)
    {
        var flags = frame[9];
        var rest = frame[Frames.ResultHeaderBytes..];
        var etag = (flags & 1) == 0 ? null : rest[..Frames.EtagBytes].ToArray();
        if (etag is not null) rest = rest[Frames.EtagBytes..];
        long? ttlMs = (flags & 4) != 0 ? Result.Never : (flags & 2) != 0 ? BinaryPrimitives.ReadInt64LittleEndian(frame[12..]) : null;
        var hasValue = (flags & 8) != 0;
        return new Answer(
            BinaryPrimitives.ReadUInt32LittleEndian(frame[4..]),
            (Status)frame[8],
            (Outcome)frame[10],
            hasValue ? rest.ToArray() : null,
            etag,
            ttlMs,
            hasValue ? "" : Encoding.UTF8.GetString(rest));
    }
}
