using System.Text;
using CodeAgent.LlmGateway.Tests.Pains;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Routing;

public sealed class BestOfTests(GarnetFixture redis)
{
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
        judge.Chat = verdict is null ? Upstreams.Fails(400) : Upstreams.Answers(verdict);
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
    }
}
