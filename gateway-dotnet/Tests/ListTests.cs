// What lists are made of: the cursor, the pattern, the page, and when a SCAN is sent again. Whole lists, on Garnet, Redis
// and a cluster, are in test/contract/ and test/keys-*.test.ts.

using System.Text;
using StackExchange.Redis;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class ListTests
{
    private static readonly string[] Servers = ["10.0.0.1:6379", "10.0.0.2:6379", "10.0.0.3:6379"];

    [Theory]
    [InlineData(0, 0ul)]
    [InlineData(1, 1536ul)]
    [InlineData(2, ulong.MaxValue)]
    public void A_cursor_is_read_as_it_was_written_and_tells_no_address(int server, ulong position)
    {
        var cursor = new ListCursor(server, position);
        var text = cursor.Write(Servers);
        Assert.Matches("^[0-9a-f]{16}-[0-9]{1,20}$", text);
        Assert.Equal(cursor, Read(text, Servers));
    }

    [Fact]
    public void No_text_is_the_start() => Assert.Equal(new ListCursor(0, 0), Read("", Servers));

    [Fact]
    public void A_cursor_leads_through_a_server_and_then_to_the_next()
    {
        var cursor = new ListCursor(0, 0);
        Assert.Equal(new ListCursor(0, 7), cursor.Next(7, 2));
        Assert.Equal(new ListCursor(1, 0), cursor.Next(0, 2));
        Assert.Null(new ListCursor(1, 7).Next(0, 2));
    }

    [Fact]
    public void A_cursor_is_none_once_a_server_has_come_or_gone()
    {
        var text = new ListCursor(1, 7).Write(Servers);
        Assert.Equal(-1, Read(text, Servers[..2])!.Value.Server);
        Assert.Equal(-1, Read(text, [.. Servers, "10.0.0.4:6379"])!.Value.Server);
        Assert.Equal(-1, Read(text, [])!.Value.Server);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0000000000000000")]
    [InlineData("0000000000000000-")]
    [InlineData("0000000000000000--1")]
    [InlineData("0000000000000000-+1")]
    [InlineData("0000000000000000- 1")]
    [InlineData("0000000000000000-1 ")]
    [InlineData("0000000000000000-1\0")]
    [InlineData("0000000000000000-1,000")]
    [InlineData("0000000000000000-18446744073709551616")]
    [InlineData("0000000000000000_1")]
    [InlineData("00000000000000-1")]
    public void Text_that_cannot_be_a_cursor_is_none(string text) => Assert.Null(Read(text, Servers));

    [Theory]
    [InlineData("sess:", "sess:*")]
    [InlineData("", "*")]
    [InlineData(@"a*b?[c]\d", @"a\*b\?\[c\]\\d*")]
    public void A_pattern_has_its_prefix_escaped(string start, string pattern) =>
        Assert.Equal(pattern, Encoding.UTF8.GetString(KeyPage.Pattern(Encoding.UTF8.GetBytes(start))));

    [Fact]
    public void A_page_is_JSON_of_the_keys_that_begin_so_without_the_key_prefix()
    {
        byte[][] found = ["app:s:1"u8.ToArray(), "app:S:2"u8.ToArray(), "app:s:\"é\n"u8.ToArray(), "s:3"u8.ToArray(), [.. "app:s:"u8, 0xff], "app:s:\0"u8.ToArray()];
        Assert.Equal("""{"keys":["s:1","s:\"é\n"],"cursor":"c"}""", Page(found, "app:s:", 4, "c"));
        Assert.Equal("""{"keys":[]}""", Page([], "app:s:", 4, null));
        Assert.Equal("""{"keys":["s:3"]}""", Page(["app:"u8.ToArray(), "app:s:3"u8.ToArray()], "app:", 4, null));
    }

    [Fact]
    public async Task A_read_that_lost_its_connection_is_sent_once_more_and_not_twice()
    {
        var broken = new RedisConnectionException(ConnectionFailureType.SocketClosed, CommandFlags.CommandRetryReadOnly, "", null, CommandStatus.Sent);
        var sent = 0;
        Assert.Equal("answer", await new ReadRetry().RunAsync(() => sent++ == 0 ? Task.FromException<string>(broken) : Task.FromResult("answer")));
        Assert.Equal(2, sent);
        await Assert.ThrowsAsync<RedisConnectionException>(() => new ReadRetry().RunAsync(() => Fails(broken)));
        Assert.Equal(4, sent);

        Task<string> Fails(Exception failure)
        {
            sent++;
            return Task.FromException<string>(failure);
        }
    }

    [Fact]
    public async Task A_read_that_timed_out_or_was_refused_is_not_sent_again()
    {
        var sent = 0;
        Exception[] failures =
        [
            new RedisTimeoutException(CommandFlags.CommandRetryReadOnly, "", CommandStatus.Sent),
            new RedisServerException(RedisErrorKind.NoPermission, CommandFlags.CommandRetryReadOnly, "NOPERM"),
        ];
        foreach (var failure in failures)
        {
            var read = () => new ReadRetry().RunAsync(() =>
            {
                sent++;
                return Task.FromException<string>(failure);
            });
            await Assert.ThrowsAsync(failure.GetType(), read);
        }
        Assert.Equal(failures.Length, sent);
    }

    private static ListCursor? Read(string text, string[] servers) => ListCursor.Read(Encoding.UTF8.GetBytes(text), servers);

    private static string Page(byte[][] found, string start, int prefixBytes, string? cursor) =>
        Encoding.UTF8.GetString(KeyPage.Of(found, Encoding.UTF8.GetBytes(start), prefixBytes, cursor).List(prefixBytes).Span);
}
