// Entries shared with ASP.NET Core: its IDistributedCache and a bridge on one redis-server, with its InstanceName as our
// key prefix. What either writes the other reads, lets live on and removes.

using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.Caching.StackExchangeRedis;
using StackExchange.Redis;
using Xunit;

namespace AzureCache.Gateway.Tests;

/// <summary>One redis-server, seen by ASP.NET, by us, and as it is.</summary>
public sealed class SharedRedis : IAsyncLifetime
{
    internal const string Prefix = "shop:";

    private RedisServer? server;
    private ConnectionMultiplexer? multiplexer;

    internal TestBridge Bridge { get; private set; } = null!;

    internal RedisCache AspNet { get; private set; } = null!;

    internal IDatabase Redis => multiplexer!.GetDatabase();

    public async Task InitializeAsync()
    {
        if (RedisServer.Program is null) return;
        server = await RedisServer.StartAsync();
        multiplexer = await ConnectionMultiplexer.ConnectAsync(server.Configuration);
        AspNet = new RedisCache(new RedisCacheOptions { Configuration = server.Configuration, InstanceName = Prefix });
        Bridge = new TestBridge(new GatewayOptions { Connection = server.Configuration, KeyPrefix = Prefix });
        await Bridge.InitializeAsync();
    }

    public async Task DisposeAsync()
    {
        if (server is null) return;
        await Bridge.DisposeAsync();
        AspNet.Dispose();
        await multiplexer!.DisposeAsync();
        await server.DisposeAsync();
    }
}

public sealed class DistributedCacheTests(SharedRedis shared) : IClassFixture<SharedRedis>
{
    private const long Minute = 60_000;
    private const long Hour = 60 * Minute;

    /// <summary>A life that is no longer what was given: a use makes it so again.</summary>
    private const long Worn = 10_000;

    private static readonly byte[] Value = [0, 255, 13, 10, .. "wert 🗝"u8, 0];

