// What SCAN is asked for and what of its answer is shown: the keys of a page, as JSON. Used by KeyList.cs; knows nothing
// of servers.

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace AzureCache.Gateway;

internal static class KeyPage
{
    /// <summary>Bytes of the longest key, as in src/cache.ts.</summary>
    private const int MaxKeyBytes = 1024;

    /// <summary>As it is in the key, where JSON allows: the answer is read by people too.</summary>
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The pattern of what begins with these bytes, each of which stands for itself.</summary>
    public static byte[] Pattern(ReadOnlySpan<byte> start)
    {
        var pattern = new List<byte>(start.Length + 1);
        foreach (var one in start)
        {
            if (one is (byte)'*' or (byte)'?' or (byte)'[' or (byte)']' or (byte)'\\') pattern.Add((byte)'\\');
            pattern.Add(one);
        }
        return [.. pattern, (byte)'*'];
    }

    /// <summary>
    /// UTF-8 JSON {keys, cursor} of those keys that begin with <paramref name="start"/>, without the key prefix, whose
    /// length is <paramref name="prefixBytes"/>.
    /// </summary>
    public static ReadOnlyMemory<byte> Write(IEnumerable<byte[]> found, byte[] start, int prefixBytes, string? cursor)
    {
        var page = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(page, Plain);
        json.WriteStartObject();
        json.WriteStartArray("keys");
        foreach (var key in found)
        {
            if (key.AsSpan().StartsWith(start) && IsKey(key.AsSpan(prefixBytes))) json.WriteStringValue(key.AsSpan(prefixBytes));
        }
        json.WriteEndArray();
        if (cursor is not null) json.WriteString("cursor", cursor);
        json.WriteEndObject();
        json.Flush();
        return page.WrittenMemory;
    }

    /// <summary>Others' keys can be such that nobody could ask for them here; what has NUL in it is our own.</summary>
    private static bool IsKey(ReadOnlySpan<byte> key) => key.Length is > 0 and <= MaxKeyBytes && !key.Contains((byte)0) && Utf8.IsValid(key);
}
