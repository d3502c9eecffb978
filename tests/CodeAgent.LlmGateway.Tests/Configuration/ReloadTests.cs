using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class ReloadTests(GarnetFixture redis)
{
    private static Task LoggedAsync(GatewayHost gateway, string text) => Eventually.TrueAsync(
        () => Task.FromResult(gateway.Logs.GetSnapshot().Any(line => line.Message.Contains(text, StringComparison.Ordinal))),
        TimeSpan.FromSeconds(10), $"'{text}' in the log");

    [Fact]
    public async Task A_bad_edit_is_refused_with_its_line_and_changes_nothing()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        await File.WriteAllTextAsync(gateway.ConfigPath, GatewayHost.YamlFor(upstream.BaseUrl, rest: "defualt: []"), TestContext.Current.CancellationToken);
        await LoggedAsync(gateway, "gateway.yaml(6): there is no 'defualt' here");

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync(ChatCalls.Plain)).Response.StatusCode);
    }

    [Fact]
    public async Task A_provider_can_be_added_while_running()
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();
        Assert.Equal(HttpStatusCode.NotFound, (await client.AskAsync("""{"model":"new/any-model"}""")).Response.StatusCode);

        await File.WriteAllTextAsync(gateway.ConfigPath, $$"""
            providers:
              new: { kind: openai, baseUrl: "{{upstream.BaseUrl}}" }
            models:
              listed: { provider: new }
            default: [listed]
            """, TestContext.Current.CancellationToken);
        await LoggedAsync(gateway, "is in force now");

        Assert.Equal(HttpStatusCode.OK, (await client.AskAsync("""{"model":"new/any-model"}""")).Response.StatusCode);
        Assert.Equal("""{"model":"any-model"}""", Encoding.UTF8.GetString(upstream.Requests.Single().Body));
        Assert.False(upstream.Requests.Single().Headers.ContainsKey("Authorization"));
        await LoggedAsync(gateway, "The model 'default' is listed (new/listed)");
    }

    [Fact]
    public async Task Each_call_of_a_load_is_answered_while_the_file_is_edited()
    {
        const int Edits = 12;
        await using var first = await StartAsync("first");
        await using var second = await StartAsync("second");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, YamlFor(first));
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var answers = new ConcurrentDictionary<string, int>();
        var load = Enumerable.Range(0, 8).Select(async _ =>
        {
            using var client = gateway.Client();
            while (!over.IsCancellationRequested)
            {
                var (response, body) = await client.AskAsync(Asked);
                answers.AddOrUpdate(response.IsSuccessStatusCode ? WhoIn(body) : $"{(int)response.StatusCode} {body}", 1, static (_, count) => count + 1);
            }
        }).ToList();

        using var looking = gateway.Client();
        for (var edit = 0; edit < Edits; edit++)
        {
            var (upstream, name) = edit % 2 == 0 ? (second, "second") : (first, "first");
            await File.WriteAllTextAsync(gateway.ConfigPath, YamlFor(upstream), TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(async () => WhoIn((await looking.AskAsync(Asked)).Body) == name, TimeSpan.FromSeconds(20), $"edit {edit} is in force");
            await File.WriteAllTextAsync(gateway.ConfigPath, "providers: [", TestContext.Current.CancellationToken);
            Assert.Equal(name, WhoIn((await looking.AskAsync(Asked)).Body));
        }

        await over.CancelAsync();
        await Task.WhenAll(load);
        Assert.Equal(["first", "second"], answers.Keys.Order());
        Assert.All(answers.Values, count => Assert.InRange(count, Edits, int.MaxValue));

        static string YamlFor(MockUpstream upstream) => $$"""
            providers:
              mock: { kind: openai, baseUrl: "{{upstream.BaseUrl}}" }
            models:
              mock-model: { provider: mock, model: upstream-model }
            default: [mock-model]
            """;
    }

    private const string Asked = """{ "model": "mock-model", "messages": [ { "role": "user", "content": "Who?" } ] }""";

    private static string WhoIn(string body)
    {
        using var answer = JsonDocument.Parse(body);
        return answer.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString()!;
    }

    private static async Task<MockUpstream> StartAsync(string name)
    {
        var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(
            $$$"""{"id":"1","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"{{{name}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}""");
        return upstream;
    }
}