    private static readonly DistributedCacheEntryOptions Absolute = new() { AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1) };
    private static readonly DistributedCacheEntryOptions Slides = new() { SlidingExpiration = TimeSpan.FromMinutes(1) };
    private static readonly DistributedCacheEntryOptions Capped = new()
    {
        SlidingExpiration = TimeSpan.FromHours(1),
        AbsoluteExpirationRelativeToNow = TimeSpan.FromMinutes(1),
    };

    [FactWithRedis]
    public async Task What_ASPNET_writes_is_read_with_its_ETag_and_life()
    {
        foreach (var (options, life) in new[] { (Absolute, Minute), (Slides, Minute), (Capped, Minute), (new(), Result.Never) })
        {
            // Without options ASP.NET leaves the life alone that is there.
            await shared.AspNet.RemoveAsync("theirs");
            await shared.AspNet.SetAsync("theirs", Value, options);
            var read = await Run(new Ask(Verb.Get, "theirs", WantEtag: true, WantTtl: true));
            Assert.Equal(Value, read.Value);
            Assert.Equal(SHA1.HashData(Value), read.Etag);
            IsAbout(life, read.TtlMs!.Value);
        }
    }

    [FactWithRedis]
    public async Task What_ASPNET_lets_slide_lives_on_from_our_reads_up_to_its_end()
    {
        await shared.AspNet.SetAsync("slides", Value, Slides);
        await shared.AspNet.SetAsync("capped", Value, Capped);
        await shared.AspNet.SetAsync("fixed", Value, Absolute);
        foreach (var (key, life) in new[] { ("slides", Minute), ("capped", Minute), ("fixed", Worn) })
        {
            await Wear(key);
            await Run(new Ask(Verb.Get, key, TtlKind: TtlKind.Keep));
            IsAbout(Worn, await Left(key));
            Assert.Equal(Status.Ok, (await Run(new Ask(Verb.Get, key))).Status);
            IsAbout(life, await Left(key));
        }
    }

    [FactWithRedis]
    public async Task A_touch_of_what_ASPNET_wrote_holds_for_ASPNET_too()
    {
        await shared.AspNet.SetAsync("touched", Value, Slides);
        Assert.Equal(Status.Ok, (await Run(new Ask(Verb.Touch, "touched", TtlKind: TtlKind.For, TtlMs: 30_000))).Status);
        IsAbout(30_000, await Left("touched"));
        await Wear("touched");
        Assert.Equal(Value, await shared.AspNet.GetAsync("touched"));
        IsAbout(30_000, await Left("touched"));
        Assert.Equal(Status.Ok, (await Run(new Ask(Verb.Touch, "touched", TtlKind: TtlKind.Never))).Status);
        await Wear("touched");
        await shared.AspNet.RefreshAsync("touched");
        IsAbout(Minute, await Left("touched"));
    }

    [FactWithRedis]
    public async Task What_ASPNET_wrote_is_replaced_only_if_unchanged_and_stays_its_own()
    {
        await shared.AspNet.SetAsync("cas", Value, Slides);
        var put = new Ask(Verb.Put, "cas", "new"u8.ToArray(), Condition.Etag, SHA1.HashData("x"u8), TtlKind.Keep, Hour);
        var changed = await Run(put);
        Assert.Equal(Status.Changed, changed.Status);
        Assert.Equal(Value, changed.Value);
        Assert.Equal(Status.Ok, (await Run(put with { Etag = SHA1.HashData(Value) })).Status);
        Assert.Equal("new"u8.ToArray(), await shared.AspNet.GetAsync("cas"));
        await Wear("cas");
        await shared.AspNet.RefreshAsync("cas");
        IsAbout(Minute, await Left("cas"));
        Assert.Equal(Status.Exists, (await Run(put with { Condition = Condition.Absent, Etag = null })).Status);
    }

    [FactWithRedis]
    public async Task What_ASPNET_wrote_is_removed()
    {
        await shared.AspNet.SetAsync("removed", Value, Slides);
        Assert.Equal(Status.Ok, (await Run(new Ask(Verb.Delete, "removed", Condition: Condition.Etag, Etag: SHA1.HashData(Value)))).Status);
        Assert.Null(await shared.AspNet.GetAsync("removed"));
    }

    [FactWithRedis]
    public async Task What_we_write_ASPNET_reads_lets_live_on_and_removes()
    {
        var put = new Ask(Verb.Put, "ours", Value, TtlKind: TtlKind.For, TtlMs: Minute);
        foreach (var (ask, life, refreshed) in new[]
        {
            (put with { TtlKind = TtlKind.Never, TtlMs = 0, Extras = Sliding(Minute) }, Minute, Minute),
            (put with { Extras = Sliding(Hour) }, Minute, Minute),
            (put with { TtlMs = Hour, Extras = Sliding(Minute) }, Minute, Minute),
            (put with { Extras = Hash }, Minute, Worn),
            (put with { TtlKind = TtlKind.Never, TtlMs = 0, Extras = Hash }, Result.Never, Worn),
        })
        {
            Assert.Equal(Status.Ok, (await Run(ask)).Status);
            IsAbout(life, await Left("ours"));
            Assert.Equal(Value, await shared.AspNet.GetAsync("ours"));
            await Wear("ours");
            await shared.AspNet.RefreshAsync("ours");
            IsAbout(refreshed, await Left("ours"));
            await shared.AspNet.RemoveAsync("ours");
            Assert.Equal(Status.Miss, (await Run(new Ask(Verb.Get, "ours"))).Status);
        }
    }

    [FactWithRedis]
    public async Task The_fields_are_those_of_ASPNET_in_its_ticks()
    {
        await Run(new Ask(Verb.Put, "fields", Value, TtlKind: TtlKind.For, TtlMs: Hour, Extras: Sliding(Minute)));
        await shared.AspNet.SetAsync("fields-theirs", Value, new() { SlidingExpiration = TimeSpan.FromMinutes(1), AbsoluteExpirationRelativeToNow = TimeSpan.FromHours(1) });
        var ours = (await shared.Redis.HashGetAllAsync(SharedRedis.Prefix + "fields")).ToDictionary();
        var theirs = (await shared.Redis.HashGetAllAsync(SharedRedis.Prefix + "fields-theirs")).ToDictionary();
        Assert.Equal(theirs.Keys.Order(), ours.Keys.Order());
        Assert.Equal(theirs["sldexp"], ours["sldexp"]);
        Assert.Equal(theirs["data"], ours["data"]);
        Assert.InRange((long)ours["absexp"] - (long)theirs["absexp"], -TimeSpan.TicksPerMinute, TimeSpan.TicksPerMinute);
    }

    [FactWithRedis]
    public async Task A_plain_put_is_a_string_which_ASPNET_cannot_read()
    {
        await shared.AspNet.SetAsync("plain", Value, Slides);
        await Run(new Ask(Verb.Put, "plain", Value, TtlKind: TtlKind.For, TtlMs: Minute));
        await Assert.ThrowsAsync<RedisServerException>(() => shared.AspNet.GetAsync("plain"));
        Assert.Equal(Value, (await Run(new Ask(Verb.Get, "plain"))).Value);
    }

    [FactWithRedis]
    public async Task A_hash_of_another_form_is_foreign_until_a_put_goes_over_it()
    {
        foreach (var (absexp, sldexp, data) in new[]
        {
            ("soon", "-1", "v"), ("-1", "soon", "v"), ("-2", "-1", "v"), ("", "-1", "v"), ("1.5", "-1", "v"), ("1e3", "-1", "v"), (" 5", "-1", "v"),
            (null, "-1", "v"), ("-1", null, "v"), ("-1", "-1", null),
        })
        {
            HashEntry[] fields = [new("other", "x"), .. new[] { ("absexp", absexp), ("sldexp", sldexp), ("data", data) }
                .Where(field => field.Item2 is not null).Select(field => new HashEntry(field.Item1, field.Item2))];
            await shared.Redis.HashSetAsync(SharedRedis.Prefix + "foreign", fields);
            var put = new Ask(Verb.Put, "foreign", Value, TtlKind: TtlKind.For, TtlMs: Minute);
            foreach (var ask in new[]
            {
                new Ask(Verb.Get, "foreign"),
                new Ask(Verb.Get, "foreign", TtlKind: TtlKind.Keep, WantTtl: true),
                new Ask(Verb.Get, "foreign", TtlKind: TtlKind.For, TtlMs: Minute),
                put with { Condition = Condition.Present },
                put with { Condition = Condition.Etag, Etag = SHA1.HashData("v"u8), TtlKind = TtlKind.Keep },
                put with { Condition = Condition.Present, Extras = Hash },
                new Ask(Verb.Touch, "foreign", Condition: Condition.Etag, Etag: SHA1.HashData("v"u8), TtlKind: TtlKind.Never),
                new Ask(Verb.Delete, "foreign", Condition: Condition.Present),
            })
            {
                Assert.Equal((Status.ForeignType, Outcome.NotApplied), Told(await Run(ask)));
            }
            Assert.Equal(fields.Length, await shared.Redis.HashLengthAsync(SharedRedis.Prefix + "foreign"));
            Assert.Equal(Status.Ok, (await Run(put with { Extras = Hash })).Status);
            Assert.Equal(3, await shared.Redis.HashLengthAsync(SharedRedis.Prefix + "foreign"));
            Assert.Equal(Status.Ok, (await Run(new Ask(Verb.Delete, "foreign"))).Status);
        }
    }

    [FactWithRedis]
    public async Task An_end_that_is_over_by_the_ticks_moves_nothing()
    {
        foreach (var (absexp, sldexp) in new[] { ("5", "600000000"), ("-1", "0"), ("0", "0") })
        {
            await shared.Redis.HashSetAsync(SharedRedis.Prefix + "odd", [new("absexp", absexp), new("sldexp", sldexp), new("data", "v")]);
            await Wear("odd");
            Assert.Equal("v", (await Run(new Ask(Verb.Get, "odd"))).Text);
            IsAbout(Worn, await Left("odd"));
        }
    }

    [FactWithRedis]
    public async Task Lives_beyond_all_bounds_are_no_end()
    {
        var most = $"{long.MaxValue}";
        await shared.Redis.HashSetAsync(SharedRedis.Prefix + "most", [new("absexp", most), new("sldexp", most), new("data", "v")]);
        Assert.Equal("v", (await Run(new Ask(Verb.Get, "most"))).Text);
        Assert.True(await Left("most") > Hour);
    }

    private static readonly byte[] Hash = [2, 0, 0];

    private static byte[] Sliding(long ms)
    {
        byte[] extra = [1, 8, 0, .. new byte[8]];
        BinaryPrimitives.WriteInt64LittleEndian(extra.AsSpan(3), ms);
        return extra;
    }

    private Task<Answer> Run(Ask ask) => shared.Bridge.RunAsync(ask);

    private Task<bool> Wear(string key) => shared.Redis.KeyExpireAsync(SharedRedis.Prefix + key, TimeSpan.FromMilliseconds(Worn));

    private async Task<long> Left(string key) =>
        await shared.Redis.KeyTimeToLiveAsync(SharedRedis.Prefix + key) is TimeSpan left ? (long)left.TotalMilliseconds : Result.Never;

    private static void IsAbout(long expected, long left)
    {
        if (expected == Result.Never) Assert.Equal(Result.Never, left);
        else Assert.InRange(left, expected - 9_000, expected);
    }

    private static (Status Status, Outcome Outcome) Told(Answer answer) => (answer.Status, answer.Outcome);
}
