// What few operations need, read from the extras of their frame: EXTRAS in Frames.cs, which calls this. Checks the form
// only; which verb takes which is told by src/cache.ts.

using System.Buffers.Binary;

namespace AzureCache.Gateway;

internal sealed class Extras
{
    public const int MaxTags = 100;

    private const int HeadBytes = 3;

    private enum Kind : byte { Sliding = 1, Hash, Token, By, Initial, Tag, Absent, All, Untagged }

    private readonly List<ReadOnlyMemory<byte>> tags = [];

    /// <summary>Milliseconds that the entry lives on from each use.</summary>
    public long? SlidingMs { get; private set; }

    /// <summary>The entry is laid out as ASP.NET Core's IDistributedCache does it.</summary>
    public bool Hash { get; private set; }

    /// <summary>Of a lock, 16 bytes; none when there is none.</summary>
    public ReadOnlyMemory<byte> Token { get; private set; }

    /// <summary>How much is added.</summary>
    public long? By { get; private set; }

    /// <summary>What a number is counted from where there is none.</summary>
    public long? Initial { get; private set; }

    /// <summary>UTF-8, 1 to 255 bytes each.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Tags => tags;

    /// <summary>A lock is wanted also where there is no entry.</summary>
    public bool Absent { get; private set; }

    /// <summary>Of what carries all of the tags, not any.</summary>
    public bool All { get; private set; }

    /// <summary>The entry's tags are taken away.</summary>
    public bool Untagged { get; private set; }

    /// <summary>Reads all of them, views of <paramref name="bytes"/>. Answers what is wrong with their form, or null.</summary>
    public static string? Read(ReadOnlyMemory<byte> bytes, out Extras extras)
    {
        extras = new Extras();
        while (!bytes.IsEmpty)
        {
            var end = bytes.Length < HeadBytes ? HeadBytes : HeadBytes + BinaryPrimitives.ReadUInt16LittleEndian(bytes.Span[1..]);
            if (end > bytes.Length) return "An extra is longer than the extras.";
            if (extras.Take((Kind)bytes.Span[0], bytes[HeadBytes..end]) is string problem) return problem;
            bytes = bytes[end..];
        }
        return null;
    }

    private string? Take(Kind kind, ReadOnlyMemory<byte> content)
    {
        var length = kind switch
        {
            Kind.Sliding or Kind.By or Kind.Initial => 8,
            Kind.Token => 16,
            Kind.Hash or Kind.Absent or Kind.All or Kind.Untagged => 0,
            Kind.Tag => content.Length is >= 1 and <= 255 ? content.Length : -1,
            _ => -1,
        };
        if (length != content.Length) return "An extra is not known, or has not the length of its kind.";
        switch (kind)
        {
            case Kind.Sliding: SlidingMs = BinaryPrimitives.ReadInt64LittleEndian(content.Span); break;
            case Kind.Hash: Hash = true; break;
            case Kind.Token: Token = content; break;
            case Kind.By: By = BinaryPrimitives.ReadInt64LittleEndian(content.Span); break;
            case Kind.Initial: Initial = BinaryPrimitives.ReadInt64LittleEndian(content.Span); break;
            case Kind.Tag: tags.Add(content); break;
            case Kind.Absent: Absent = true; break;
            case Kind.All: All = true; break;
            case Kind.Untagged: Untagged = true; break;
        }
        return tags.Count > MaxTags ? "An entry has up to 100 tags." : null;
    }
}
