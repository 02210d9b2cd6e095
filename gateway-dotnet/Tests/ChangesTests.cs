// The bytes of changes, equal in both languages; how the queue holds back who tells them; which connection is ours.

using System.Text.Json;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class ChangesTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(Repository.Read("test", "golden-frames.json")).RootElement;

    [Fact]
    public void Changes_have_their_golden_bytes()
    {
        Assert.NotEqual(0, Golden.GetProperty("changes").GetArrayLength());
        foreach (var golden in Golden.GetProperty("changes").EnumerateArray())
            Assert.Equal(golden.GetProperty("bytes").GetString(), Convert.ToHexStringLower(From(golden.GetProperty("change")).Bytes));
    }

    [Fact]
    public async Task Who_tells_changes_waits_until_they_are_taken()
    {
        var queue = new ResultQueue();
        Assert.True(queue.ChangesTakenAsync().IsCompleted);
        queue.Add(1, new Result { Value = new byte[100_000] });
        queue.Add(Changes.Everything);
        queue.Add(Changes.Proof(1));
        var taken = queue.ChangesTakenAsync();
        await queue.TakeAsync();
        Assert.False(taken.IsCompleted); // The large value traveled alone.
        var batch = await queue.TakeAsync();
        await taken.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal([Status.Changes, Status.Changes], Wire.Read(batch!).Select(answer => answer.Status));
    }

    [Fact]
    public void Of_the_connections_of_our_name_the_newest_counts()
    {
        const string list = """
            id=3 addr=127.0.0.1:1 name=azurecache-1 flags=P sub=1
            id=12 addr=127.0.0.1:2 name=azurecache-1 flags=P sub=1
            id=40 addr=127.0.0.1:3 name=azurecache-12 flags=P sub=1
            id=41 addr=127.0.0.1:4 name= flags=P sub=1
            """;
        Assert.Equal("12", Tracking.NewestOf(list, "azurecache-1"));
        Assert.Null(Tracking.NewestOf(list, "azurecache"));
        Assert.Null(Tracking.NewestOf("", "azurecache"));
    }

    private static Changes From(JsonElement change) => change.GetProperty("kind").GetString() switch
    {
        "keys" => Changes.Keys([.. change.GetProperty("keys").EnumerateArray().Select(key =>
            (ReadOnlyMemory<byte>)Convert.FromHexString(key.GetProperty("hex").GetString()!))]),
        "everything" => Changes.Everything,
        "lost" => Changes.Lost,
        _ => Changes.Proof(change.GetProperty("mark").GetUInt32()),
    };
}
