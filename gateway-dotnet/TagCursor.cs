// Where a list by tag goes on. Made and read by TagIndex.cs; to everybody else text that has to come back as it was.
//
// FORMAT: what the list is of (8 hex digits), `-`, the place of the tag among those asked for, `-`, the score of the last
// member, both in decimal.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AzureCache.Gateway;

/// <param name="Tag">Its place among the tags asked for.</param>
/// <param name="Score">0 = the start of its index.</param>
internal readonly record struct TagCursor(int Tag, long Score)
{
    /// <summary>Of a score: milliseconds since 1970, until the year 5138.</summary>
    private const int MaxDigits = 14;

    /// <summary>
    /// Tells lists apart: with the cursor of another one, what is there would be passed over without a word.
    /// </summary>
    public static string ListOf(ReadOnlyMemory<byte> prefix, IReadOnlyList<ReadOnlyMemory<byte>> tags, bool all)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ReadOnlySpan<byte> end = [0];
        hash.AppendData(prefix.Span);
        hash.AppendData(all ? "\0all"u8 : "\0any"u8);
        foreach (var tag in tags)
        {
            hash.AppendData(end);
            hash.AppendData(tag.Span);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 4));
    }

    /// <summary>Reads a cursor of this list; no text is the start. Answers null when it cannot be one of so many tags.</summary>
    public static TagCursor? Read(ReadOnlySpan<byte> text, string list, int tags)
    {
        if (text.IsEmpty) return default(TagCursor);
        if (!text.StartsWith(Encoding.ASCII.GetBytes(list + "-"))) return null;
        text = text[(list.Length + 1)..];
        var middle = text.IndexOf((byte)'-');
        if (middle is < 1 or > 2) return null;
        return Number(text[..middle]) is long tag && tag < tags && Number(text[(middle + 1)..]) is long score ? new((int)tag, score) : null;
    }

    public string Write(string list) => string.Create(CultureInfo.InvariantCulture, $"{list}-{Tag}-{Score}");

    private static long? Number(ReadOnlySpan<byte> digits)
    {
        if (digits.Length is 0 or > MaxDigits || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return null;
        return long.Parse(Encoding.ASCII.GetString(digits), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
