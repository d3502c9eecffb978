using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Tests.Budgets;

public sealed class TokenPricesTests
{
    private static readonly ModelPricing All = new()
    {
        InputPerMillion = 3,
        CachedInputPerMillion = 0.3m,
        CacheWritePerMillion = 3.75m,
        CacheWriteHourPerMillion = 6,
        OutputPerMillion = 15,
        ReasoningPerMillion = 20,
    };

    // Tokens read, of these from the cache, into it, of these for an hour; tokens written, of these for reasoning; millionths of a dollar.
    [Theory]
    [InlineData(1000, 0, 0, 0, 100, 0, 4500)]
    [InlineData(1000, 900, 0, 0, 100, 0, 2070)]
    [InlineData(1000, 900, 100, 0, 100, 0, 2145)]
    [InlineData(1000, 500, 300, 200, 100, 0, 3825)]
    [InlineData(1000, 0, 0, 0, 100, 60, 4800)]
    [InlineData(0, 0, 0, 0, 0, 0, 0)]
    [InlineData(100, 500, 500, 500, 10, 50, 230)]
    public void Every_kind_of_token_has_its_price_and_none_is_paid_for_twice(long input, long cached, long write, long hour, long output, long reasoning, long millionths)
    {
        var usage = new TokenUsage(input, cached, output, reasoning) { CacheWrite = write, CacheWriteHour = hour };

        Assert.Equal(millionths / 1_000_000m, TokenPrices.Usd(All.Tokens.Cost(usage)));
    }

    [Fact]
    public void What_has_no_price_of_its_own_costs_what_its_kind_costs()
    {
        var prices = new ModelPricing { InputPerMillion = 2, OutputPerMillion = 8 }.Tokens;

        Assert.Equal(prices.Cost(new(1000, 0, 100, 0)), prices.Cost(new(1000, 400, 100, 50) { CacheWrite = 300, CacheWriteHour = 100 }));
    }

    [Fact]
    public void A_price_with_six_decimals_is_exact_for_a_single_token()
    {
        var prices = new ModelPricing { InputPerMillion = 0.037501m }.Tokens;

        Assert.Equal(0.000000037501m, TokenPrices.Usd(prices.Cost(new(1, 0, 0, 0))));
        Assert.Equal(0.037501m, TokenPrices.Usd(prices.Cost(new(1_000_000, 0, 0, 0))));
    }

    [Fact]
    public void What_may_be_used_is_never_less_than_what_is()
    {
        Assert.True(All.Tokens.Most(1000, 100) >= All.Tokens.Cost(new(1000, 0, 100, 100) { CacheWrite = 1000, CacheWriteHour = 1000 }));
        Assert.Equal(long.MaxValue, new ModelPricing { OutputPerMillion = 100_000 }.Tokens.Most(0, long.MaxValue));
    }

    [Fact]
    public void A_picture_is_no_text()
    {
        var picture = Convert.ToBase64String(new byte[300_000]);
        var text = string.Join(' ', Enumerable.Repeat("words", 20_000));

        var with = TokenEstimate.OfBody(System.Text.Encoding.UTF8.GetBytes($$$"""{"messages":[{"content":[{"text":"{{{text}}}"},{"image_url":{"url":"data:image/png;base64,{{{picture}}}"}}]}]}"""));
        var without = TokenEstimate.OfBody(System.Text.Encoding.UTF8.GetBytes($$"""{"messages":[{"content":[{"text":"{{text}}"}]}]}"""));

        Assert.InRange(without, 30_000, 31_000);
        Assert.InRange(with - without, 1000, 2500);
    }
}
