using System.Net;
using System.Text;
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
}
