// What a token says, and when the next one is asked for.

using System.Buffers.Text;
using System.Text;
using Xunit;

namespace AzureCache.Gateway.Tests;

public class EntraTokenTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Theory]
    [InlineData("""{"oid":"01234567-89ab-cdef-0123-456789abcdef"}""")]
    [InlineData("""{"aud":"https://redis.azure.com","oid":"01234567-89ab-cdef-0123-456789abcdef","name":"Zoë ÿ?>"}""")]
    public void The_object_id_is_the_user_and_the_token_its_password(string claims)
    {
        var text = Jwt(claims);
        var token = EntraToken.Read(text, Now)!;
        Assert.Equal(("01234567-89ab-cdef-0123-456789abcdef", text, Now), (token.User, token.Password, token.ExpiresOn));
    }

    [Theory]
    [InlineData("")]
    [InlineData("opaque")]
    [InlineData("a.b")]
    [InlineData("a.!!!.c")]
    [InlineData("a.bm8ganNvbg.c")]
    public void What_is_no_token_of_Entra_ID_is_none(string text) => Assert.Null(EntraToken.Read(text, Now));

    [Theory]
    [InlineData("""{"sub":"somebody"}""")]
    [InlineData("""{"oid":""}""")]
    [InlineData("""{"oid":7}""")]
    [InlineData("""{"oid":null}""")]
    [InlineData("[]")]
    public void A_token_that_does_not_say_whose_it_is_is_none(string claims) => Assert.Null(EntraToken.Read(Jwt(claims), Now));

    [Theory]
    [InlineData(24 * 3600, 18 * 3600)]
    [InlineData(3600, 45 * 60)]
    [InlineData(16 * 60, 12 * 60)]
    [InlineData(10 * 60, 6 * 60)]
    [InlineData(5 * 60, 60)]
    [InlineData(4 * 60, 3 * 60)]
    [InlineData(60, 45)]
    [InlineData(6, 4.5)]
    [InlineData(0.4, 0.5)]
    [InlineData(0, 0.5)]
    [InlineData(-60, 0.5)]
    public void The_next_is_asked_for_at_three_quarters_but_four_minutes_before_the_end(double leftSeconds, double afterSeconds)
    {
        var token = new EntraToken("user", "secret", Now.AddSeconds(leftSeconds));
        Assert.Equal(afterSeconds, token.RenewAfter(Now).TotalSeconds, 3);
    }

    [Fact]
    public void Where_the_same_token_comes_back_until_five_minutes_before_its_end_the_next_one_comes_in_time()
    {
        var token = new EntraToken("user", "secret", Now.AddHours(24));
        var asked = new List<TimeSpan>();
        for (var at = Now; token.ExpiresOn - at > TimeSpan.FromMinutes(5);)
        {
            at += token.RenewAfter(at);
            asked.Add(token.ExpiresOn - at);
        }
        Assert.InRange(asked.Count, 2, 10);
        Assert.InRange(asked[^1], TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(5));
    }

    [Fact]
    public void The_token_is_not_in_its_name() =>
        Assert.DoesNotContain("planted", new EntraToken("user", "planted", Now).ToString(), StringComparison.Ordinal);

    internal static string Jwt(string claims) => $"eyJhbGciOiJub25lIn0.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.c2lnbmVk";
}
