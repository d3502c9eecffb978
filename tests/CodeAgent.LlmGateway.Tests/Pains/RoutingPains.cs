using System.Text;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed class RoutingPains(GarnetFixture redis)
{
    private const string Head = """
        providers:
          a: { kind: openai, baseUrl: "http://127.0.0.1:1/v1" }
          b: { kind: openai, baseUrl: "http://127.0.0.1:2/v1" }
          s: { kind: simulator }
        models:
          m: { provider: a }
          n: { deployments: [ { provider: a, model: x }, { provider: b, model: x } ] }
        default: [m]

        """;

    [Theory]
    [InlineData("provider: a }", "provider: a, affinity: auto }", 6, "there is nothing to choose from")]
    [InlineData("provider: a }", "provider: a, hedge: { percentile: 95 } }", 6, "there is no second deployment")]
    [InlineData("provider: a }", "provider: a, fallback: [m] }", 6, "a model is no fallback of itself")]
    [InlineData("provider: a }", "provider: a, fallback: [q] }", 6, "there is no model 'q'")]
    [InlineData("provider: a }", "provider: a, bestOf: { judge: m } }", 6, "the judge must be a model without 'bestOf'")]
    [InlineData("provider: a }", "provider: a, deployments: [ { provider: b } ] }", 6, "either 'provider' and 'model', or 'deployments'")]
    [InlineData("{ provider: b, model: x }", "{ provider: b, model: x, role: reserve, weight: 3 }", 7, "a weight does nothing here")]
    [InlineData("{ provider: b, model: x }", "{ provider: b, model: x, role: reserve, tier: 1 }", 7, "either 'tier' or 'role'")]
    [InlineData("{ provider: b, model: x }", "{ provider: a, model: x }", 7, "a/x is here twice")]
    [InlineData("{ provider: a, model: x }, { provider: b, model: x }", "{ provider: a, role: reserve }", 7, "there is no deployment in tier 0")]
    [InlineData("kind: simulator", "kind: simulator, connectTimeout: 1s", 4, "it does nothing: the simulator")]
    [InlineData("\"http://127.0.0.1:1/v1\" }", "\"http://127.0.0.1:1/v1\", caFile: ca.pem }", 2, "it does nothing: the address is not https")]
    [InlineData("\"http://127.0.0.1:1/v1\" }", "\"http://127.0.0.1:1/v1\", connectTimeout: 20s, firstTokenTimeout: 10s, answerTimeout: 10s }", 2, "it does nothing")]
    [InlineData("\"http://127.0.0.1:1/v1\" }", "\"http://127.0.0.1:1/v1\", breaker: { failures: 0 } }", 2, "1 to 1000")]
    [InlineData("default: [m]", "default: [m]\nretries: { wait: 10s, patience: 5s }", 9, "it does nothing: patience is over before")]
    [InlineData("default: [m]", "default: [m]\nkeepAliveInterval: 5ms", 9, "0s for none")]
    public void Pain_13_a_limit_that_would_do_nothing_is_refused_with_its_line(string part, string instead, int line, string reason)
    {
        ConfigReader<GatewayConfig>.Read("gateway.yaml", Head, _ => null, GatewayConfigValidator.Validate);

        var e = Assert.Throws<ConfigFileException>(
            () => ConfigReader<GatewayConfig>.Read("gateway.yaml", Head.Replace(part, instead, StringComparison.Ordinal), _ => null, GatewayConfigValidator.Validate));

        Assert.Contains(e.Problems, problem => problem.Line == line && problem.Reason.StartsWith(reason, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pain_16_a_conversation_stays_where_its_cache_is_on_every_replica()
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = other.Chat = Upstreams.Answers("yes");
        var yaml = Upstreams.Yaml(Upstreams.Deployments("provider: one", "provider: other"), "", ("one", one.BaseUrl, ""), ("other", other.BaseUrl, ""));
        await using var first = await GatewayHost.StartAsync(redis.ConnectionString, yaml);
        await using var second = await GatewayHost.StartAsync(redis.ConnectionString, yaml);
        using var client = first.Client();
        using var replica = second.Client();

        const int Conversations = 24;
        for (var turn = 0; turn < 4; turn++)
        {
            for (var i = 0; i < Conversations; i++)
            {
                var more = string.Concat(Enumerable.Repeat(""",{"role":"assistant","content":"yes"},{"role":"user","content":"go on"}""", turn));
                await (turn % 2 == 0 ? client : replica).AskAsync($$"""{"model":"mock-model","messages":[{"role":"system","content":"s"},{"role":"user","content":"conversation {{i}}"}{{more}}]}""");
            }
        }

        static IEnumerable<string> Of(MockUpstream upstream) => upstream.Requests
            .Select(request => Encoding.UTF8.GetString(request.Body)).Select(body => body[body.IndexOf("conversation", StringComparison.Ordinal)..].Split('"')[0]);
        Assert.Empty(Of(one).Intersect(Of(other)));
        Assert.Equal(Conversations * 4, one.Requests.Count + other.Requests.Count);
        Assert.InRange(one.Requests.Count, 4 * 4, Conversations * 4 - (4 * 4));
    }

    [Theory]
    [InlineData("session_id", "s-1")]
    [InlineData("x-session-id", "s-1")]
    [InlineData(null, """, "prompt_cache_key": "k" """)]
    [InlineData(null, """, "metadata": { "user_id": "u" } """)]
    public async Task Pain_16_what_the_caller_names_counts_more_than_what_is_said(string? header, string value)
    {
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = other.Chat = Upstreams.Answers("yes");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString,
            Upstreams.Yaml(Upstreams.Deployments("provider: one", "provider: other"), "", ("one", one.BaseUrl, ""), ("other", other.BaseUrl, "")));
        using var client = gateway.Client();
        if (header is not null)
        {
            client.DefaultRequestHeaders.Add(header, value);
        }

        for (var i = 0; i < 12; i++)
        {
            await client.AskAsync($$"""{"model":"mock-model","messages":[{"role":"user","content":"question {{i}}"}]{{(header is null ? value : "")}}}""");
        }

        Assert.Equal([0, 12], new[] { one.Requests.Count, other.Requests.Count }.Order());
    }

    [Fact]
    public async Task Pain_20_a_reload_changes_the_deployments_without_cutting_a_stream()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var one = await MockUpstream.StartAsync();
        await using var other = await MockUpstream.StartAsync();
        one.Chat = async http =>
        {
            http.Response.ContentType = "text/event-stream";
            await http.Response.WriteAsync(ChatCalls.Chunk("old"), http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            begun.SetResult();
            await go.Task;
            await http.Response.WriteAsync(ChatCalls.Done, http.RequestAborted);
        };
        other.Chat = Upstreams.Answers("new");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Upstreams.Yaml(Upstreams.Deployments("provider: one"), "", ("one", one.BaseUrl, "")));
        using var client = gateway.Client();

        var streaming = client.AskAsync(ChatCalls.Streamed);
        await begun.Task.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(gateway.ConfigPath, Upstreams.Yaml(Upstreams.Deployments("provider: other"), "", ("other", other.BaseUrl, "")), TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Task.FromResult(gateway.Logs.GetSnapshot().Any(line => line.Message.Contains("is in force now", StringComparison.Ordinal))),
            TimeSpan.FromSeconds(15), "the new configuration is in force");
        var (_, body) = await client.AskAsync(ChatCalls.Plain);
        go.SetResult();

        Assert.Contains("new", body, StringComparison.Ordinal);
        Assert.Equal(ChatCalls.Chunk("old") + ChatCalls.Done, (await streaming).Body);
    }
}
