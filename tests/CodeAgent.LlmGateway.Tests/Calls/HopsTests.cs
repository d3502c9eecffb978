using System.Net;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class HopsTests(GarnetFixture redis)
{
    [Fact]
    public async Task A_provider_that_leads_back_here_is_asked_four_times_and_the_caller_hears_why()
    {
        await using var upstream = await MockUpstream.StartAsync();
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client(GatewayHost.Key);
        upstream.Chat = async http =>
        {
            using var request = ChatCalls.Request(ChatCalls.Plain);
            request.Headers.Add("x-codeagent-hops", http.Request.Headers["x-codeagent-hops"].ToString());
            using var answer = await client.SendAsync(request, http.RequestAborted);
            http.Response.StatusCode = (int)answer.StatusCode;
            await answer.Content.CopyToAsync(http.Response.Body, http.RequestAborted);
        };

        var (response, body) = await client.AskAsync(ChatCalls.Plain);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("loop_detected", body, StringComparison.Ordinal);
        Assert.Contains("leads back to the gateway itself", body, StringComparison.Ordinal);
        Assert.Equal(4, upstream.Requests.Count);
    }
}
