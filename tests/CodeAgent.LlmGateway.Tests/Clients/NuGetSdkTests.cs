using System.ClientModel;
using Anthropic;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.AI;
using OpenAI;

namespace CodeAgent.LlmGateway.Tests.Clients;

/// <summary>The vendors' own clients for .NET, unmodified, in conversations with tools, plain and streamed.</summary>
public sealed class NuGetSdkTests(GarnetFixture redis)
{
    private const string Script = """
        Please do.
        ```simulator
        [{"say": "Let me look at \"both\"."}, {"call": "read", "with": {"path": "src/a long name with é.txt", "from": 1}}, {"call": "list"}]
        {"say": "All <b>done</b>.", "usage": {"prompt_tokens": 100, "completion_tokens": 7}}
        ```
        """;

    public static TheoryData<string, bool> Clients { get; } = new()
    {
        { "chat", false }, { "chat", true }, { "responses", false }, { "responses", true }, { "messages", false }, { "messages", true },
    };

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task A_vendors_client_runs_the_tools_of_a_script(string protocol, bool streamed)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        List<string> called = [];
        using var chat = Client(protocol, gateway.ClientOptions.BaseAddress).AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions
        {
            Tools =
            [
                AIFunctionFactory.Create((string path, int from) => { called.Add($"read {path} {from}"); return "text"; }, "read"),
                AIFunctionFactory.Create(() => { called.Add("list"); return "files"; }, "list"),
            ],
        };

        var answer = streamed
            ? await chat.GetStreamingResponseAsync(Script, options, TestContext.Current.CancellationToken).ToChatResponseAsync(TestContext.Current.CancellationToken)
            : await chat.GetResponseAsync(Script, options, TestContext.Current.CancellationToken);

        Assert.Equal(["read src/a long name with é.txt 1", "list"], called);
        Assert.StartsWith("Let me look at \"both\".", answer.Text, StringComparison.Ordinal);
        Assert.EndsWith("All <b>done</b>.", answer.Text, StringComparison.Ordinal);
        // OpenAI's client for responses has no reason to tell where an answer came to its own end.
        Assert.True(answer.FinishReason is null || answer.FinishReason == ChatFinishReason.Stop);
        Assert.True(answer.Usage!.InputTokenCount >= 100 && answer.Usage.OutputTokenCount >= 7);
    }

    private static IChatClient Client(string protocol, Uri gateway) => protocol switch
    {
        "chat" => OpenAi(gateway).GetChatClient("simulator").AsIChatClient(),
#pragma warning disable OPENAI001 // The package marks its client for responses as one that may change.
        "responses" => OpenAi(gateway).GetResponsesClient().AsIChatClient("simulator"),
#pragma warning restore OPENAI001
        _ => new AnthropicClient { ApiKey = GatewayHost.Key, BaseUrl = gateway.ToString() }.AsIChatClient("simulator", 1000),
    };

    private static OpenAIClient OpenAi(Uri gateway) =>
        new(new ApiKeyCredential(GatewayHost.Key), new OpenAIClientOptions { Endpoint = new Uri(gateway, "v1") });
}
