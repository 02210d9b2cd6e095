// What SCAN is asked for and what of its answer counts: the keys of a page. Made by KeyList.cs, written as JSON by
// Provider.Pages.cs; knows nothing of servers.

using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace AzureCache.Gateway;

/// <param name="Keys">As they lie in Redis, with the key prefix.</param>
/// <param name="Cursor">Where the next page begins; null on the last one.</param>
internal readonly record struct KeyPage(IReadOnlyList<byte[]> Keys, string? Cursor)
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
    /// A page of those keys that begin with <paramref name="start"/>, of which <paramref name="prefixBytes"/> are the key
    /// prefix, and that somebody could ask for.
    /// </summary>
    public static KeyPage Of(IEnumerable<byte[]> found, byte[] start, int prefixBytes, string? cursor) =>
        new([.. found.Where(key => key.AsSpan().StartsWith(start) && IsKey(key.AsSpan(prefixBytes)))], cursor);

    /// <summary>UTF-8 JSON {keys, cursor}, the keys without the key prefix.</summary>
    public ReadOnlyMemory<byte> List(int prefixBytes)
    {
        var keys = Keys;
        return Json(json =>
        {
            json.WriteStartArray("keys");
            foreach (var key in keys) json.WriteStringValue(key.AsSpan(prefixBytes));
            json.WriteEndArray();
        });
    }

    /// <summary>UTF-8 JSON {removed, cursor}.</summary>
    public ReadOnlyMemory<byte> Cleared(int removed) => Json(json => json.WriteNumber("removed", removed));

    private ReadOnlyMemory<byte> Json(Action<Utf8JsonWriter> content)
    {
        var page = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(page, Plain);
        json.WriteStartObject();
        content(json);
        if (Cursor is not null) json.WriteString("cursor", Cursor);
        json.WriteEndObject();
        json.Flush();
        return page.WrittenMemory;
    }

    /// <summary>Others' keys can be such that nobody could ask for them here; what has NUL in it is our own.</summary>
    private static bool IsKey(ReadOnlySpan<byte> key) => key.Length is > 0 and <= MaxKeyBytes && !key.Contains((byte)0) && Utf8.IsValid(key);
}
