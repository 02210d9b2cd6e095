// Where a list by tag goes on. Made and read by TagIndex.cs; to everybody else text that has to come back as it was.
//
// FORMAT: the place of the tag among those asked for, `-`, the score of the last member, both in decimal.

using System.Globalization;
using System.Text;

namespace AzureCache.Gateway;

/// <param name="Tag">Its place among the tags asked for.</param>
/// <param name="Score">0 = the start of its index.</param>
internal readonly record struct TagCursor(int Tag, long Score)
{
    /// <summary>Of a score: milliseconds since 1970, until the year 5138.</summary>
    private const int MaxDigits = 14;

    /// <summary>Reads a cursor; no text is the start. Answers null when it cannot be one of a list of so many tags.</summary>
    public static TagCursor? Read(ReadOnlySpan<byte> text, int tags)
    {
        if (text.IsEmpty) return default(TagCursor);
        var middle = text.IndexOf((byte)'-');
        if (middle is < 1 or > 2) return null;
        return Number(text[..middle]) is long tag && tag < tags && Number(text[(middle + 1)..]) is long score ? new((int)tag, score) : null;
    }

    public string Write() => string.Create(CultureInfo.InvariantCulture, $"{Tag}-{Score}");

    private static long? Number(ReadOnlySpan<byte> digits)
    {
        if (digits.Length is 0 or > MaxDigits || digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return null;
        return long.Parse(Encoding.ASCII.GetString(digits), NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
