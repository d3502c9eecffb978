using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.LlmGateway.Tests.Routing;

public sealed class DefaultModelTests(GarnetFixture redis)
{
    private const string Ask = """{"model":"default","messages":[{"role":"user","content":"hi"}]}""";

    private static string Yaml(string paid, string local) => $$"""
        providers:
          paid: { kind: openai, baseUrl: "{{paid}}", apiKey: "${PAID_KEY:-}" }
          local: { kind: openai, baseUrl: "{{local}}", detect: true }
          simulator: { kind: simulator }
        models:
          big: { provider: paid, model: big-1, pricing: { inputPerMillion: 2, cachedInputPerMillion: 0.5, outputPerMillion: 8 } }
          local: { provider: local, model: "*" }
          simulator: { provider: simulator }
        default: [big, local, simulator]
        """;

    [Theory]
    [InlineData("k", true, "big-1", "paid")]
    [InlineData("k", false, "big-1", "paid")]
    [InlineData("", true, "first-model", "local")]
    [InlineData("", false, "simulator", "simulator")]
    public async Task It_is_the_first_that_is_usable(string key, bool localIsThere, string model, string provider)
    {
        await using var paid = await MockUpstream.StartAsync();
        await using var local = await MockUpstream.StartAsync();
        paid.Chat = local.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString,
            Yaml(paid.BaseUrl, localIsThere ? local.BaseUrl : $"http://127.0.0.1:{FreePort.Next()}/v1"), ("PAID_KEY", key));
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(Ask);
        using var models = JsonDocument.Parse(await client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken));

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(provider == "simulator", body.Contains("simulator", StringComparison.Ordinal));
        Assert.Equal(provider == "simulator" ? [] : [Ask.Replace("default", model, StringComparison.Ordinal)],
            paid.Requests.Concat(local.Requests).Select(request => Encoding.UTF8.GetString(request.Body)));

        var listed = models.RootElement.GetProperty("data").EnumerateArray().ToDictionary(entry => entry.GetProperty("id").GetString()!);
        Assert.Equal(provider, listed["default"].GetProperty("provider").GetString());
        Assert.Equal(key.Length > 0, listed.ContainsKey("big"));
        Assert.Equal(localIsThere, listed.ContainsKey("local"));
        Assert.Contains(gateway.Logs.GetSnapshot(), line => line.Level == (provider == "simulator" ? LogLevel.Warning : LogLevel.Information)
            && line.Message.Contains($"{provider}/{model}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Models_are_listed_as_OpenAI_lists_them_with_their_prices()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Yaml("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1"), ("PAID_KEY", "k"));
        using var client = gateway.Client();

        Assert.Equal(
            """{"object":"list","data":[{"id":"default","object":"model","created":0,"owned_by":"paid","provider":"paid","upstreamModel":"big-1","pricing":{"inputPerMillion":2,"cachedInputPerMillion":0.5,"outputPerMillion":8}},{"id":"big","object":"model","created":0,"owned_by":"paid","provider":"paid","upstreamModel":"big-1","pricing":{"inputPerMillion":2,"cachedInputPerMillion":0.5,"outputPerMillion":8}},{"id":"simulator","object":"model","created":0,"owned_by":"simulator","provider":"simulator","upstreamModel":"simulator"}]}""",
            await client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("contextWindow: 200000, deployments: [ { provider: paid, model: a }, { provider: paid, model: b, contextWindow: 100000 }, { provider: local, role: reserve, contextWindow: 5000 } ]", 100_000)]
    [InlineData("provider: paid, contextWindow: 200000", 200_000)]
    [InlineData("provider: paid", null)]
    public async Task A_models_context_window_is_that_which_all_of_its_first_tier_take(string model, int? window)
    {
        var yaml = Yaml("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1").Replace("models:", $"models:\n  wide: {{ {model} }}", StringComparison.Ordinal);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, yaml, ("PAID_KEY", "k"));
        using var client = gateway.Client();

        using var wide = JsonDocument.Parse(await client.GetStringAsync("/v1/models/wide", TestContext.Current.CancellationToken));

        Assert.Equal(window, wide.RootElement.TryGetProperty("contextWindow", out var told) ? told.GetInt32() : null);
    }

    [Theory]
    [InlineData("big", "its provider 'paid' has no key (providers.paid.apiKey in gateway.yaml)")]
    [InlineData("paid/other", "its provider 'paid' has no key (providers.paid.apiKey in gateway.yaml)")]
    [InlineData("local", "its provider 'local' does not answer (providers.local.baseUrl in gateway.yaml)")]
    public async Task A_model_that_cannot_be_used_says_why(string model, string reason)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, Yaml("http://127.0.0.1:1/v1", "http://127.0.0.1:1/v1"), ("PAID_KEY", ""));
        using var client = gateway.Client();

        var (response, body) = await client.AskAsync(Ask.Replace("default", model, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains(reason, body, StringComparison.Ordinal);
        Assert.DoesNotContain("127.0.0.1", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kind: anthropic", """{"data":[{"type":"model","id":"listed-first"}],"has_more":false}""", "/v1/models?way=1")]
    [InlineData("kind: gemini", """{"models":[{"name":"models/listed-first","displayName":"x"}]}""", "/v1/models?way=1")]
    public async Task A_provider_is_probed_as_it_is_asked(string kind, string list, string address)
    {
        await using var local = await MockUpstream.StartAsync();
        var sent = new TaskCompletionSource<(string Address, string Team)>();
        local.List = http =>
        {
            sent.TrySetResult((http.Request.Path + http.Request.QueryString, http.Request.Headers["x-team"].ToString()));
            http.Response.StatusCode = kind.EndsWith("gemini", StringComparison.Ordinal) || http.Request.Headers["anthropic-version"].Count == 1 ? 200 : 400;
            return http.Response.WriteAsync(list);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers:
              local: { {{kind}}, baseUrl: "{{local.BaseUrl}}", detect: true, headers: { x-team: blue }, query: { way: "1" } }
            models:
              any: { provider: local, model: "*" }
            default: [any]
            """);
        using var client = gateway.Client();

        Assert.Contains("\"upstreamModel\":\"listed-first\"", await client.GetStringAsync("/v1/models", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Equal((address, "blue"), await sent.Task);
    }
}
