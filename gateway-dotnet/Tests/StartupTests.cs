// The entry as edge-js calls it: functions that never fault, and failures as data.

using System.Text;
using System.Text.Json;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class StartupTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task The_embedded_backend_opens_answers_and_closes()
    {
        var gateway = await InvokeAsync("""{"keyPrefix":"","deadlineMs":2000,"maxValueBytes":1048576,"clientName":"test"}""");
        var description = JsonDocument.Parse((byte[])gateway["description"]!).RootElement;
        Assert.Equal("embedded", description.GetProperty("backend").GetString());
        Assert.StartsWith("127.0.0.1:", description.GetProperty("endpoints")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("2.2.8", description.GetProperty("versions").GetProperty("garnet").GetString());

        Assert.Null(await Call(gateway, "submit", Wire.Write(1, new Ask(Verb.Ping))));
        var answer = Assert.Single(Wire.Read((byte[])(await Call(gateway, "results"))!));
        Assert.Equal((1u, Status.Ok), (answer.Id, answer.Status));

        Assert.Null(await Call(gateway, "close"));
        Assert.Null(await Call(gateway, "close"));
        await Call(gateway, "submit", Wire.Write(2, new Ask(Verb.Ping)));
        Assert.Equal(Status.ShuttingDown, Assert.Single(Wire.Read((byte[])(await Call(gateway, "results"))!)).Status);
        Assert.Null(await Call(gateway, "results"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"unheardOf":1}""")]
    [InlineData("""{"deadlineMs":1}""")]
    [InlineData("""{"maxValueBytes":0}""")]
    [InlineData("""{"connection":"redis://"}""")]
    public async Task Options_that_cannot_be_used_come_back_as_an_error(string options)
    {
        var gateway = await InvokeAsync(options);
        Assert.Equal(["error"], gateway.Keys);
        var error = JsonDocument.Parse((byte[])gateway["error"]!).RootElement;
        Assert.Equal("config_invalid", error.GetProperty("code").GetString());
        Assert.EndsWith(".", error.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Redis_that_cannot_be_reached_is_no_error_and_operations_say_so_at_once()
    {
        // Port 1 of loopback: nobody listens there, and nobody may without being root.
        var gateway = await InvokeAsync("""{"connection":"redis://:planted-secret@127.0.0.1:1"}""");
        Assert.DoesNotContain("planted-secret", Encoding.UTF8.GetString((byte[])gateway["description"]!), StringComparison.Ordinal);
        await Call(gateway, "submit", Wire.Write(9, new Ask(Verb.Get, "k")));
        Answer? answer = null;
        while (answer is null) answer = Wire.Read((byte[])(await Call(gateway, "results"))!).FirstOrDefault(one => one.Id == 9);
        Assert.Equal((Status.BackendUnreachable, Outcome.NotApplied), (answer.Status, answer.Outcome));
        await Call(gateway, "close");
    }

    private static async Task<Dictionary<string, object?>> InvokeAsync(string options) =>
        (Dictionary<string, object?>)(await new Startup().Invoke(Encoding.UTF8.GetBytes(options)).WaitAsync(Patience))!;

    private static Task<object?> Call(Dictionary<string, object?> gateway, string name, byte[]? input = null) =>
        ((Func<object, Task<object?>>)gateway[name]!)(input!).WaitAsync(Patience);
}
