using System.Text;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Tests.Pains;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.LlmGateway.Tests.Routing;

public sealed class BestOfTests(GarnetFixture redis)
{
    private const string ProvidersWords = "what the provider repeats of the question";

    [Theory]
    [InlineData("2", true, "good")]
    [InlineData("2", false, "good")]
    [InlineData("1", false, "poor")]
    [InlineData("I cannot say", false, "poor")]
    [InlineData(null, false, "poor")]
    public async Task The_judge_chooses_and_all_three_are_booked(string? verdict, bool isStream, string expected)
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        await using var judge = await MockUpstream.StartAsync();
        (one.Chat, other.Chat) = (Upstreams.Answers("poor"), Upstreams.Answers("good"));
        judge.Chat = verdict is null ? Upstreams.Fails(400, body: $$$"""{"error":{"message":"{{{ProvidersWords}}}"}}""") : Upstreams.Answers(verdict);
        var name = $"best-{Guid.NewGuid():N}";
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments("provider: one", "provider: other") + ", bestOf: { count: 2, judge: judge }", "  ",
            ("one", one.BaseUrl, ""), ("other", other.BaseUrl, ""), ("judge", judge.BaseUrl, ""))
            .Replace("default:", "  judge: { provider: judge }\ndefault:", StringComparison.Ordinal).Replace("mock-model", name, StringComparison.Ordinal));
        using var client = gateway.Client();

        var (_, body) = await client.AskAsync((isStream ? ChatCalls.Streamed : ChatCalls.Plain).Replace("mock-model", name, StringComparison.Ordinal));

        Assert.Contains(expected, body, StringComparison.Ordinal);
        Assert.Equal((1, 1, 1), (one.Requests.Count, other.Requests.Count, judge.Requests.Count));
        var question = Encoding.UTF8.GetString(judge.Requests.Single().Body);
        Assert.Contains("poor", question, StringComparison.Ordinal);
        Assert.Contains("good", question, StringComparison.Ordinal);
        await Eventually.TrueAsync(async () => await Books.OfModelAsync(client, name) is { } row && row["requests"] == 1
            && row["outputTokens"] == (verdict is null ? 10 : 15), TimeSpan.FromSeconds(15), "all of them are in the books");
        Assert.DoesNotContain(gateway.Logs.GetSnapshot(), line => (line.Message + line.Exception).Contains(ProvidersWords, StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_the_caller_leaves_an_answer_that_was_there_already_is_let_go()
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = Upstreams.Answers("there");
        other.Chat = http => Task.Delay(Timeout.Infinite, http.RequestAborted);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(
            Upstreams.Deployments("provider: one", "provider: other") + ", bestOf: { count: 2, judge: judge }", "", ("one", one.BaseUrl, ""), ("other", other.BaseUrl, ""))
            .Replace("default:", "  judge: { provider: one }\ndefault:", StringComparison.Ordinal));
        using var client = gateway.Client();
        using var leave = new CancellationTokenSource();
        var load = gateway.Services.GetRequiredService<DeploymentStates>().Of(gateway.Services.GetRequiredService<ModelCatalog>().Find("mock-model").First).Load;

        var asking = client.BeginAsync(ChatCalls.Plain, cancellationToken: leave.Token);
        await Eventually.TrueAsync(() => Task.FromResult(load.Load() is > 0 and < 60_000 && other.Requests.Count == 1), TimeSpan.FromSeconds(10), "one has answered, the other is asked");
        var held = load.Load();
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);

        // By itself the load would take seven seconds to be half of it.
        await Eventually.TrueAsync(() => Task.FromResult(load.Load() < held * 0.55), TimeSpan.FromSeconds(2), "it is let go");
    }
}
