// The verbs on embedded Garnet, through the bridge's own frames. The whole contract of a backend, on Garnet and on
// Redis, is in test/contract.ts; here is what tells quickly that the .NET half is sound.

using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace AzureCache.Gateway.Tests;

public sealed class VerbsTests(TestBridge bridge) : IClassFixture<TestBridge>
{
    private const long Minute = 60_000;

    [Fact]
    public async Task What_was_put_is_got_with_its_ETag_and_life()
    {
        Assert.Equal((Status.Ok, Outcome.Applied), Told(await bridge.RunAsync(Put("a", "hello"))));
        var got = await bridge.RunAsync(new Ask(Verb.Get, "a", WantEtag: true, WantTtl: true));
        Assert.Equal(((Status.Ok, Outcome.NotApplied), "hello"), (Told(got), got.Text));
        Assert.Equal("aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d", Convert.ToHexStringLower(got.Etag!));
        Assert.InRange(got.TtlMs!.Value, Minute - 10_000, Minute);
    }

    [Fact]
    public async Task A_value_of_no_bytes_is_not_a_miss()
    {
        await bridge.RunAsync(Put("empty", ""));
        Assert.Equal((Status.Ok, ""), await StatusAndText(new Ask(Verb.Get, "empty")));
        Assert.Equal((Status.Miss, null), await StatusAndText(new Ask(Verb.Get, "never-put")));
    }

