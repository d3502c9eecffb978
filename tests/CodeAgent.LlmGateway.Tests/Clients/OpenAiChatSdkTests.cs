using System.ClientModel;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;

namespace CodeAgent.LlmGateway.Tests.Clients;

public sealed class OpenAiChatSdkTests(GarnetFixture redis)
{
    private const string Script = """
        Please do.
        ```simulator
        [{"say": "Let me look at \"both\"."}, {"call": "read", "with": {"path": "src/a long name with é.txt", "from": 1}}, {"call": "list"}]
        {"say": "All <b>done</b>.", "usage": {"prompt_tokens": 100, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 64}}}
        ```
        """;

    private static OpenAIClient Client(GatewayHost gateway) =>
        new(new ApiKeyCredential(GatewayHost.Key), new OpenAIClientOptions { Endpoint = new Uri(gateway.ClientOptions.BaseAddress, "v1") });

    [Fact]
    public async Task The_official_client_understands_a_stream_with_calls_of_tools()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        var chat = Client(gateway).GetChatClient("default");
        var (text, finish, usage) = ("", (ChatFinishReason?)null, (ChatTokenUsage?)null);
        Dictionary<int, (string Id, string Name, string Arguments)> calls = [];

        await foreach (var update in chat.CompleteChatStreamingAsync([new UserChatMessage(Script)], cancellationToken: TestContext.Current.CancellationToken))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            (finish, usage) = (update.FinishReason ?? finish, update.Usage ?? usage);
            foreach (var call in update.ToolCallUpdates)
            {
                var sofar = calls.GetValueOrDefault(call.Index);
                calls[call.Index] = (sofar.Id ?? call.ToolCallId, sofar.Name ?? call.FunctionName, sofar.Arguments + call.FunctionArgumentsUpdate?.ToString());
            }
        }

        Assert.Equal("Let me look at \"both\".", text);
        Assert.Equal(ChatFinishReason.ToolCalls, finish);
        Assert.True(usage!.InputTokenCount > 0 && usage.OutputTokenCount > 0);
        Assert.Equal([("read", """{"path": "src/a long name with é.txt", "from": 1}"""), ("list", "{}")], calls.OrderBy(call => call.Key).Select(call => (call.Value.Name, call.Value.Arguments)));
        Assert.Distinct(calls.Values.Select(call => call.Id));
    }

    [Fact]
    public async Task The_extensions_client_runs_the_tools_of_a_script()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        List<string> called = [];
        using var chat = Client(gateway).GetChatClient("simulator").AsIChatClient().AsBuilder().UseFunctionInvocation().Build();
        var options = new ChatOptions
        {
            Tools =
            [
                AIFunctionFactory.Create((string path, int from) => { called.Add($"read {path} {from}"); return "text"; }, "read"),
                AIFunctionFactory.Create(() => { called.Add("list"); return "files"; }, "list"),
            ],
        };

        var answer = await chat.GetStreamingResponseAsync(Script, options, TestContext.Current.CancellationToken).ToChatResponseAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["read src/a long name with é.txt 1", "list"], called);
        Assert.EndsWith("All <b>done</b>.", answer.Text, StringComparison.Ordinal);
        Assert.Equal(64, answer.Usage!.CachedInputTokenCount);
    }
}
