// The order of operations on one key while one of them takes two steps.

using System.Text;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class TurnsTests
{
    private readonly Turns turns = new();

    [Fact]
    public void Where_nobody_has_a_turn_none_is_needed()
    {
        Assert.Null(turns.Behind(Key("a")));
        using (turns.Take(Key("a"))) Assert.Null(turns.Behind(Key("b")));
        Assert.Null(turns.Behind(Key("a")));
    }

    [Fact]
    public async Task Turns_of_a_key_come_one_after_the_other_and_leave_nothing_behind()
    {
        var first = turns.Take(Key("a"));
        var second = turns.Behind(Key("a"))!;
        var third = turns.Take(Key("a"));
        Assert.True(first.Ready.IsCompleted);
        Assert.False(second.Ready.IsCompleted);
        first.Dispose();
        await second.Ready.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.False(third.Ready.IsCompleted);
        first.Dispose();
        Assert.False(third.Ready.IsCompleted);
        second.Dispose();
        await third.Ready.WaitAsync(TimeSpan.FromSeconds(5));
        Assert.NotNull(turns.Behind(Key("a")));
        third.Dispose();
    }

    [Fact]
    public async Task Ten_thousand_that_wait_get_their_turns_in_order()
    {
        var first = turns.Take(Key("a"));
        var order = new List<int>();
        var waiting = Enumerable.Range(0, 10_000).Select(async n =>
        {
            using var turn = turns.Behind(Key("a"))!;
            // Not through the scheduler of xunit, which takes its time.
            await turn.Ready.ConfigureAwait(false);
            order.Add(n);
        }).ToList();
        first.Dispose();
        await Task.WhenAll(waiting).WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(Enumerable.Range(0, 10_000), order);
        Assert.Null(turns.Behind(Key("a")));
    }

    private const string List = "0123cafe-";

    [Fact]
    public void No_text_is_the_start_of_a_list() => Assert.Equal(default(TagCursor), TagCursor.Read([], "0123cafe", 2));

    [Theory]
    [InlineData("0-0", 0, 0L)]
    [InlineData("1-1795791123456", 1, 1795791123456L)]
    public void A_cursor_of_tags_is_read(string text, int tag, long score)
    {
        var cursor = new TagCursor(tag, score);
        Assert.Equal(cursor, TagCursor.Read(Encoding.UTF8.GetBytes(List + text), "0123cafe", 2));
        Assert.Equal(cursor, TagCursor.Read(Encoding.UTF8.GetBytes(cursor.Write("0123cafe")), "0123cafe", 2));
        Assert.Null(TagCursor.Read(Encoding.UTF8.GetBytes(cursor.Write("0123caff")), "0123cafe", 2));
    }

    [Theory]
    [InlineData("2-1")]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1")]
    [InlineData("001-1")]
    [InlineData("1-1 ")]
    [InlineData("1-+1")]
    [InlineData("1--1")]
    [InlineData("1-999999999999999")]
    public void Text_that_cannot_be_a_cursor_of_tags_is_none(string text) => Assert.Null(TagCursor.Read(Encoding.UTF8.GetBytes(List + text), "0123cafe", 2));

    private static ReadOnlyMemory<byte> Key(string key) => Encoding.UTF8.GetBytes(key);
}
