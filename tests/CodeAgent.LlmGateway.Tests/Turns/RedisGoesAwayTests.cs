using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.LlmGateway.Tests.Turns;

public sealed class RedisGoesAwayTests
{
    [Theory]
    [InlineData(StatusCodes.Status200OK, "is not kept")]
    [InlineData(StatusCodes.Status500InternalServerError, "cannot be released")]
    public async Task An_answer_reaches_its_caller_though_Redis_went_away_meanwhile(int status, string logged)
    {
        var (reached, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            reached.TrySetResult();
            await go.Task;
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(ChatCalls.Answer);
        };
        var redis = new GarnetFixture();
        await redis.InitializeAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString + ",asyncTimeout=500,syncTimeout=500", upstream);
        using var client = gateway.Client();

        var asking = client.AskAsync(ChatCalls.Plain, "a-turn");
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        await redis.DisposeAsync();
        go.SetResult();

        Assert.Equal(status, (int)(await asking).Response.StatusCode);
        Assert.Contains(gateway.Logs.GetSnapshot(), line => line.Level == LogLevel.Warning && line.Message.Contains(logged, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_request_that_failed_for_want_of_Redis_is_not_logged_as_well()
    {
        await using var upstream = await MockUpstream.StartAsync();
        var redis = new GarnetFixture();
        await redis.InitializeAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString + ",asyncTimeout=500,syncTimeout=500", upstream);
        using var client = gateway.Client();
        await redis.DisposeAsync();

        Assert.Equal(StatusCodes.Status503ServiceUnavailable, (int)(await client.AskAsync(ChatCalls.Plain, "a-turn")).Response.StatusCode);

        Assert.Contains(gateway.Logs.GetSnapshot(), line => line.Message.StartsWith("chat mock-model by ", StringComparison.Ordinal) && line.Message.Contains(": 503 redis_unavailable from ", StringComparison.Ordinal));
    }
}
