// The frame format: one text, one set of golden bytes and one table of numbers for both languages; frames that lie.

using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit;

namespace AzureCache.Gateway.Tests;

public partial class FramesTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(Repository.Read("test", "golden-frames.json")).RootElement;

    public static TheoryData<string> OperationNames => Names("operations");

    public static TheoryData<string> ResultNames => Names("results");

    [Fact]
    public void The_FORMAT_block_is_the_same_text_in_both_languages() =>
        Assert.Equal(FormatBlock(Repository.Read("src", "frame.ts")), FormatBlock(Repository.Read("gateway-dotnet", "Frames.cs")));

    [Fact]
    public void The_numbers_of_errors_are_those_of_the_table()
    {
        var table = ErrorRow().Matches(Repository.Read("src", "errors.ts"))
            .ToDictionary(row => row.Groups["code"].Value, row => int.Parse(row.Groups["wire"].Value, null));
        foreach (var status in Enum.GetValues<Status>())
        {
            if (status is Status.Ok or Status.Miss or Status.Changes or Status.Event) continue;
            Assert.Equal((status, (int)status), (status, table[SnakeCase(status.ToString())]));
        }
    }

    [Theory]
    [MemberData(nameof(OperationNames))]
    public void An_operation_is_read_from_the_golden_bytes(string name)
    {
        var (golden, frame) = Find("operations", name);
        Assert.Null(Frames.Read(frame, out var operation));
        Assert.Equal(frame.Length, Frames.Length(frame));
        var expected = golden.GetProperty("operation");
        Assert.Equal(golden.GetProperty("id").GetUInt32(), operation.Id);
        Assert.Equal(Is<Verb>(expected, "verb"), operation.Verb);
        Assert.Equal(Is<Condition>(expected, "condition"), operation.Condition);
        Assert.Equal(Is<TtlKind>(expected, "ttlKind"), operation.TtlKind);
        Assert.Equal(expected.GetProperty("ttlMs").GetInt64(), operation.TtlMs);
        Assert.Equal(expected.GetProperty("wantEtag").GetBoolean(), operation.WantEtag);
        Assert.Equal(expected.GetProperty("wantTtl").GetBoolean(), operation.WantTtl);
        Assert.Equal(Bytes(expected, "key"), operation.Key.ToArray());
        Assert.Equal(Bytes(expected, "etag") ?? [], operation.Etag.ToArray());
        Assert.Equal(Bytes(expected, "value") ?? [], operation.Value.ToArray());
        Assert.Equal(expected.TryGetProperty("extras", out var extras), operation.Extras is not null);
        if (operation.Extras is Extras read) IsExtras(extras, read);
    }

    private static void IsExtras(JsonElement expected, Extras extras)
    {
        long? Number(string name) => expected.TryGetProperty(name, out var given)
            ? given.ValueKind == JsonValueKind.Number ? given.GetInt64() : long.Parse(given.GetProperty("int64").GetString()!, null)
            : null;
        Assert.Equal(Number("slidingMs"), extras.SlidingMs);
        Assert.Equal(Number("by"), extras.By);
        Assert.Equal(Number("initial"), extras.Initial);
        Assert.Equal(expected.TryGetProperty("hash", out _), extras.Hash);
        Assert.Equal(expected.TryGetProperty("absent", out _), extras.Absent);
        Assert.Equal(Bytes(expected, "token") ?? [], extras.Token.ToArray());
        var tags = expected.TryGetProperty("tags", out var given) ? given.EnumerateArray().Select(tag => tag.GetString()) : [];
        Assert.Equal(expected.TryGetProperty("all", out _), extras.All);
        Assert.Equal(expected.TryGetProperty("untagged", out _), extras.Untagged);
        Assert.Equal(tags, extras.Tags.Select(tag => System.Text.Encoding.UTF8.GetString(tag.Span)));
    }

    [Theory]
    [InlineData("04080001000000000000", "longer than the extras")]
    [InlineData("04", "longer than the extras")]
    [InlineData("0407000100000000000000", "length of its kind")]
    [InlineData("0308000100000000000000", "length of its kind")]
    [InlineData("0a0000", "not known")]
    [InlineData("060000", "length of its kind")]
    public void Extras_that_lie_are_told_what_is_wrong(string extras, string problem)
    {
        var frame = Wire.Write(1, new Ask(Verb.Increment, "key", Extras: Convert.FromHexString(extras)));
        Assert.Contains(problem, Frames.Read(frame, out _), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(ResultNames))]
    public void A_result_is_written_as_the_golden_bytes(string name)
    {
        var (golden, frame) = Find("results", name);
        var given = golden.GetProperty("result");
        var value = Bytes(given, "value");
        var result = new Result
        {
            Status = Is<Status>(given, "status"),
            Outcome = Is<Outcome>(given, "outcome"),
            Value = value is null ? default(ReadOnlyMemory<byte>?) : value,
            Etag = Bytes(given, "etag"),
            TtlMs = Life(given),
            Sliding = given.TryGetProperty("sliding", out _),
            Detail = given.TryGetProperty("detail", out var detail) ? detail.GetString() : null,
        };
        var written = new byte[Frames.Length(result)];
        Assert.Equal(written.Length, Frames.Write(written, golden.GetProperty("id").GetUInt32(), result));
        Assert.Equal(Convert.ToHexStringLower(frame), Convert.ToHexStringLower(written));
    }

    [Theory]
    [InlineData(4, 0, 4, "id 0")]
    [InlineData(8, 0, 1, "verb")]
    [InlineData(8, 99, 1, "verb")]
    [InlineData(9, 8, 1, "flag")]
    [InlineData(10, 4, 1, "condition")]
    [InlineData(11, 4, 1, "ttlKind")]
    [InlineData(22, 0x20, 1, "2^53")]
    [InlineData(24, 0xff, 1, "longer than the frame")]
    [InlineData(24, 3, 1, "This verb carries no value")]
    [InlineData(26, 20, 1, "longer than the frame")]
    [InlineData(28, 1, 1, "Key, ETag and extras are longer")]
    [InlineData(10, 3, 1, "ETag has 20 bytes")]
    public void A_frame_that_lies_is_told_what_is_wrong(int offset, byte value, int bytes, string problem)
    {
        var frame = Wire.Write(1, new Ask(Verb.Get, "four"));
        frame.AsSpan(offset, bytes).Fill(value);
        Assert.Contains(problem, Frames.Read(frame, out _), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0u, 28)]
    [InlineData(3u, 28)]
    [InlineData(25u, 28)]
    [InlineData(0x8000_0000u, 28)]
    [InlineData(0xffff_ffffu, 28)]
    [InlineData(24u, 7)]
    public void A_length_that_lies_gives_no_frame(uint length, int bytes)
    {
        var frame = new byte[bytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(frame, length);
        Assert.Equal(0, Frames.Length(frame));
    }

    [Fact]
    public void A_frame_shorter_than_its_header_is_refused() =>
        Assert.Contains("shorter than its header", Frames.Read(new byte[29], out _), StringComparison.Ordinal);

    private static TheoryData<string> Names(string kind) =>
        [.. Golden.GetProperty(kind).EnumerateArray().Select(golden => golden.GetProperty("name").GetString()!)];

    private static (JsonElement Golden, byte[] Frame) Find(string kind, string name)
    {
        var golden = Golden.GetProperty(kind).EnumerateArray().Single(one => one.GetProperty("name").GetString() == name);
        return (golden, Convert.FromHexString(golden.GetProperty("frame").GetString()!));
    }

    private static T Is<T>(JsonElement of, string property)
        where T : struct, Enum => Enum.Parse<T>(of.GetProperty(property).GetString()!.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    private static byte[]? Bytes(JsonElement of, string property) =>
        of.TryGetProperty(property, out var bytes) ? Convert.FromHexString(bytes.GetProperty("hex").GetString()!) : null;

    private static long? Life(JsonElement of) =>
        !of.TryGetProperty("ttlMs", out var ttlMs) ? null : ttlMs.ValueKind == JsonValueKind.String ? Result.Never : ttlMs.GetInt64();

    /// <summary>From the line that names the format to the last line of the comment.</summary>
    private static string FormatBlock(string source)
    {
        var lines = source.ReplaceLineEndings("\n").Split('\n').SkipWhile(line => !line.Contains("FORMAT (v1)", StringComparison.Ordinal));
        var block = string.Join('\n', lines.TakeWhile(line => line.StartsWith("//", StringComparison.Ordinal)));
        Assert.Contains("RESULT", block, StringComparison.Ordinal);
        return block;
    }

    private static string SnakeCase(string name) => string.Concat(
        name.Select((letter, at) => char.IsUpper(letter) ? (at == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));

    [GeneratedRegex(@"^  (?<code>\w+): \{\s+status: \d+,\s+wire: (?<wire>\d+),", RegexOptions.Multiline)]
    private static partial Regex ErrorRow();
}
