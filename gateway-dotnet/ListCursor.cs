// Where a list goes on: at which server, and where in its SCAN. Made and read by KeyList.cs; to everybody else a cursor
// is text that has to come back as it was.
//
// FORMAT: 16 hex digits, `-`, the cursor of SCAN in decimal. The digits are the start of SHA-256 over all servers of the
// list and the one that is meant. So a cursor tells no address, and is one only as long as the servers stay the same:
// when they change, keys can move to where the list has been already.

using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace AzureCache.Gateway;

/// <param name="Server">Its place among the servers of the list; -1 when they are not those that the cursor was made for.</param>
/// <param name="Position">0 = the start of this server.</param>
internal readonly record struct ListCursor(int Server, ulong Position)
{
    private const int NameDigits = 16;

    /// <summary>Reads a cursor; no text is the start. Answers null when it cannot be one.</summary>
    public static ListCursor? Read(ReadOnlySpan<byte> text, IReadOnlyList<string> servers)
    {
        if (text.IsEmpty) return default(ListCursor);
        if (text.Length <= NameDigits || text[NameDigits] != '-') return null;
        var digits = text[(NameDigits + 1)..];
        // TryParse also takes NULs at the end.
        if (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')) return null;
        if (!ulong.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var position)) return null;
        for (var server = 0; server < servers.Count; server++)
        {
            if (text[..NameDigits].SequenceEqual(Encoding.ASCII.GetBytes(Name(servers, server)))) return new(server, position);
        }
        return new(-1, position);
    }

    /// <summary>Where the next page begins after a SCAN that answered with this position; null when that was the end.</summary>
    public ListCursor? Next(ulong position, int servers)
    {
        if (position != 0) return this with { Position = position };
        return Server + 1 < servers ? new ListCursor(Server + 1, 0) : null;
    }

    public string Write(IReadOnlyList<string> servers) => string.Create(CultureInfo.InvariantCulture, $"{Name(servers, Server)}-{Position}");

    private static string Name(IReadOnlyList<string> servers, int server)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{string.Join('\n', servers)}\n\n{servers[server]}"));
        return Convert.ToHexStringLower(hash.AsSpan(0, NameDigits / 2));
    }
}