    [Fact]
    public async Task A_large_value_comes_back_byte_for_byte()
    {
        var value = RandomNumberGenerator.GetBytes(8 << 20);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(Put("large", value))).Status);
        Assert.Equal(value, (await bridge.RunAsync(new Ask(Verb.Get, "large"))).Value);
    }

    [Theory]
    [InlineData(nameof(TtlKind.For))]
    [InlineData(nameof(TtlKind.Never))]
    [InlineData(nameof(TtlKind.Keep))]
    public async Task Every_condition_takes_every_kind_of_life(string name)
    {
        var kind = Enum.Parse<TtlKind>(name);
        var key = $"life-{kind}";
        long? expected = kind == TtlKind.Never ? Result.Never : 30_000;
        var ask = Put(key, "1") with { TtlKind = kind, TtlMs = kind == TtlKind.Never ? 0 : 30_000 };
        foreach (var one in new[]
        {
            ask,
            ask with { Condition = Condition.Present },
            ask with { Condition = Condition.Etag, Etag = SHA1.HashData("1"u8) },
        })
        {
            Assert.Equal(Status.Ok, (await bridge.RunAsync(one)).Status);
            await LivesFor(key, expected);
        }
        await bridge.RunAsync(new Ask(Verb.Delete, key));
        Assert.Equal(Status.Ok, (await bridge.RunAsync(ask with { Condition = Condition.Absent })).Status);
        await LivesFor(key, expected);
    }

    [Fact]
    public async Task Keep_leaves_the_life_that_is_there()
    {
        await bridge.RunAsync(Put("keep", "1") with { TtlKind = TtlKind.Never });
        await bridge.RunAsync(Put("keep", "2") with { TtlKind = TtlKind.Keep });
        await LivesFor("keep", Result.Never);
    }

    [Fact]
    public async Task Add_only_leaves_what_is_there()
    {
        var add = Put("add", "first") with { Condition = Condition.Absent };
        Assert.Equal((Status.Ok, Outcome.Applied), Told(await bridge.RunAsync(add)));
        Assert.Equal((Status.Exists, Outcome.NotApplied), Told(await bridge.RunAsync(add with { Value = "second"u8.ToArray() })));
        Assert.Equal((Status.Ok, "first"), await StatusAndText(new Ask(Verb.Get, "add")));
    }

    [Fact]
    public async Task A_condition_that_does_not_hold_answers_with_what_is_there()
    {
        await bridge.RunAsync(Put("cas", "theirs"));
        foreach (var ask in new[] { Put("cas", "mine"), new Ask(Verb.Delete, "cas"), Touch("cas", 5 * Minute) })
        {
            var answer = await bridge.RunAsync(ask with { Condition = Condition.Etag, Etag = SHA1.HashData("base"u8) });
            Assert.Equal(((Status.Changed, Outcome.NotApplied), "theirs"), (Told(answer), answer.Text));
            Assert.Equal(SHA1.HashData("theirs"u8), answer.Etag);
        }
        await LivesFor("cas", Minute);
    }

    [Fact]
    public async Task A_condition_on_nothing_answers_absent()
    {
        var etag = SHA1.HashData("x"u8);
        foreach (var ask in new[] { Put("nothing", "x"), new Ask(Verb.Delete, "nothing") })
        {
            Assert.Equal(Status.Absent, (await bridge.RunAsync(ask with { Condition = Condition.Present })).Status);
            Assert.Equal(Status.Absent, (await bridge.RunAsync(ask with { Condition = Condition.Etag, Etag = etag })).Status);
        }
        var touch = Touch("nothing", Minute) with { Condition = Condition.Etag, Etag = etag };
        Assert.Equal(Status.Absent, (await bridge.RunAsync(touch)).Status);
    }

    [Fact]
    public async Task Over_a_mebibyte_an_ETag_is_no_condition_on_either_side()
    {
        var large = new byte[(1 << 20) + 1];
        await bridge.RunAsync(Put("limit", large[1..]));
        var ask = Put("limit", "small") with { Condition = Condition.Etag, Etag = SHA1.HashData(large.AsSpan(1)) };
        Assert.Equal(Status.TooLargeForCondition, (await bridge.RunAsync(ask with { Value = large })).Status);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(ask with { Value = large[1..] })).Status);
        await bridge.RunAsync(Put("limit", large));
        Assert.Equal(Status.TooLargeForCondition, (await bridge.RunAsync(ask)).Status);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(ask with { Condition = Condition.Present, Etag = null })).Status);
    }

    [Fact]
    public async Task Compare_and_set_by_many_at_once_loses_no_increment()
    {
        await bridge.RunAsync(Put("counter", "0"));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            for (var done = 0; done < 50;)
            {
                var current = await bridge.RunAsync(new Ask(Verb.Get, "counter", WantEtag: true));
                var next = int.Parse(current.Text!, null) + 1;
                var put = Put("counter", $"{next}") with { Condition = Condition.Etag, Etag = current.Etag };
                if ((await bridge.RunAsync(put)).Status == Status.Ok) done++;
            }
        }));
        Assert.Equal((Status.Ok, "400"), await StatusAndText(new Ask(Verb.Get, "counter")));
    }

    [Fact]
    public async Task Reading_can_renew_a_life_and_a_touch_too()
    {
        await bridge.RunAsync(Put("renew", "1"));
        var read = await bridge.RunAsync(new Ask(Verb.Get, "renew", TtlKind: TtlKind.For, TtlMs: 5 * Minute, WantTtl: true));
        Assert.Equal(("1", 5 * Minute), (read.Text, read.TtlMs!.Value));
        await LivesFor("renew", 5 * Minute);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(new Ask(Verb.Get, "renew", TtlKind: TtlKind.Never))).Status);
        await LivesFor("renew", Result.Never);
        var touch = Touch("renew", Minute);
        Assert.Equal((Status.Ok, Outcome.Applied), Told(await bridge.RunAsync(touch)));
        await LivesFor("renew", Minute);
        var forEver = touch with { TtlKind = TtlKind.Never, TtlMs = 0 };
        Assert.Equal(Status.Ok, (await bridge.RunAsync(forEver)).Status);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(forEver)).Status);
        await LivesFor("renew", Result.Never);
        Assert.Equal(Status.Miss, (await bridge.RunAsync(touch with { Key = "gone" })).Status);
        Assert.Equal(Status.Miss, (await bridge.RunAsync(forEver with { Key = "gone" })).Status);
    }

    [Fact]
    public async Task A_touch_can_be_bound_to_the_value_that_was_read()
    {
        await bridge.RunAsync(Put("bound", "read"));
        var touch = Touch("bound", 5 * Minute) with { Condition = Condition.Etag, Etag = SHA1.HashData("read"u8) };
        Assert.Equal((Status.Ok, Outcome.Applied), Told(await bridge.RunAsync(touch)));
        await LivesFor("bound", 5 * Minute);
        Assert.Equal(Status.Ok, (await bridge.RunAsync(touch with { TtlKind = TtlKind.Never, TtlMs = 0 })).Status);
        await LivesFor("bound", Result.Never);
    }

    [Fact]
    public async Task Operations_on_one_key_take_effect_in_the_order_of_the_frames()
    {
        var asks = Enumerable.Range(0, 500).SelectMany(i => new[] { Put("order", $"{i}"), new Ask(Verb.Get, "order") });
        var answers = await bridge.RunAllAsync([.. asks]);
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), answers.Where((_, at) => at % 2 == 1).Select(answer => answer.Text));
    }

    [Fact]
    public async Task A_frame_that_lies_is_answered_and_the_others_beside_it_are_unharmed()
    {
        var bad = Wire.Write(4_000_000_000, new Ask(Verb.Get, "a"));
        bad[8] = 99;
        byte[] frames = [.. bad, .. Wire.Write(4_000_000_001, new Ask(Verb.Ping)), 0xff, 0xff, 0xff, 0xff, 1, 2, 3];
        Task<Answer>[] expected = [bridge.Expect(4_000_000_000), bridge.Expect(4_000_000_001), bridge.Expect(0)];
        bridge.Submit(frames);
        var answers = await Task.WhenAll(expected).WaitAsync(TimeSpan.FromSeconds(5));
        Assert.Equal([Status.FrameInvalid, Status.Ok, Status.FrameInvalid], answers.Select(answer => answer.Status));
    }

    [Fact]
    public async Task An_operation_that_makes_no_sense_is_answered_with_a_sentence()
    {
        Ask[] asks =
        [
            new(Verb.Get),
            Put("k", "v") with { TtlKind = TtlKind.Default },
            Put("k", "v") with { TtlMs = 0 },
            Put("k", "v") with { TtlMs = 1L << 52 },
            new(Verb.Touch, "k"),
            new(Verb.Touch, "k", TtlKind: TtlKind.Keep, TtlMs: 1),
            new(Verb.Delete, "k", Condition: Condition.Absent),
            new(Verb.Get, "k", Condition: Condition.Present),
            Touch("k", Minute) with { Condition = Condition.Present },
            Touch("k", Minute) with { Condition = Condition.Absent },
            new(Verb.List, "k", TtlMs: 1001),
            new(Verb.List, "k", TtlKind: TtlKind.Never),
            new(Verb.List, "k", Condition: Condition.Present),
        ];
        foreach (var answer in await bridge.RunAllAsync(asks))
        {
            Assert.Equal((Status.FrameInvalid, Outcome.NotApplied), Told(answer));
            Assert.EndsWith(".", answer.Detail, StringComparison.Ordinal);
        }
    }

    private static Ask Put(string key, string value) => Put(key, Encoding.UTF8.GetBytes(value));

    private static Ask Put(string key, byte[] value) => new(Verb.Put, key, value, TtlKind: TtlKind.For, TtlMs: Minute);

    private static Ask Touch(string key, long ttlMs) => new(Verb.Touch, key, TtlKind: TtlKind.For, TtlMs: ttlMs);

    private static (Status Status, Outcome Outcome) Told(Answer answer) => (answer.Status, answer.Outcome);

    private async Task<(Status Status, string? Text)> StatusAndText(Ask ask)
    {
        var answer = await bridge.RunAsync(ask);
        return (answer.Status, answer.Text);
    }

    private async Task LivesFor(string key, long? ttlMs)
    {
        var left = (await bridge.RunAsync(new Ask(Verb.Get, key, WantTtl: true))).TtlMs!.Value;
        if (ttlMs == Result.Never) Assert.Equal(Result.Never, left);
        else Assert.InRange(left, ttlMs!.Value - 10_000, ttlMs.Value);
    }
}
