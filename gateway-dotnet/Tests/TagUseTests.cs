// The mark that says that there are tags.

using StackExchange.Redis;
using Xunit;

namespace AzureCache.Gateway.Tests;

public sealed class TagUseTests
{
    private static readonly TimeSpan Again = TimeSpan.FromMilliseconds(50);

    private static readonly RedisKey Mark = "app:\0tagged";

    [FactWithRedis]
    public async Task Who_has_put_a_tag_or_has_seen_the_mark_writes_it_again_once_it_is_lost()
    {
        await using var server = await RedisServer.StartAsync();
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(server.Configuration);
        var redis = multiplexer.GetDatabase();
        await using (var putter = new TagUse(redis, [.. "app:"u8], Again))
        {
            await putter.MarkAsync();
            await LoseAsync(redis);
        }
        await using var finder = new TagUse(redis, [.. "app:"u8], Again);
        await LoseAsync(redis);
        Assert.True(finder.IsPossible);
    }

    [FactWithRedis]
    public async Task Who_knows_of_no_tags_leaves_no_mark()
    {
        await using var server = await RedisServer.StartAsync();
        await using var multiplexer = await ConnectionMultiplexer.ConnectAsync(server.Configuration);
        var redis = multiplexer.GetDatabase();
        await using var use = new TagUse(redis, [.. "app:"u8], Again);
        await UntilAsync(() => Task.FromResult(!use.IsPossible));
        // Its second look is a second later.
        await Task.Delay(1500);
        Assert.False(await redis.KeyExistsAsync(Mark));
        Assert.False(use.IsPossible);
        await redis.StringSetAsync(Mark, "1");
        await UntilAsync(() => Task.FromResult(use.IsPossible));
    }

    private static async Task LoseAsync(IDatabase redis)
    {
        await UntilAsync(() => redis.KeyExistsAsync(Mark));
        for (var n = 0; n < 3; n++)
        {
            await redis.KeyDeleteAsync(Mark);
            await UntilAsync(() => redis.KeyExistsAsync(Mark));
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var tries = 0; !await holds(); tries++)
        {
            Assert.True(tries < 500, "It did not come to hold.");
            await Task.Delay(20);
        }
    }
}
