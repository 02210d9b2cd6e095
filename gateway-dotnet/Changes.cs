// What the backend tells unasked of its keys, and its bytes: the value of a RESULT with status 254 (FORMAT in Frames.cs).

using System.Buffers.Binary;

namespace AzureCache.Gateway;

internal enum ChangeKind : byte { Keys = 1, Everything, Lost, Proof }

internal readonly struct Changes
{
    /// <summary>Any key may have changed.</summary>
    public static readonly Changes Everything = new([(byte)ChangeKind.Everything]);

    /// <summary>From now on changes may happen that are not told, until Everything is.</summary>
    public static readonly Changes Lost = new([(byte)ChangeKind.Lost]);

    private Changes(byte[] bytes) => Bytes = bytes;

    public byte[] Bytes { get; }

    /// <summary>These keys have changed; without the key prefix.</summary>
    public static Changes Keys(List<ReadOnlyMemory<byte>> keys)
    {
        var bytes = new byte[1 + keys.Sum(key => 2 + key.Length)];
        bytes[0] = (byte)ChangeKind.Keys;
        var at = 1;
        foreach (var key in keys)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(at), (ushort)key.Length);
            key.Span.CopyTo(bytes.AsSpan(at + 2));
            at += 2 + key.Length;
        }
        return new(bytes);
    }

    /// <summary>All that changed before this mark was written is told.</summary>
    public static Changes Proof(uint number)
    {
        var bytes = new byte[5];
        bytes[0] = (byte)ChangeKind.Proof;
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(1), number);
        return new(bytes);
    }
}
